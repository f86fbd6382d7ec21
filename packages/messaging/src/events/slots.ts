/** Entries of the agenda. */

/** Rules with schedules that are due. */
export const schedules = "schedules";

/** Archived events that have become too old. */
export const retention = "retention";

/** What the entries of replays begin with. */
export const replaying = "replay ";
