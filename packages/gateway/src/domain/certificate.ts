import { createSign } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** DER: a tag, the length, the content. */
function der(tag: number, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length: number[] = [];
  for (let rest = body.length; rest > 0; rest >>= 8) length.unshift(rest & 0xff);
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length, ...length]), body]);
}

const sequence = (...content: Uint8Array[]): Buffer => der(0x30, ...content);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
/** A positive INTEGER. */
const integer = (bytes: Buffer): Buffer => der(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
const utcTime = (ms: number): Buffer => der(0x17, Buffer.from(`${new Date(ms).toISOString().slice(2, 19).replaceAll(/[-:T]/g, "")}Z`));

/** 1.2.840.113549.1.1.11, with its NULL. */
const SHA256_WITH_RSA = sequence(oid("2a864886f70d01010b"), der(0x05));
const ATTRIBUTES: { readonly [name: string]: string } = { CN: "550403", C: "550406", L: "550407", ST: "550408" };

function distinguishedName(parts: readonly (readonly [string, string])[]): Buffer {
  return sequence(...parts.map(([name, value]) => der(0x31, sequence(oid(ATTRIBUTES[name]!), der(0x0c, Buffer.from(value))))));
}

/** A self-signed X.509 certificate (version 1, RSA with SHA-256), PEM: all that a client certificate of API Gateway is. */
export function selfSignedCertificate(keys: { publicKey: KeyObject; privateKey: KeyObject }, options: { serial: Buffer; subject: readonly (readonly [string, string])[]; fromMs: number; toMs: number }): string {
  const name = distinguishedName(options.subject);
  const body = sequence(integer(options.serial), SHA256_WITH_RSA, name, sequence(utcTime(options.fromMs), utcTime(options.toMs)), name, keys.publicKey.export({ type: "spki", format: "der" }));
  const signature = createSign("sha256").update(body).sign(keys.privateKey);
  const certificate = sequence(body, SHA256_WITH_RSA, der(0x03, Buffer.from([0]), signature));
  return `-----BEGIN CERTIFICATE-----\n${certificate.toString("base64").match(/.{1,64}/g)!.join("\n")}\n-----END CERTIFICATE-----\n`;
}
