import { AwsError } from "@cumulet/protocol";
import type {
  ListTagsOfResourceInput, ListTagsOfResourceOutput, Tag, TagResourceInput, UntagResourceInput,
} from "@cumulet/protocol/models/dynamodb.d.ts";
import { validationError } from "../domain/errors.ts";
import type { Ctx } from "./targets.ts";

const maxTags = 50;
const maxKeyLength = 128;
const maxValueLength = 256;
const characters = /^[\p{L}\p{Z}\p{N}_.:/=+@-]*$/u;
const form = /^.+:.+:.+:.+:.+:.+\/.+$/;
const tableArn = /^arn:[a-z0-9-]+:dynamodb:([a-z0-9-]+):([0-9]{12}):table\/([a-zA-Z0-9_.-]{3,255})$/;

/** The context of a table's owner and the table's ARN, checked in the order in which AWS does. */
function taggable(ctx: Ctx, arn: string | undefined, operation: string, between: () => void = () => {}): Ctx {
  if (arn === undefined) throw validationError("Invalid TableArn");
  if (!form.test(arn)) {
    throw new AwsError("AccessDeniedException", `User: ${ctx.principal.arn} is not authorized to perform: dynamodb:${operation} on resource: ${arn === "" ? "*" : arn}`);
  }
  const match = tableArn.exec(arn);
  if (match === null) throw validationError(`Invalid TableArn: Invalid ResourceArn provided as input ${arn}`);
  between();
  const [, region, account, name] = match as unknown as [string, string, string, string];
  const owner = account === ctx.account && region === ctx.region ? ctx : ctx.at(account, region);
  if (owner.store.tables.get(name) === undefined) throw new AwsError("ResourceNotFoundException", `Requested resource not found: ResourceArn: ${arn} not found`);
  return owner;
}

export function tagResource(ctx: Ctx, input: TagResourceInput): Record<string, never> {
  const owner = taggable(ctx, input.ResourceArn, "TagResource", () => {
    if (input.Tags.length === 0) throw validationError("Atleast one Tag needs to be provided as Input.");
    checkTags(input.Tags);
  });
  setTags(owner, input.ResourceArn, input.Tags);
  return {};
}

/** Checks tags by themselves. */
export function checkTags(tags: readonly Tag[]): void {
  const seen = new Set<string>();
  for (const { Key: key, Value: value } of tags as readonly { Key?: string; Value?: string }[]) {
    checkKey(key);
    if (value === undefined || value.length > maxValueLength || !characters.test(value)) throw validationError(`The Tag Value provided is invalid, Value: ${value ?? null}`);
    if (seen.has(key)) throw validationError(`Duplicate Tag Keys provided as input: Duplicate Tag Key found ${key}`);
    seen.add(key);
  }
}

/** Sets tags that have been checked. */
export function setTags(ctx: Ctx, arn: string, tags: readonly Tag[]): void {
  const { attachments } = ctx.store;
  const keys = [...attachments.tags(arn), ...tags].map(({ Key }) => Key);
  if (new Set(keys).size > maxTags) throw validationError("Number of Tags exceed the current limit for the provided ResourceArn");
  for (const { Key, Value } of tags) attachments.tag(arn, Key!, Value!);
}

function checkKey(key: string | undefined): asserts key is string {
  if (key === undefined || key === "" || key.length > maxKeyLength || !characters.test(key)) throw validationError(`The Tag Key provided is invalid, Key: ${key ?? null}`);
  if (/^aws:/i.test(key)) throw validationError(`Tag Key cannot be prefixed with aws:, Key: ${key}`);
}

export function untagResource(ctx: Ctx, input: UntagResourceInput): Record<string, never> {
  const owner = taggable(ctx, input.ResourceArn, "UntagResource", () => {
    if (input.TagKeys.length === 0) throw validationError("Atleast one Tag Key needs to be provided as Input.");
    for (const key of input.TagKeys) checkKey(key);
  });
  for (const key of input.TagKeys) owner.store.attachments.untag(input.ResourceArn, key);
  return {};
}

export function listTagsOfResource(ctx: Ctx, input: ListTagsOfResourceInput): ListTagsOfResourceOutput {
  const owner = taggable(ctx, input.ResourceArn, "ListTagsOfResource");
  return { Tags: owner.store.attachments.tags(input.ResourceArn) };
}
