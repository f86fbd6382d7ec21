import { createCipheriv, createDecipheriv } from "node:crypto";
import { AwsError } from "@cumulet/protocol";
import type { Queue } from "../store.ts";
import { queueArn } from "./targets.ts";
import type { Ctx } from "./targets.ts";

/** Encrypts bodies under a data key of a queue's KMS key. */
export interface Seal {
  dataKey: number;
  encrypt(body: string): Buffer;
}

const ivBytes = 12;
const tagBytes = 16;

/** KMS's refusals as SQS passes them on. */
const refusals: { [code: string]: string } = {
  AccessDeniedException: "KmsAccessDenied",
  DisabledException: "KmsDisabled",
  InvalidKeyUsageException: "KmsInvalidKeyUsage",
  KMSInvalidStateException: "KmsInvalidState",
  NotFoundException: "KmsNotFound",
  ThrottlingException: "KmsThrottled",
};

/**
 * Encryption for one send. A data key serves for the queue's reuse period, so a key that is disabled is noticed when that
 * is over, as on AWS.
 * @throws AwsError what KMS refused.
 */
export async function sealer(ctx: Ctx, queue: Queue): Promise<Seal> {
  const { store, clock } = ctx;
  const keyId = queue.settings.kmsKey!;
  const current = store.currentKeys.get(queue.number);
  const plain = current?.keyId === keyId ? store.plainKeys.get(current.dataKey) : undefined;
  if (current !== undefined && plain !== undefined && plain.untilMs > clock.now()) return sealWith(current.dataKey, plain.plaintext, ctx);
  const arn = queueArn(ctx, queue);
  const made = await asked(() => ctx.call.kms.GenerateDataKey({ KeyId: keyId, KeySpec: "AES_256", EncryptionContext: { "aws:sqs:arn": arn } }));
  const dataKey = ctx.transaction(() => store.addDataKey(arn, made.CiphertextBlob!));
  remember(ctx, queue, dataKey, made.Plaintext!);
  store.currentKeys.set(queue.number, { dataKey, keyId });
  return sealWith(dataKey, made.Plaintext!, ctx);
}

function sealWith(dataKey: number, key: Uint8Array, ctx: Ctx): Seal {
  return {
    dataKey,
    encrypt: (body) => {
      const iv = ctx.ids.bytes(ivBytes);
      const cipher = createCipheriv("aes-256-gcm", key, iv);
      const sealed = Buffer.concat([cipher.update(body, "utf8"), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]);
    },
  };
}

/** A body cannot be read before KMS was asked for its key. */
export class KeyNeeded extends Error {
  readonly dataKey: number;

  constructor(dataKey: number) {
    super("A data key is needed.");
    this.dataKey = dataKey;
  }
}

/** A body in the clear. @throws KeyNeeded */
export function decrypted({ store, clock }: Ctx, dataKey: number, sealed: Buffer): string {
  const plain = store.plainKeys.get(dataKey);
  if (plain === undefined || plain.untilMs <= clock.now()) throw new KeyNeeded(dataKey);
  const decipher = createDecipheriv("aes-256-gcm", plain.plaintext, sealed.subarray(0, ivBytes));
  decipher.setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes));
  return Buffer.concat([decipher.update(sealed.subarray(ivBytes + tagBytes)), decipher.final()]).toString("utf8");
}

/** Asks KMS for a data key. @throws AwsError what KMS refused. */
export async function fetchKey(ctx: Ctx, queue: Queue, dataKey: number): Promise<void> {
  const { ciphertext, queue_arn: arn } = ctx.store.dataKey(dataKey)!;
  const { Plaintext } = await asked(() => ctx.call.kms.Decrypt({ CiphertextBlob: ciphertext, EncryptionContext: { "aws:sqs:arn": arn } }));
  remember(ctx, queue, dataKey, Plaintext!);
}

function remember({ store, clock }: Ctx, queue: Queue, dataKey: number, plaintext: Uint8Array): void {
  const nowMs = clock.now();
  for (const [old, { untilMs }] of store.plainKeys) if (untilMs <= nowMs) store.plainKeys.delete(old);
  store.plainKeys.set(dataKey, { plaintext, untilMs: nowMs + queue.settings.kmsReuseMs });
}

async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const code = error instanceof AwsError ? refusals[error.code] : undefined;
    if (code === undefined) throw error;
    throw new AwsError(code, (error as AwsError).message, { cause: error });
  }
}
