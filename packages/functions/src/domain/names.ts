import { AwsError } from "@cumulet/protocol";
import { invalidParameter, notFound } from "./errors.ts";

/** `$LATEST`: the version that is not published. */
export const LATEST = "$LATEST";

/** A function as a request names it: a name, a partial ARN or a full one, with or without a qualifier. */
export interface FunctionReference {
  account: string | undefined;
  region: string | undefined;
  name: string;
  qualifier: string | undefined;
}

const REFERENCE = /^(?:arn:aws[a-zA-Z-]*:lambda:)?(?:([a-z]{2,4}(?:-[a-z]+)+-\d):)?(?:(\d{12}):)?(?:function:)?([^:]+)(?::([^:]+))?$/;

/** Splits what the model's pattern has let through. */
export function parseReference(text: string): FunctionReference {
  const match = REFERENCE.exec(text);
  if (match === null) return { account: undefined, region: undefined, name: text, qualifier: undefined };
  return { region: match[1], account: match[2], name: match[3]!, qualifier: match[4] };
}

/** Account, region and partition of the caller, for ARNs. */
export interface Place {
  account: string;
  region: string;
  partition: string;
}

export function functionArn(place: Place, name: string, qualifier?: string): string {
  return `arn:${place.partition}:lambda:${place.region}:${place.account}:function:${name}${qualifier === undefined ? "" : `:${qualifier}`}`;
}

export function layerArn(place: Place, name: string, version?: number): string {
  return `arn:${place.partition}:lambda:${place.region}:${place.account}:layer:${name}${version === undefined ? "" : `:${version}`}`;
}

/**
 * The function that a request means, its qualifier from the name or the parameter.
 * Throws AWS's errors for another region, another account and two qualifiers that differ.
 */
export function resolveReference(place: Place, functionName: string, qualifier?: string): { name: string; qualifier: string | undefined } {
  const reference = parseReference(functionName);
  checkPlace(place, reference);
  return { name: reference.name, qualifier: mergeQualifier(reference, qualifier) };
}

/** Functions of another region are not found, those of another account are none of the caller's business. */
export function checkPlace(place: Place, reference: FunctionReference): void {
  if (reference.region !== undefined && reference.region !== place.region) {
    throw notFound(`Functions from '${reference.region}' are not reachable in this region ('${place.region}')`);
  }
  // The real service answers without a message here.
  if (reference.account !== undefined && reference.account !== place.account) throw new AwsError("AccessDeniedException", "", { status: 403 });
}

export function mergeQualifier(reference: FunctionReference, qualifier: string | undefined): string | undefined {
  if (reference.qualifier !== undefined && qualifier !== undefined && reference.qualifier !== qualifier) {
    throw invalidParameter("The derived qualifier from the function name does not match the specified qualifier.");
  }
  return reference.qualifier ?? qualifier;
}

/** Whether a qualifier names a published version; else it is `$LATEST` or an alias. */
export function isVersion(qualifier: string): boolean {
  return /^\d+$/.test(qualifier);
}
