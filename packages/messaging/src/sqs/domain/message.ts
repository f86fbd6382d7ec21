import { createHash } from "node:crypto";
import { AwsError } from "@cumulet/protocol";
import type { MessageAttributeValue, MessageSystemAttributeValue } from "@cumulet/protocol/models/sqs.d.ts";
import { invalidParameter, invalidValue, missingParameter } from "./errors.ts";

/** A message attribute as it is stored: binary values in base64. */
export interface StoredAttribute {
  DataType: string;
  StringValue?: string;
  BinaryValue?: string;
}

/** Attributes of a message by name. */
export type StoredAttributes = { [name: string]: StoredAttribute };

type Given = { [name: string]: MessageAttributeValue | MessageSystemAttributeValue };

/** What XML cannot hold, SQS refuses. */
const invalidText = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

const attributeName = /^[A-Za-z0-9_.-]{1,256}$/;
const dataType = /^(String|Number|Binary)(?:\.[\s\S]+)?$/;

/** Letters, digits and punctuation, 1 to 128: deduplication and group ids. */
const token = /^[A-Za-z0-9!-/:-@[-`{-~]{1,128}$/;

/** The MD5 of a text, in hex. */
export function md5(text: string): string {
  return createHash("md5").update(text, "utf8").digest("hex");
}

/** @throws AwsError for a body that is missing or holds characters which SQS does not take. */
export function checkBody(body: string): void {
  if (body === "") throw missingParameter("MessageBody");
  checkText(body);
}

function checkText(text: string): void {
  if (!invalidText.test(text)) return;
  throw new AwsError("InvalidMessageContents", "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF");
}

/** @throws AwsError for a group id that is not one. */
export function checkGroupId(id: string): void {
  if (!token.test(id)) throw invalidValue(id, "MessageGroupId", "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.");
}

/** @throws AwsError for a deduplication id that is not one. */
export function checkDeduplicationId(id: string): void {
  if (!token.test(id)) throw invalidValue(id, "MessageDeduplicationId", "MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length.");
}

/**
 * Checks the user's attributes and makes them fit to be stored.
 * @throws AwsError InvalidParameterValue
 */
export function storedAttributes(given: Given | undefined): StoredAttributes | undefined {
  const names = Object.keys(given ?? {});
  if (names.length === 0) return undefined;
  if (names.length > 10) throw invalidParameter(`Number of message attributes [${names.length}] exceeds the allowed maximum [10].`);
  const stored: StoredAttributes = {};
  for (const name of names) {
    if (!attributeName.test(name) || /^(?:aws\.|amazon\.|\.)|\.$|\.\./i.test(name)) {
      throw invalidParameter(name === "" || name.length > 256
        ? "Message (user) attribute name must be shorter than 256 Bytes"
        : `Message (user) attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters, must not start or end with a period, have successive periods, or start with AWS. or Amazon.: ${name}`);
    }
    stored[name] = storedAttribute(name, given![name]!, "user");
  }
  return stored;
}

/** The one system attribute that a sender may set. @throws AwsError InvalidParameterValue */
export function traceHeader(given: Given | undefined): StoredAttribute | undefined {
  for (const name of Object.keys(given ?? {})) {
    if (name !== "AWSTraceHeader") throw invalidParameter(`Message system attribute name '${name}' is invalid.`);
    const stored = storedAttribute(name, given![name]!, "system");
    if (stored.StringValue === undefined) throw invalidParameter("The message system attribute 'AWSTraceHeader' must be of type 'String'.");
    return stored;
  }
  return undefined;
}

function storedAttribute(name: string, value: MessageAttributeValue, kind: "user" | "system"): StoredAttribute {
  const label = `Message (${kind}) attribute '${name}'`;
  if (value.StringListValues !== undefined && value.StringListValues.length > 0) throw new AwsError("UnsupportedOperation", "Message attribute list values in SendMessage operation are not supported.");
  if (value.BinaryListValues !== undefined && value.BinaryListValues.length > 0) throw new AwsError("UnsupportedOperation", "Message attribute list values in SendMessage operation are not supported.");
  const type = value.DataType;
  if (type === "") throw invalidParameter(`The ${kind === "user" ? "message attribute" : "message system attribute"} '${name}' must contain non-empty message attribute type.`);
  const logical = dataType.exec(type)?.[1];
  if (logical === undefined || type.length > 256) {
    throw invalidParameter(`The type of message (${kind}) attribute '${name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String.`);
  }
  if (logical === "Binary") {
    if (value.StringValue !== undefined && value.BinaryValue === undefined) throw invalidParameter(`The message attribute '${name}' with type 'Binary' must use field 'Binary'.`);
    if (value.BinaryValue === undefined || value.BinaryValue.length === 0) throw invalidParameter(`${label} must contain a non-empty value of type 'Binary'.`);
    return { DataType: type, BinaryValue: Buffer.from(value.BinaryValue).toString("base64") };
  }
  if (value.StringValue === undefined || value.StringValue === "") {
    throw invalidParameter(value.BinaryValue !== undefined ? `The message attribute '${name}' with type '${logical}' must use field 'String'.` : `${label} must contain a non-empty value of type 'String'.`);
  }
  if (logical === "Number" && !/^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/.test(value.StringValue)) {
    throw invalidParameter(`Can't cast the value of message (${kind}) attribute '${name}' to a number.`);
  }
  checkText(value.StringValue);
  return { DataType: type, StringValue: value.StringValue };
}

