import type { Entity, Tag } from "../../store/entities.ts";
import { invalidInput, limitExceeded, pageOf, type Ctx, type Page } from "./common.ts";

const LIMIT = 50;

/** Tags as a request gives them, checked in IAM's words. */
export function checkedTags(tags: readonly Tag[] | undefined, existing: readonly Tag[] = []): Tag[] {
  const result = new Map(existing.map((tag) => [tag.Key.toLowerCase(), tag]));
  const seen = new Set<string>();
  for (const { Key, Value } of tags ?? []) {
    const key = Key.toLowerCase();
    if (seen.has(key)) throw invalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    seen.add(key);
    // Seen on AWS: the prefix is refused as an invalid input, not as a validation error.
    if (key.startsWith("aws:")) throw invalidInput("aws: prefixed tag key names are not allowed for external use.");
    // A key keeps the case it was first given in.
    result.set(key, { Key: result.get(key)?.Key ?? Key, Value });
  }
  if (result.size > LIMIT) throw limitExceeded("The number of tags has reached the maximum limit.");
  return [...result.values()];
}

/** `TagRole` and its like. */
export function tag(ctx: Ctx, entity: Entity, tags: readonly Tag[]): void {
  ctx.store.entities.update({ ...entity, tags: checkedTags(tags, entity.tags) });
}

/** `UntagRole` and its like; keys that are not there are no error. */
export function untag(ctx: Ctx, entity: Entity, keys: readonly string[]): void {
  const gone = new Set(keys.map((key) => key.toLowerCase()));
  ctx.store.entities.update({ ...entity, tags: entity.tags.filter(({ Key }) => !gone.has(Key.toLowerCase())) });
}

/** `ListRoleTags` and its like. */
export function listTags(entity: Entity, input: { MaxItems?: number | undefined; Marker?: string | undefined }): { Tags: Tag[] } & Omit<Page<Tag>, "items"> {
  const { items, ...rest } = pageOf(input, entity.tags, ({ Key }) => Key);
  return { Tags: items, ...rest };
}

/** Tags in an answer: left out when there are none. */
export function shownTags(tags: readonly Tag[]): { Tags?: Tag[] } {
  return tags.length === 0 ? {} : { Tags: [...tags] };
}

