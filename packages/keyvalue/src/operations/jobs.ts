import { AwsError } from "@cumulet/protocol";
import { validationError } from "../domain/errors.ts";
import type { Job, Jobs } from "../store/jobs.ts";
import type { Ctx } from "./targets.ts";

/** What exports and imports have in common. */

/** Whether the ARN of a job is of another region. Throws for what is no ARN of the kind, or of another account. */
export function foreignJob(ctx: Ctx, arn: string, kind: "export" | "import"): boolean {
  const match = /^arn:[a-z0-9-]+:dynamodb:([a-z0-9-]+):([0-9]{12}):table\/[a-zA-Z0-9_.-]+\/(export|import)\/[0-9a-f-]+$/.exec(arn);
  if (match?.[3] !== kind) throw validationError(`Invalid ${kind === "export" ? "Export" : "Import"} ARN`);
  if (match[2] !== ctx.account) throw new AwsError("AccessDeniedException", "Access is denied");
  return match[1] !== ctx.region;
}

/** A page of jobs, the latest first; `next` when there are more. */
export function jobPage<Record>(store: Jobs<Record>, token: string | undefined, limit: number, wanted: (job: Job<Record>) => boolean): { jobs: Job<Record>[]; next?: string } {
  const jobs: Job<Record>[] = [];
  for (let before = token === undefined ? "~" : idOf(token), page; jobs.length <= limit; before = page.at(-1)!.id) {
    page = store.list(before, limit + 1);
    jobs.push(...page.filter(wanted));
    if (page.length <= limit) break;
  }
  const shown = jobs.slice(0, limit);
  return jobs.length > limit ? { jobs: shown, next: Buffer.from(shown.at(-1)!.id).toString("hex") } : { jobs: shown };
}

function idOf(token: string): string {
  const id = Buffer.from(token, "hex").toString();
  if (!/^\d{14}-[0-9a-f]{8}$/.test(id)) throw validationError(`Invalid Request: Provided nextToken is invalid: ${token}`);
  return id;
}

/** How a job failed at S3: the code and message that it is described with. */
export function s3Failure(ctx: Ctx, error: unknown): { FailureCode: string; FailureMessage: string } {
  const { code, message, status } = error instanceof AwsError ? error : { code: "InternalError", message: String(error), status: 500 };
  const codes: Record<string, string> = { NoSuchBucket: "S3NoSuchBucket", AccessDenied: "S3AccessDenied", NotFoundException: "KmsNotFoundException" };
  return {
    FailureCode: codes[code] ?? "UNKNOWN",
    FailureMessage: `${message} (Service: Amazon S3; Status Code: ${status}; Error Code: ${code}; Request ID: ${ctx.requestId}; S3 Extended Request ID: null; Proxy: null)`,
  };
}
