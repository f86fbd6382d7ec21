import { UNZIPPED_LIMIT } from "../code/zip.ts";
import { invalidParameter } from "../domain/errors.ts";
import type { LayerReference } from "../domain/function.ts";
import { checkLayerArns } from "../domain/settings.ts";
import type { LambdaContext } from "./lookup.ts";

/**
 * Looks up the layer versions that a function is to use. A layer of another account is linked, so that the function
 * keeps it whatever becomes of it there. Throws AWS's errors.
 */
export async function layersFor(ctx: LambdaContext, arns: readonly string[]): Promise<LayerReference[]> {
  checkLayerArns(arns, ctx.region);
  const found: LayerReference[] = [];
  for (const arn of arns) {
    const [, , , region, account, , name, version] = arn.split(":");
    const row = ctx.at(account!, region!).store.layers.get(name!, Number(version));
    if (row === undefined || row.deleted) throw invalidParameter(`Layer version ${arn} does not exist.`);
    const blob = account === ctx.account ? row.blob : await ctx.blobs.link(row.blob);
    found.push({ arn, size: row.size, sha256: row.sha256, blob, unzippedBytes: row.unzippedBytes });
  }
  return found;
}

/** A function's code and its layers share one limit. */
export function checkUnzipped(codeBytes: number, layers: readonly LayerReference[]): void {
  const total = layers.reduce((sum, layer) => sum + layer.unzippedBytes, codeBytes);
  if (layers.length > 0 && total > UNZIPPED_LIMIT) {
    throw invalidParameter(`Function code combined with layers exceeds the maximum allowed size of ${UNZIPPED_LIMIT} bytes. The actual size is ${total} bytes.`);
  }
}
