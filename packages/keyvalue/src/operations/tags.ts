import { AwsError } from "@cumulet/protocol";
import type {
  ListTagsOfResourceInput, ListTagsOfResourceOutput, Tag, TagResourceInput, UntagResourceInput,
} from "@cumulet/protocol/models/dynamodb.d.ts";
import { validationError } from "../domain/errors.ts";
import type { Ctx } from "./targets.ts";

const maxTags = 50;
const form = /^.+:.+:.+:.+:.+:.+\/.+$/;
const tableArn = /^arn:[a-z0-9-]+:dynamodb:([a-z0-9-]+):([0-9]{12}):table\/([a-zA-Z0-9_.-]{3,255})$/;

/** The context of a table's owner and the table's ARN, checked in the order in which AWS does. */
function taggable(ctx: Ctx, arn: string | undefined, operation: string, notFound: (arn: string) => string, between: () => void = () => {}): Ctx {
  if (arn === undefined) throw validationError("Invalid TableArn");
  if (!form.test(arn)) {
    throw new AwsError("AccessDeniedException", `User: ${ctx.principal.arn} is not authorized to perform: dynamodb:${operation} on resource: ${arn === "" ? "*" : arn}`);
  }
  const match = tableArn.exec(arn);
  if (match === null) throw validationError(`Invalid TableArn: Invalid ResourceArn provided as input ${arn}`);
  between();
  const [, region, account, name] = match as unknown as [string, string, string, string];
  const owner = account === ctx.account && region === ctx.region ? ctx : ctx.at(account, region);
  if (owner.store.tables.get(name) === undefined) throw new AwsError("ResourceNotFoundException", notFound(arn));
  return owner;
}

const namedNotFound = (arn: string): string => `Requested resource not found: ResourcArn: ${arn} not found`;

export function tagResource(ctx: Ctx, input: TagResourceInput): Record<string, never> {
  const owner = taggable(ctx, input.ResourceArn, "TagResource", namedNotFound, () => {
    if (input.Tags.length === 0) throw validationError("Atleast one Tag needs to be provided as Input.");
  });
  setTags(owner, input.ResourceArn, input.Tags);
  return {};
}

/** Checks tags and sets them. */
export function setTags(ctx: Ctx, arn: string, tags: readonly Tag[]): void {
  const { attachments } = ctx.store;
  const seen = new Set<string>();
  for (const { Key: key } of tags) {
    if (seen.has(key)) throw validationError(`One or more parameter values were invalid: Duplicate tag key: ${key}`);
    seen.add(key);
    if (/^aws:/i.test(key)) throw validationError("One or more parameter values were invalid: Tag keys starting with the prefix aws: are reserved");
  }
  const existing = new Set(attachments.tags(arn).map(({ Key }) => Key));
  if (new Set([...existing, ...seen]).size > maxTags) {
    throw validationError("One or more parameter values were invalid: Too many tags: The number of tags exceeds the limit of 50");
  }
  for (const { Key, Value } of tags) attachments.tag(arn, Key, Value);
}

export function untagResource(ctx: Ctx, input: UntagResourceInput): Record<string, never> {
  const owner = taggable(ctx, input.ResourceArn, "UntagResource", () => "Requested resource not found", () => {
    if (input.TagKeys.length === 0) throw validationError("Atleast one Tag Key needs to be provided as Input.");
  });
  for (const key of input.TagKeys) owner.store.attachments.untag(input.ResourceArn, key);
  return {};
}

export function listTagsOfResource(ctx: Ctx, input: ListTagsOfResourceInput): ListTagsOfResourceOutput {
  const owner = taggable(ctx, input.ResourceArn, "ListTagsOfResource", namedNotFound);
  return { Tags: owner.store.attachments.tags(input.ResourceArn) };
}
