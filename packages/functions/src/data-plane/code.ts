/** Downloads of code: what `Code.Location` and a layer's `Content.Location` point at. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { pipeline } from "node:stream/promises";
import { defineDataPlane } from "@cumulet/core";
import type { LambdaStore } from "../store.ts";
import type { LambdaContext } from "../operations/lookup.ts";

const PREFIX = "/_aws/lambda/code/";
/** The real service signs these for ten minutes. */
const VALID_MS = 600_000;

interface CodeMatch {
  blob: string;
  expires: string;
  signature: string;
}

/** A link to the zip behind a blob. The blob's id cannot be guessed; the signature ends its life. */
export function codeLocation(ctx: LambdaContext, blob: string): string {
  const expires = String(ctx.clock.now() + VALID_MS);
  return `${ctx.endpoint}${PREFIX}${ctx.account}/${ctx.region}/${blob}?Expires=${expires}&Signature=${sign(blob, expires)}`;
}

export const codePlane = defineDataPlane<LambdaStore, CodeMatch>({
  name: "lambda-code",
  claim: ({ path, query }) => {
    if (!path.startsWith(PREFIX)) return undefined;
    const [account, region, blob] = path.slice(PREFIX.length).split("/");
    if (!/^\d{12}$/.test(account ?? "") || !/^[a-z0-9-]+$/.test(region ?? "") || !/^[0-9a-f]{32}$/.test(blob ?? "")) return undefined;
    const parameters = new URLSearchParams(query);
    return { account: account!, region: region!, match: { blob: blob!, expires: parameters.get("Expires") ?? "", signature: parameters.get("Signature") ?? "" } };
  },
  async handle(ctx, { response }, { blob, expires, signature }) {
    const wanted = Buffer.from(sign(blob, expires));
    const given = Buffer.from(signature);
    if (wanted.length !== given.length || !timingSafeEqual(wanted, given) || !(Number(expires) >= ctx.clock.now())) {
      response.writeHead(403, { "content-type": "text/plain" }).end("Request has expired");
      return;
    }
    try {
      const size = await ctx.blobs.size(blob);
      response.writeHead(200, { "content-type": "application/zip", "content-length": size });
      await pipeline(ctx.blobs.read(blob), response);
    } catch {
      if (!response.headersSent) response.writeHead(404, { "content-type": "text/plain" });
      response.end();
    }
  },
});

/** The blob's own id is the secret: who has it may read it anyway. */
function sign(blob: string, expires: string): string {
  return createHmac("sha256", blob).update(expires).digest("base64url");
}
