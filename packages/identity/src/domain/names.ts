/** The ARN of one of IAM's things; `type` is the word in it (`role`, `mfa`). */
export function iamArn(partition: string, account: string, type: string, path: string, name: string): string {
  return `arn:${partition}:iam::${account}:${type}${path}${name}`;
}

/** An ARN of IAM or STS in its parts. */
export interface IdentityArn {
  partition: string;
  service: "iam" | "sts";
  /** Twelve digits, or `aws` for what AWS owns. */
  account: string;
  /** `role`, `user`, `policy`, `assumed-role`, `root`... */
  type: string;
  /** With both slashes; `/` when there is none. */
  path: string;
  name: string;
}

/** The parts of an ARN of IAM or STS; undefined for anything else. */
export function parseArn(arn: string): IdentityArn | undefined {
  const match = /^arn:(aws[a-z-]*):(iam|sts)::(\d{12}|aws):([a-z-]+)(\/.*)?$/.exec(arn);
  if (match === null) return undefined;
  const rest = match[5] ?? "/";
  const slash = rest.lastIndexOf("/");
  return { partition: match[1]!, service: match[2] as "iam" | "sts", account: match[3]!, type: match[4]!, path: rest.slice(0, slash + 1), name: rest.slice(slash + 1) };
}
