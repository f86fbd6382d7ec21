import type { CompiledStatement, Policy, PolicyQuestion, Statement, Via } from "./policy.ts";
import { applies, stronger } from "./policy.ts";

/** Where a policy comes from, for whoever asks why. */
export interface PolicySource {
  /** As IAM's simulation names it: `IAM Policy`, `Resource Policy`, `Permissions Boundary`... */
  type: string;
  /** As IAM's simulation writes it: the name of a managed policy; `role_<name>_<policy>` and its like for an inline one. */
  id: string;
  /** Of a managed policy. */
  arn?: string;
}

/** A policy and where it comes from. */
export interface NamedPolicy {
  source: PolicySource;
  policy: Policy;
}

/** A statement that spoke. */
export interface StatementRef {
  source: PolicySource;
  /** Counts from 0. */
  statement: number;
  /** What it says. */
  says: Statement;
}

/** What several policies say together. */
export type ListDecision = ({ effect: "allow"; via: Via } & StatementRef) | ({ effect: "deny" } & StatementRef) | undefined;

interface Entry {
  ref: StatementRef;
  statement: CompiledStatement;
}

/** Actions are few, but a client may invent some. */
const CACHED_ACTIONS = 2000;

/**
 * Policies that are asked as one: those of a user and its groups. Statements are found by action once; what a request pays
 * for are the few that are about its action.
 */
export class PolicyList {
  readonly policies: readonly NamedPolicy[];
  readonly #entries: readonly Entry[];
  readonly #byAction = new Map<string, readonly Entry[]>();

  constructor(policies: readonly NamedPolicy[]) {
    this.policies = policies;
    this.#entries = policies.flatMap(({ source, policy }) => policy.compiled.map((statement, index) => ({ ref: { source, statement: index, says: policy.statements[index] as Statement }, statement })));
  }

  /** A denial, else the strongest allow, else nothing. */
  decide(question: PolicyQuestion): ListDecision {
    let allowed: Extract<ListDecision, { effect: "allow" }> | undefined;
    for (const { ref, statement } of this.#about(question.action)) {
      if (statement.effect === "Allow" && allowed?.via === "principal") continue;
      const via = applies(statement, question);
      if (via === undefined) continue;
      if (statement.effect === "Deny") return { effect: "deny", ...ref };
      if (allowed === undefined || stronger(via, allowed.via)) allowed = { effect: "allow", via, ...ref };
    }
    return allowed;
  }

  /** Every statement that applies, for who wants to see all of them. */
  matches(question: PolicyQuestion): (StatementRef & { effect: "Allow" | "Deny" })[] {
    return this.#about(question.action).filter(({ statement }) => applies(statement, question) !== undefined).map(({ ref, statement }) => ({ ...ref, effect: statement.effect }));
  }

  #about(action: string): readonly Entry[] {
    let found = this.#byAction.get(action);
    if (found === undefined) {
      const lower = action.toLowerCase();
      found = this.#entries.filter(({ statement }) => statement.action(lower));
      if (this.#byAction.size >= CACHED_ACTIONS) this.#byAction.clear();
      this.#byAction.set(action, found);
    }
    return found;
  }
}