/** The MD5 that clients verify: names in order; name, type and value with their lengths, and the kind of transport in between. */
export function attributesMd5(attributes: StoredAttributes): string {
  const hash = createHash("md5");
  const lengthOf = Buffer.alloc(4);
  const add = (bytes: Buffer): void => {
    lengthOf.writeUInt32BE(bytes.length);
    hash.update(lengthOf).update(bytes);
  };
  for (const name of Object.keys(attributes).sort()) {
    const { DataType, StringValue, BinaryValue } = attributes[name]!;
    add(Buffer.from(name));
    add(Buffer.from(DataType));
    if (StringValue !== undefined) {
      hash.update(Buffer.of(1));
      add(Buffer.from(StringValue));
    } else {
      hash.update(Buffer.of(2));
      add(Buffer.from(BinaryValue!, "base64"));
    }
  }
  return hash.digest("hex");
}

/** Bytes that count against the queue's maximum: body, and attributes with their names and types. */
export function messageSize(body: string, attributes: StoredAttributes | undefined): number {
  let size = Buffer.byteLength(body);
  for (const name in attributes) {
    const { DataType, StringValue, BinaryValue } = attributes[name]!;
    size += Buffer.byteLength(name) + Buffer.byteLength(DataType) + (StringValue === undefined ? Buffer.byteLength(BinaryValue!, "base64") : Buffer.byteLength(StringValue));
  }
  return size;
}

/** A FIFO queue's number for a message: 20 digits that grow in steps, as AWS's do. */
export function sequenceNumber(seq: number): string {
  return (18_849_496_460_467_696_128n + BigInt(seq) * 256n).toString();
}

/** The deduplication id of a message whose queue looks at the content. */
export function contentId(body: string): string {
  return createHash("sha256").update(body, "utf8").digest("hex");
}

/** Chooses the attributes that a receiver asked for: names, prefixes `x.*` and `x*`, `All` or `.*`. */
export function chosenAttributes(attributes: StoredAttributes, names: readonly string[]): StoredAttributes | undefined {
  if (names.includes("All") || names.includes(".*") || names.includes("*")) return attributes;
  const chosen: StoredAttributes = {};
  let any = false;
  for (const name of Object.keys(attributes)) {
    if (!names.some((wanted) => wanted === name || (wanted.endsWith(".*") && name.startsWith(wanted.slice(0, -2))) || (wanted.endsWith("*") && name.startsWith(wanted.slice(0, -1))))) continue;
    chosen[name] = attributes[name]!;
    any = true;
  }
  return any ? chosen : undefined;
}
