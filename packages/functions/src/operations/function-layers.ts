import type { LayerReference } from "../domain/function.ts";
import { invalidParameter } from "../domain/errors.ts";
import { checkLayerArns } from "../domain/settings.ts";
import type { LambdaContext } from "./lookup.ts";

/** Looks up the layer versions that a function is to use. Throws AWS's errors. */
export function layersFor(ctx: LambdaContext, arns: readonly string[]): LayerReference[] {
  checkLayerArns(arns, ctx.region);
  return arns.map((arn) => {
    throw invalidParameter(`Layer version ${arn} does not exist.`);
  });
}
