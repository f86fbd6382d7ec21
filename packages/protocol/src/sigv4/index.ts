export { formatAmzDate, parseAmzDate, parseSignature } from "./parse.ts";
export type { RequestSignature, Signature, SignatureSource } from "./parse.ts";
export { expiredToken, incompleteSignature, invalidSignature, invalidToken, missingAuthentication, signatureStyle, unknownAccessKey } from "./errors.ts";
export type { SignatureStyle } from "./errors.ts";
