import type { AdvancedEventSelector, AdvancedFieldSelector, EventSelector } from "@cumulet/protocol/models/cloudtrail.d.ts";

/** What selectors ask of an event. */
export interface Selectable {
  name: string;
  source: string;
  category: "Management" | "Data";
  readOnly: boolean;
  userArn: string;
  resources: readonly { type: string; arn: string | undefined }[];
}

/** A trail's or event data store's choice of events. */
export interface Selection {
  eventSelectors?: readonly EventSelector[] | undefined;
  advancedEventSelectors?: readonly AdvancedEventSelector[] | undefined;
}

/** What a trail has until somebody chooses. */
export const DEFAULT_SELECTORS: readonly EventSelector[] = [{ ReadWriteType: "All", IncludeManagementEvents: true, DataResources: [], ExcludeManagementEventSources: [] }];

/** Whether an event is chosen. */
export function selects(selection: Selection, event: Selectable): boolean {
  const { eventSelectors, advancedEventSelectors: advanced } = selection;
  if (advanced !== undefined && advanced.length > 0) return advanced.some((selector) => selector.FieldSelectors.every((field) => fieldMatches(field, event)));
  return (eventSelectors ?? DEFAULT_SELECTORS).some((selector) => basicMatches(selector, event));
}

/** Resource types of which data events are chosen: spares making events of the others. */
export function selectedDataTypes({ eventSelectors, advancedEventSelectors: advanced }: Selection): string[] {
  if (advanced !== undefined && advanced.length > 0) {
    return advanced
      .filter(({ FieldSelectors }) => FieldSelectors.some(({ Field, Equals }) => Field === "eventCategory" && Equals?.includes("Data") === true))
      .flatMap(({ FieldSelectors }) => FieldSelectors.find(({ Field }) => Field === "resources.type")?.Equals ?? []);
  }
  return (eventSelectors ?? []).flatMap(({ DataResources = [] }) => DataResources.flatMap(({ Type }) => Type ?? []));
}

function basicMatches(selector: EventSelector, event: Selectable): boolean {
  const { ReadWriteType: kind = "All", IncludeManagementEvents: management = true, ExcludeManagementEventSources: excluded = [] } = selector;
  if ((kind === "ReadOnly" && !event.readOnly) || (kind === "WriteOnly" && event.readOnly)) return false;
  if (event.category === "Management") return management && !excluded.includes(event.source);
  return (selector.DataResources ?? []).some(({ Type, Values = [] }) =>
    event.resources.some(({ type, arn }) => type === Type && arn !== undefined && Values.some((value) => coversArn(value, arn))));
}

/** `arn:aws:s3:::bucket/prefix` covers what starts with it; `arn:aws:s3` and `arn:aws:lambda` cover all. */
function coversArn(value: string, arn: string): boolean {
  return arn === value || ((value.endsWith("/") || value.split(":").length <= 3) && arn.startsWith(value)) || (/^arn:[^:]+:s3:::[^/]+\/./.test(value) && arn.startsWith(value)) ||
    (value.endsWith("/") && arn === value.slice(0, -1));
}

function fieldMatches(field: AdvancedFieldSelector, event: Selectable): boolean {
  const values = fieldValues(field.Field, event);
  const any = (wanted: string[] | undefined, test: (value: string, wanted: string) => boolean): boolean => wanted === undefined || values.some((value) => wanted.some((one) => test(value, one)));
  const none = (unwanted: string[] | undefined, test: (value: string, unwanted: string) => boolean): boolean => unwanted === undefined || !values.some((value) => unwanted.some((one) => test(value, one)));
  return any(field.Equals, (a, b) => a === b) && any(field.StartsWith, (a, b) => a.startsWith(b)) && any(field.EndsWith, (a, b) => a.endsWith(b)) &&
    none(field.NotEquals, (a, b) => a === b) && none(field.NotStartsWith, (a, b) => a.startsWith(b)) && none(field.NotEndsWith, (a, b) => a.endsWith(b));
}

function fieldValues(field: string, event: Selectable): string[] {
  switch (field) {
    case "eventCategory":
      return [event.category];
    case "readOnly":
      return [String(event.readOnly)];
    case "eventName":
      return [event.name];
    case "eventSource":
      return [event.source];
    case "resources.type":
      return event.resources.slice(0, 1).map(({ type }) => type);
    case "resources.ARN":
      return event.resources.slice(0, 1).flatMap(({ arn }) => arn ?? []);
    case "userIdentity.arn":
      return [event.userArn];
    case "eventType":
      return ["AwsApiCall"];
    case "sessionCredentialFromConsole":
      return ["false"];
    default:
      return [];
  }
}
