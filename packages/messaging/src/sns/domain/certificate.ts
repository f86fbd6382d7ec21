import { createPublicKey, generateKeyPair, sign } from "node:crypto";
import { promisify } from "node:util";

const generate = promisify(generateKeyPair);

/** A signing key and its certificate, both PEM. */
export interface SigningIdentity {
  key: string;
  certificate: string;
}

/**
 * Makes an RSA key and an X.509 certificate that it signs itself, so that a subscriber can verify notifications with the
 * certificate that their `SigningCertURL` leads to.
 * @param serial up to 16 random bytes.
 */
export async function makeSigningIdentity(commonName: string, serial: Uint8Array, fromMs: number): Promise<SigningIdentity> {
  const { privateKey } = await generate("rsa", { modulusLength: 2048 });
  const algorithm = sequence(objectId([1, 2, 840, 113549, 1, 1, 11]), der(0x05));
  const name = sequence(der(0x31, sequence(objectId([2, 5, 4, 3]), der(0x0c, Buffer.from(commonName)))));
  const tenYearsMs = 10 * 365 * 24 * 3600_000;
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(1), serial])),
    algorithm,
    name,
    sequence(time(fromMs - 24 * 3600_000), time(fromMs + tenYearsMs)),
    name,
    createPublicKey(privateKey).export({ type: "spki", format: "der" }),
  );
  const signature = sign("RSA-SHA256", body, privateKey);
  const certificate = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.of(0), signature])));
  const lines = certificate.toString("base64").match(/.{1,64}/g)!.join("\n");
  return { key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(), certificate: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n` };
}

function der(tag: number, content: Uint8Array = Buffer.alloc(0)): Buffer {
  const { length } = content;
  const size = length < 128 ? Buffer.of(length) : length < 256 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 255);
  return Buffer.concat([Buffer.of(tag), size, content]);
}

function sequence(...parts: Uint8Array[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function objectId([first, second, ...rest]: number[]): Buffer {
  const bytes = [first! * 40 + second!];
  for (const part of rest) {
    const groups = [part & 127];
    for (let left = part >> 7; left > 0; left >>= 7) groups.unshift((left & 127) | 128);
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

/** GeneralizedTime. */
function time(ms: number): Buffer {
  return der(0x18, Buffer.from(new Date(ms).toISOString().replace(/[-:T]/g, "").replace(/\.\d+Z$/, "Z")));
}
