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
  #after: (() => void)[] = [];
  readonly #end = (): void => {
    this.end();
  };

  /** Has `endTurn` called once at the end of this turn. One that is `first` comes before all others. */
  enlist(member: TurnMember, first = false): void {
    this.#schedule();
    if (first) this.#members.unshift(member);
    else this.#members.push(member);
  }

  /** Runs `work` when everything of this turn is committed; what it writes is committed with the next. */
  afterwards(work: () => void): void {
    this.#schedule();
    this.#after.push(work);
  }

  #schedule(): void {
    if (this.#members.length === 0 && this.#after.length === 0) setImmediate(this.#end);
  }

  /** Ends the turn now. */
  end(): void {
    const members = this.#members;
    const after = this.#after;
    this.#members = [];
    this.#after = [];
    for (const member of members) member.endTurn();
    for (const work of after) work();
  }

  /** Ends turns until nothing is left to commit. */
  endAll(): void {
    while (this.#members.length > 0 || this.#after.length > 0) this.end();
  }
}
