/** The parts of an ARN; `resource` is all that follows the account. */
export interface Arn {
  partition: string;
  service: string;
  region: string;
  account: string;
  resource: string;
}

/** Takes an ARN apart; undefined when the text is none. */
export function parseArn(text: string): Arn | undefined {
  const match = /^arn:([^:]*):([^:]*):([^:]*):([^:]*):(.+)$/s.exec(text);
  return match === null ? undefined : { partition: match[1]!, service: match[2]!, region: match[3]!, account: match[4]!, resource: match[5]! };
}

/** Replaces `${stageVariables.name}` in URIs, ARNs and identity sources; an unknown variable leaves nothing behind. */
export function withStageVariables(text: string, variables: { readonly [name: string]: string } | undefined): string {
  if (!text.includes("${stageVariables.")) return text;
  return text.replace(/\$\{stageVariables\.([A-Za-z0-9_]+)\}/g, (_, name: string) => (variables !== undefined && Object.hasOwn(variables, name) ? variables[name]! : ""));
}
