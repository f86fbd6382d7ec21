import { invalidParameter } from "./errors.ts";

/** A statement of a resource policy, as GetPolicy shows it. */
export interface StatementDocument {
  Sid: string;
  Effect: "Allow";
  Principal: "*" | { AWS: string } | { Service: string };
  Action: string;
  Resource: string;
  Condition?: Record<string, Record<string, string>>;
}

/** What AddPermission may say. */
export interface PermissionInput {
  StatementId: string;
  Action: string;
  Principal: string;
  SourceArn?: string;
  SourceAccount?: string;
  EventSourceToken?: string;
  PrincipalOrgID?: string;
  FunctionUrlAuthType?: string;
  InvokedViaFunctionUrl?: boolean;
}

/** The statement that a permission becomes. */
export function permissionStatement(input: PermissionInput, partition: string, resource: string): StatementDocument {
  const equals: Record<string, string> = {
    ...(input.SourceAccount === undefined ? {} : { "AWS:SourceAccount": input.SourceAccount }),
    ...(input.EventSourceToken === undefined ? {} : { "lambda:EventSourceToken": input.EventSourceToken }),
    ...(input.PrincipalOrgID === undefined ? {} : { "aws:PrincipalOrgID": input.PrincipalOrgID }),
    ...(input.FunctionUrlAuthType === undefined ? {} : { "lambda:FunctionUrlAuthType": input.FunctionUrlAuthType }),
  };
  const condition: Record<string, Record<string, string>> = {
    ...(Object.keys(equals).length === 0 ? {} : { StringEquals: equals }),
    ...(input.InvokedViaFunctionUrl === undefined ? {} : { Bool: { "lambda:InvokedViaFunctionUrl": String(input.InvokedViaFunctionUrl) } }),
    ...(input.SourceArn === undefined ? {} : { ArnLike: { "AWS:SourceArn": input.SourceArn } }),
  };
  return {
    Sid: input.StatementId,
    Effect: "Allow",
    Principal: principal(input.Principal, partition),
    Action: input.Action,
    Resource: resource,
    ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
  };
}

/** The policy document, as the text that GetPolicy answers. */
export function policyDocument(statements: readonly StatementDocument[]): string {
  return JSON.stringify({ Version: "2012-10-17", Id: "default", Statement: statements });
}

/** `*`, an account, an ARN or a service. */
function principal(text: string, partition: string): StatementDocument["Principal"] {
  if (text === "*") return "*";
  if (/^\d{12}$/.test(text)) return { AWS: `arn:${partition}:iam::${text}:root` };
  if (/^arn:[^:]+:(iam|sts)::\d{12}:/.test(text)) return { AWS: text };
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?$/.test(text)) return { Service: text };
  throw invalidParameter("The provided principal was invalid. Please check the principal and try again.");
}
