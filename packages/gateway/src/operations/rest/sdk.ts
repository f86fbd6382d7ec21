import { ZipFile } from "yazl";
import type { Operations } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import { javascriptSdk, typescriptSdk } from "../../domain/sdk/index.ts";
import type { SdkFiles } from "../../domain/sdk/index.ts";
import type { Store } from "../../store.ts";
import { apiEndpoint, badRequest, notFound } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { findApi, findDeployment, findStage } from "./find.ts";

/** The clients that can be generated. AWS has others for JavaScript's place in phones, and none for TypeScript. */
const SDK_TYPES: Rest.SdkType[] = [
  { id: "javascript", friendlyName: "JavaScript", description: "JavaScript client SDK", configurationProperties: [] },
  { id: "typescript", friendlyName: "TypeScript", description: "TypeScript client SDK", configurationProperties: [] },
];

/** Other kinds that AWS generates: named, so that a refusal can say so. */
const FOREIGN = new Set(["android", "java", "objectivec", "ruby", "swift"]);

function zip(files: SdkFiles, mtime: Date): Promise<Buffer> {
  const archive = new ZipFile();
  for (const [name, text] of Object.entries(files)) archive.addBuffer(Buffer.from(text), name, { mtime, mode: 0o100644 });
  archive.end();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    archive.outputStream.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => resolve(Buffer.concat(chunks))).on("error", reject);
  });
}

async function getSdk(ctx: Ctx, input: Rest.GetSdkRequest): Promise<Rest.SdkResponse> {
  const api = findApi(ctx, input.restApiId);
  const stage = findStage(ctx, input.restApiId, input.stageName);
  const { definition } = findDeployment(ctx, input.restApiId, stage.deploymentId);
  if (input.sdkType !== "javascript" && input.sdkType !== "typescript") {
    throw badRequest(FOREIGN.has(input.sdkType) ? `Cumulet generates clients in javascript and typescript, none in ${input.sdkType}` : `Unsupported SDK type: ${input.sdkType}`);
  }
  const generate = input.sdkType === "javascript" ? javascriptSdk : typescriptSdk;
  const files = generate(definition, { invokeUrl: `${apiEndpoint(ctx, api.id)}/${stage.stageName}`, region: ctx.region, title: api.name ?? api.id, version: api.version ?? "1" });
  const name = `${input.sdkType}_${new Date(ctx.clock.now()).toISOString().replace(/[:.]/g, "-")}.zip`;
  return { contentType: "application/octet-stream", contentDisposition: `attachment; filename="${name}"`, body: await zip(files, new Date(ctx.clock.now())) };
}

/** Clients generated from what a stage serves. */
export const sdkOperations: Operations<"apigateway", Store> = {
  GetSdk: getSdk,
  GetSdkTypes: () => ({ items: SDK_TYPES }),
  GetSdkType(_ctx, input) {
    const type = SDK_TYPES.find(({ id }) => id === input.id);
    if (type === undefined) throw notFound("Invalid SDK type identifier specified");
    return type;
  },
};
