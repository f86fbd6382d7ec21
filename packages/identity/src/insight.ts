import type { Record as RequestRecord } from "@cumulet/core";
import { Policy, PolicySyntaxError } from "@cumulet/core";
import type { Runtime } from "@cumulet/core/platform";
import { PolicyAuthorizer } from "./authorizer.ts";
import { explain, type Explanation } from "./explain.ts";
import { Lessons } from "./learn.ts";
import { identityStore } from "./store.ts";
import { CONTROL_SETTING } from "./subjects.ts";

/** A service control policy by its name. */
export interface ControlPolicy {
  name: string;
  document: object;
}

/** What a person may ask access control about, beyond AWS's API: for administration and the command line. */
export class AccessInsight {
  readonly lessons: Lessons;
  readonly #runtime: Runtime;
  readonly #authorizer: PolicyAuthorizer;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#authorizer = runtime.authorizer instanceof PolicyAuthorizer ? runtime.authorizer : new PolicyAuthorizer();
    this.lessons = new Lessons(runtime, this.#authorizer);
  }

  /** Why a request was answered as it was. */
  explain(record: RequestRecord): Explanation {
    return explain(record, this.#authorizer, this.#runtime);
  }

  /** The account's service control policies, a list a level of the organization. */
  controlPolicies(account: string): ControlPolicy[][] {
    const stored = this.#store(account).state.setting<{ name: string; document: string }[][]>(CONTROL_SETTING) ?? [];
    return stored.map((level) => level.map(({ name, document }) => ({ name, document: JSON.parse(document) as object })));
  }

  /**
   * Replaces them; there is no API of AWS Organizations here. No levels: the account is bound by none.
   *
   * @throws PolicySyntaxError
   */
  async setControlPolicies(account: string, levels: readonly (readonly ControlPolicy[])[]): Promise<void> {
    for (const { name, document } of levels.flat()) {
      const { statements } = new Policy(document);
      if (typeof name !== "string" || statements.some(({ Principal, NotPrincipal }) => Principal !== undefined || NotPrincipal !== undefined)) throw new PolicySyntaxError("A service control policy has a name and no principals.");
    }
    const { db, state } = this.#store(account);
    db.transaction(() => state.setSetting(CONTROL_SETTING, levels.map((level) => level.map(({ name, document }) => ({ name, document: JSON.stringify(document) })))));
    await db.committed();
  }

  #store(account: string) {
    return this.#runtime.storage.open(identityStore, account, this.#runtime.config.defaultRegion);
  }
}
