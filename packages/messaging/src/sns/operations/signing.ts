import { createHash, createPrivateKey, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { makeSigningIdentity } from "../domain/certificate.ts";
import type { Ctx } from "./targets.ts";

/** In the thread pool: a signature takes the better part of a millisecond. */
const signInPool = promisify(sign);

/** Keys by their PEM, parsed once. */
const keys = new Map<string, KeyObject>();

interface Signer {
  url: string;
  sign(text: string, version: "1" | "2"): Promise<string>;
}

/** The signer of an account and region; its key is made with the first notification. */
export async function signerOf(ctx: Ctx): Promise<Signer> {
  const { store } = ctx;
  let pem = store.setting("signing.key");
  let certificate = store.setting("signing.certificate");
  if (pem === undefined || certificate === undefined) {
    const made = await makeSigningIdentity(`sns.${ctx.region}.amazonaws.com`, ctx.ids.bytes(15), ctx.clock.now());
    // Another one may have been first.
    ctx.transaction(() => {
      if (store.setting("signing.key") !== undefined) return;
      store.putSetting("signing.key", made.key);
      store.putSetting("signing.certificate", made.certificate);
    });
    pem = store.setting("signing.key")!;
    certificate = store.setting("signing.certificate")!;
  }
  let key = keys.get(pem);
  if (key === undefined) {
    if (keys.size > 100) keys.clear();
    keys.set(pem, (key = createPrivateKey(pem)));
  }
  const parsed = key;
  return {
    url: `${ctx.endpoint}${certificatePath(ctx.account, ctx.region, certificate)}`,
    sign: async (text, version) => (await signInPool(version === "1" ? "RSA-SHA1" : "RSA-SHA256", Buffer.from(text), parsed)).toString("base64"),
  };
}

/** Where a certificate is to be had. */
export function certificatePath(account: string, region: string, certificate: string): string {
  return `/_aws/sns/${account}/${region}/SimpleNotificationService-${createHash("md5").update(certificate).digest("hex")}.pem`;
}

/** The text that is signed: names and values of these members, a line each, in this order (SNS Developer Guide, verifying signatures). */
export function signedText(envelope: { [member: string]: unknown }): string {
  const names = envelope.Type === "Notification" ? ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"] : ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
  return names.filter((name) => envelope[name] !== undefined).map((name) => `${name}\n${String(envelope[name])}\n`).join("");
}
