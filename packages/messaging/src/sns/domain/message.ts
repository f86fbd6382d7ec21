import { AwsError } from "@cumulet/protocol";
import type { MessageAttributeValue } from "@cumulet/protocol/models/sns.d.ts";
import { invalidParameter } from "./errors.ts";

/** Binary values in base64. */
export interface StoredAttribute {
  DataType: string;
  StringValue?: string;
  BinaryValue?: string;
}

/** A message on its way to subscribers. JSON. */
export interface Message {
  id: string;
  body: string;
  subject?: string | undefined;
  /** Bodies by protocol, where the publisher gave some (`MessageStructure: json`). */
  byProtocol?: { [protocol: string]: string } | undefined;
  attributes?: { [name: string]: StoredAttribute } | undefined;
  groupId?: string | undefined;
  deduplicationId?: string | undefined;
  sequence?: string | undefined;
  publishedMs: number;
  traceHeader?: string | undefined;
}

/** What a publisher says of a message, single or in a batch. */
export interface Draft {
  Message: string;
  Subject?: string;
  MessageStructure?: string;
  MessageAttributes?: { [name: string]: MessageAttributeValue };
  MessageDeduplicationId?: string;
  MessageGroupId?: string;
}

/** Bytes of a message with its attributes, or of a batch. */
export const largestMessage = 262_144;

const attributeName = /^[A-Za-z0-9_.-]{1,256}$/;

/** @throws AwsError InvalidParameter, ParameterValueInvalid */
export function draftedMessage(draft: Draft): Pick<Message, "body" | "subject" | "byProtocol" | "attributes"> & { size: number } {
  if (draft.Message === "") throw invalidParameter("Empty message");
  if (draft.Subject !== undefined && !/^[\x20-\x7e\u00a0-\uffff]{1,100}$/.test(draft.Subject)) throw invalidParameter("Subject");
  const attributes = storedAttributes(draft.MessageAttributes);
  let size = Buffer.byteLength(draft.Message);
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(attributes ?? {})) {
    size += Buffer.byteLength(name) + Buffer.byteLength(DataType) + (StringValue === undefined ? Buffer.byteLength(BinaryValue!, "base64") : Buffer.byteLength(StringValue));
  }
  if (draft.MessageStructure === undefined) return { body: draft.Message, subject: draft.Subject, attributes, size };
  if (draft.MessageStructure !== "json") throw invalidParameter("MessageStructure");
  const byProtocol = bodies(draft.Message);
  return { body: byProtocol.default!, subject: draft.Subject, byProtocol, attributes, size };
}

function bodies(text: string): { [protocol: string]: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidParameter("Message Structure - JSON message body failed to parse");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalidParameter("Message Structure - JSON message body failed to parse");
  // Values that are no texts are left out, as SNS does ("any values that are not strings will cause the key to be ignored").
  const texts = Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
  if (texts.default === undefined) throw invalidParameter("Message Structure - No default entry in JSON message body");
  return texts;
}

function storedAttributes(given: { [name: string]: MessageAttributeValue } | undefined): { [name: string]: StoredAttribute } | undefined {
  const names = Object.keys(given ?? {});
  if (names.length === 0) return undefined;
  const invalid = (message: string): AwsError => new AwsError("ParameterValueInvalid", message);
  const stored: { [name: string]: StoredAttribute } = {};
  for (const name of names) {
    const { DataType: type, StringValue: text, BinaryValue: bytes } = given![name]!;
    if (!attributeName.test(name) || /^(?:aws\.|amazon\.|\.)|\.$|\.\./i.test(name)) throw invalid(`Invalid attribute name: ${name}`);
    if (type === "") throw invalid(`The message attribute '${name}' must contain non-empty message attribute type.`);
    const logical = /^(String|Number|Binary)(?:\..+)?$/.exec(type)?.[1];
    if (logical === undefined) throw invalid(`The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`);
    if (logical === "Binary") {
      if (bytes === undefined && text !== undefined) throw invalid(`The message attribute '${name}' with type 'Binary' must use field 'Binary'.`);
      if (bytes === undefined || bytes.length === 0) throw invalid(`The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${type}'.`);
      stored[name] = { DataType: type, BinaryValue: Buffer.from(bytes).toString("base64") };
      continue;
    }
    if (text === undefined && bytes !== undefined) throw invalid(`The message attribute '${name}' with type '${type}' must use field 'String'.`);
    if (text === undefined || text === "") throw invalid(`The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${type}'.`);
    if (type === "Number" && !Number.isFinite(Number(text))) throw invalid(`An error occurred (ParameterValueInvalid) when calling the Publish operation: Could not cast message attribute '${name}' value to number.`);
    if (type === "String.Array" && !isList(text)) throw invalid(`Invalid value for message attribute '${name}': it must be a JSON array of strings, numbers, booleans and nulls.`);
    stored[name] = { DataType: type, StringValue: text };
  }
  return stored;
}

function isList(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((item) => typeof item !== "object" || item === null);
  } catch {
    return false;
  }
}

/** What a subscriber of a protocol is told. */
export function bodyFor(message: Message, protocol: string): string {
  return message.byProtocol?.[protocol] ?? message.body;
}

/** The envelope's attributes. */
export function envelopeAttributes(message: Message): { [name: string]: { Type: string; Value: string } } | undefined {
  if (message.attributes === undefined) return undefined;
  return Object.fromEntries(Object.entries(message.attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [name, { Type: DataType, Value: StringValue ?? BinaryValue! }]));
}

/** JSON as SNS writes it: members on lines of their own, blanks around colons, what lies deeper on one line. */
export function envelopeJson(envelope: { [member: string]: unknown }): string {
  const lines = Object.entries(envelope)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `  ${JSON.stringify(name)} : ${name === "MessageAttributes" ? attributesJson(value as object) : JSON.stringify(value)}`);
  return `{\n${lines.join(",\n")}\n}`;
}

function attributesJson(attributes: object): string {
  return `{\n${Object.entries(attributes).map(([name, value]) => `    ${JSON.stringify(name)} : ${JSON.stringify(value)}`).join(",\n")}\n  }`;
}
