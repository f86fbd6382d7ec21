import { AwsError } from "@cumulet/protocol";
import type {
  CheckIfPhoneNumberIsOptedOutInput, CheckIfPhoneNumberIsOptedOutResponse, CreateSMSSandboxPhoneNumberInput, CreateSMSSandboxPhoneNumberResult, DeleteSMSSandboxPhoneNumberInput,
  DeleteSMSSandboxPhoneNumberResult, GetSMSAttributesInput, GetSMSAttributesResponse, GetSMSSandboxAccountStatusResult, ListOriginationNumbersResult, ListPhoneNumbersOptedOutInput,
  ListPhoneNumbersOptedOutResponse, ListSMSSandboxPhoneNumbersInput, ListSMSSandboxPhoneNumbersResult, OptInPhoneNumberInput, OptInPhoneNumberResponse, SetSMSAttributesInput,
  SetSMSAttributesResponse, VerifySMSSandboxPhoneNumberInput, VerifySMSSandboxPhoneNumberResult,
} from "@cumulet/protocol/models/sns.d.ts";
import { invalidParameter, refusal } from "../domain/errors.ts";
import { page, readToken } from "./targets.ts";
import type { Ctx } from "./targets.ts";

const pageSize = 100;
const names = ["MonthlySpendLimit", "DeliveryStatusIAMRole", "DeliveryStatusSuccessSamplingRate", "DefaultSenderID", "DefaultSMSType", "UsageReportS3Bucket"];
/** No text message leaves, so this is what any sandbox number is verified with. */
export const sandboxCode = "123456";

export function setSmsAttributes(ctx: Ctx, input: SetSMSAttributesInput): SetSMSAttributesResponse {
  for (const [name, value] of Object.entries(input.attributes)) {
    if (!names.includes(name)) throw refusal(`${name} is not a valid attribute`);
    if (name === "DefaultSMSType" && value !== "Promotional" && value !== "Transactional") throw refusal("DefaultSMSType is invalid");
    // AWS misspells it, too (recorded).
    if (name === "DefaultSenderID" && !/^(?=.*[A-Za-z])[A-Za-z0-9]{1,11}$/.test(value)) throw refusal("DefaultSendID is not a valid attribute");
  }
  for (const [name, value] of Object.entries(input.attributes)) ctx.store.putSetting(`sms.${name}`, value);
  return {};
}

export function getSmsAttributes(ctx: Ctx, input: GetSMSAttributesInput): GetSMSAttributesResponse {
  const wanted = input.attributes === undefined || input.attributes.length === 0 ? names : input.attributes;
  const all: { [name: string]: string } = {};
  for (const name of names) {
    const value = ctx.store.setting(`sms.${name}`) ?? (name === "MonthlySpendLimit" ? "1" : undefined);
    if (value !== undefined && wanted.includes(name)) all[name] = value;
  }
  return { attributes: all };
}

function checkPhone(phone: string): void {
  if (!/^\+?[1-9]\d{1,14}$/.test(phone)) throw invalidParameter("PhoneNumber", "input incorrectly formatted");
}

export function checkIfPhoneNumberIsOptedOut(ctx: Ctx, input: CheckIfPhoneNumberIsOptedOutInput): CheckIfPhoneNumberIsOptedOutResponse {
  checkPhone(input.phoneNumber);
  return { isOptedOut: ctx.store.isOptedOut(input.phoneNumber) };
}

export function optInPhoneNumber(ctx: Ctx, input: OptInPhoneNumberInput): OptInPhoneNumberResponse {
  checkPhone(input.phoneNumber);
  ctx.store.optIn(input.phoneNumber);
  return {};
}

export function listPhoneNumbersOptedOut(ctx: Ctx, input: ListPhoneNumbersOptedOutInput): ListPhoneNumbersOptedOutResponse {
  const { shown, next } = page(ctx.store.optedOut(readToken(input.nextToken), pageSize + 1), pageSize, (phone) => phone);
  return { phoneNumbers: [...shown], ...(next.NextToken === undefined ? {} : { nextToken: next.NextToken }) };
}

export function getSmsSandboxAccountStatus(): GetSMSSandboxAccountStatusResult {
  return { IsInSandbox: false };
}

export function createSmsSandboxPhoneNumber(ctx: Ctx, input: CreateSMSSandboxPhoneNumberInput): CreateSMSSandboxPhoneNumberResult {
  checkPhone(input.PhoneNumber);
  ctx.store.putSandboxNumber(input.PhoneNumber, "Pending");
  ctx.store.deliver("sms", input.PhoneNumber, { PhoneNumber: input.PhoneNumber, Message: `Your verification code is: ${sandboxCode}` });
  return {};
}

export function verifySmsSandboxPhoneNumber(ctx: Ctx, input: VerifySMSSandboxPhoneNumberInput): VerifySMSSandboxPhoneNumberResult {
  if (ctx.store.sandboxNumber(input.PhoneNumber) === undefined) throw new AwsError("ResourceNotFound", "The phone number is not in the sandbox.");
  if (input.OneTimePassword !== sandboxCode) throw new AwsError("VerificationException", "The one-time password is not valid.", { fields: { Status: "Pending" } });
  ctx.store.putSandboxNumber(input.PhoneNumber, "Verified");
  return {};
}

export function deleteSmsSandboxPhoneNumber(ctx: Ctx, input: DeleteSMSSandboxPhoneNumberInput): DeleteSMSSandboxPhoneNumberResult {
  if (ctx.store.sandboxNumber(input.PhoneNumber) === undefined) throw new AwsError("ResourceNotFound", "The phone number is not in the sandbox.");
  ctx.store.deleteSandboxNumber(input.PhoneNumber);
  return {};
}

export function listSmsSandboxPhoneNumbers(ctx: Ctx, input: ListSMSSandboxPhoneNumbersInput): ListSMSSandboxPhoneNumbersResult {
  const size = input.MaxResults ?? pageSize;
  const { shown, next } = page(ctx.store.sandboxNumbers(readToken(input.NextToken), size + 1), size, ({ phone }) => phone);
  return { PhoneNumbers: shown.map(({ phone, status }) => ({ PhoneNumber: phone, Status: status })), ...next };
}

/** Nobody buys numbers here. */
export function listOriginationNumbers(): ListOriginationNumbersResult {
  return { PhoneNumbers: [] };
}
