/** A database with something to finish before the event loop turns. */
export interface TurnMember {
  endTurn(): void;
}

/**
 * The end of the event loop's turn, shared by all databases of a platform: one `setImmediate`, which runs after the
 * callbacks of all requests that arrived together.
 */
export class Turn {
  #members: TurnMember[] = [];
  readonly #end = (): void => {
    this.end();
  };

  /** Has `endTurn` called once at the end of this turn. One that is `first` comes before all others. */
  enlist(member: TurnMember, first = false): void {
    if (this.#members.length === 0) setImmediate(this.#end);
    if (first) this.#members.unshift(member);
    else this.#members.push(member);
  }

  /** Ends the turn now. */
  end(): void {
    const members = this.#members;
    this.#members = [];
    for (const member of members) member.endTurn();
  }
}
