import { compileSelection } from "./selection.ts";
import type { Selection, SelectionSource } from "./selection.ts";

/** What becomes of a parameter's text: itself, a number, JSON, a list, milliseconds. */
type Kind = "text" | "number" | "json" | "list" | "time";

interface Subtype {
  /** Service and operation that the subtype calls. */
  service: string;
  action: string;
  required: { readonly [parameter: string]: Kind };
  optional: { readonly [parameter: string]: Kind };
  /** Input of the operation from the parameters. */
  input(values: { [parameter: string]: unknown }): unknown;
}

const itself = (values: { [parameter: string]: unknown }): unknown => values;
const queue = { QueueUrl: "text" } as const;
const start = { service: "states", required: { StateMachineArn: "text" }, optional: { Name: "text", Input: "text", TraceHeader: "text" }, input: (values: { [parameter: string]: unknown }) => ({ stateMachineArn: values["StateMachineArn"], name: values["Name"], input: values["Input"], traceHeader: values["TraceHeader"] }) } as const;

/** The first-class integrations of HTTP APIs: AWS's list, with its parameters. */
const SUBTYPES: { readonly [name: string]: Subtype } = {
  "EventBridge-PutEvents": { service: "events", action: "PutEvents", required: { Detail: "text", DetailType: "text", Source: "text" }, optional: { Time: "time", EventBusName: "text", Resources: "list", TraceHeader: "text" }, input: (values) => ({ Entries: [values] }) },
  "SQS-SendMessage": { service: "sqs", action: "SendMessage", required: { ...queue, MessageBody: "text" }, optional: { DelaySeconds: "number", MessageAttributes: "json", MessageDeduplicationId: "text", MessageGroupId: "text", MessageSystemAttributes: "json" }, input: itself },
  "SQS-ReceiveMessage": { service: "sqs", action: "ReceiveMessage", required: queue, optional: { AttributeNames: "list", MaxNumberOfMessages: "number", MessageAttributeNames: "list", ReceiveRequestAttemptId: "text", VisibilityTimeout: "number", WaitTimeSeconds: "number" }, input: itself },
  "SQS-DeleteMessage": { service: "sqs", action: "DeleteMessage", required: { ...queue, ReceiptHandle: "text" }, optional: {}, input: itself },
  "SQS-PurgeQueue": { service: "sqs", action: "PurgeQueue", required: queue, optional: {}, input: itself },
  "AppConfig-GetConfiguration": { service: "appconfig", action: "GetConfiguration", required: { Application: "text", Environment: "text", Configuration: "text", ClientId: "text" }, optional: { ClientConfigurationVersion: "text" }, input: itself },
  "Kinesis-PutRecord": { service: "kinesis", action: "PutRecord", required: { StreamName: "text", Data: "text", PartitionKey: "text" }, optional: { SequenceNumberForOrdering: "text", ExplicitHashKey: "text" }, input: (values) => ({ ...values, Data: Buffer.from(String(values["Data"])) }) },
  "StepFunctions-StartExecution": { ...start, action: "StartExecution" },
  "StepFunctions-StartSyncExecution": { ...start, action: "StartSyncExecution" },
  "StepFunctions-StopExecution": { service: "states", action: "StopExecution", required: { ExecutionArn: "text" }, optional: { Cause: "text", Error: "text" }, input: (values) => ({ executionArn: values["ExecutionArn"], cause: values["Cause"], error: values["Error"] }) },
};

/** What is wrong with a service integration as it is configured; undefined when nothing is. */
export function serviceIntegrationProblem(subtype: string, parameters: { [name: string]: string } | undefined): string | undefined {
  const known = Object.hasOwn(SUBTYPES, subtype) ? SUBTYPES[subtype] : undefined;
  if (known === undefined) return `Invalid IntegrationSubtype: ${subtype}. Supported values: [${Object.keys(SUBTYPES).join(", ")}]`;
  const given = Object.keys(parameters ?? {});
  const missing = Object.keys(known.required).filter((name) => !given.includes(name));
  if (missing.length > 0) return `The following RequestParameters are required by ${subtype}: [${missing.join(", ")}]`;
  const foreign = given.filter((name) => name !== "Region" && !Object.hasOwn(known.required, name) && !Object.hasOwn(known.optional, name));
  return foreign.length === 0 ? undefined : `The following RequestParameters are not supported by ${subtype}: [${foreign.join(", ")}]`;
}

/** A call that a service integration makes for a request. */
export interface ServiceCall {
  service: string;
  action: string;
  region: string | undefined;
  input: unknown;
}

/** A parameter that a request gives no usable value for. */
export class ParameterError extends Error {}

/** Compiles a service integration; the parameters' values are selection expressions. */
export function compileServiceIntegration(subtype: string, parameters: { [name: string]: string } | undefined): ((source: SelectionSource) => ServiceCall) | undefined {
  const known = Object.hasOwn(SUBTYPES, subtype) ? SUBTYPES[subtype] : undefined;
  if (known === undefined) return undefined;
  const readers: { name: string; kind: Kind; required: boolean; read: Selection }[] = [];
  let region: Selection | undefined;
  for (const [name, expression] of Object.entries(parameters ?? {})) {
    const kind = known.required[name] ?? known.optional[name];
    if (name === "Region") region = compileSelection(expression);
    else if (kind !== undefined) readers.push({ name, kind, required: Object.hasOwn(known.required, name), read: compileSelection(expression) });
  }
  return (source) => {
    const values: { [parameter: string]: unknown } = {};
    for (const { name, kind, required, read } of readers) {
      const text = read(source);
      if (text !== undefined) values[name] = valueOf(name, kind, text);
      else if (required) throw new ParameterError(`Parameter '${name}' has no value`);
    }
    return { service: known.service, action: known.action, region: region?.(source), input: known.input(values) };
  };
}

function valueOf(name: string, kind: Kind, text: string): unknown {
  switch (kind) {
    case "text":
      return text;
    case "number": {
      const value = Number(text);
      if (text.trim() === "" || !Number.isFinite(value)) throw new ParameterError(`Parameter '${name}' is no number`);
      return value;
    }
    case "time": {
      const value = Number(text);
      const ms = Number.isFinite(value) ? value * 1000 : Date.parse(text);
      if (Number.isNaN(ms)) throw new ParameterError(`Parameter '${name}' is no time`);
      return ms;
    }
    case "json":
    case "list":
      try {
        const value = JSON.parse(text) as unknown;
        return kind === "list" && !Array.isArray(value) ? [text] : value;
      } catch {
        if (kind === "list") return text.split(",").map((item) => item.trim());
        throw new ParameterError(`Parameter '${name}' is no JSON`);
      }
  }
}
