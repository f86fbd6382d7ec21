import type { Operations } from "@cumulet/core";
import type { Store } from "../../store.ts";
import { modelTemplate } from "../../domain/model-template.ts";
import { badRequest, conflict, decodeCursor, defined, encodeCursor, newId, notFound, pageSize } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { findApi } from "./find.ts";

function find(ctx: Ctx, apiId: string, id: string) {
  findApi(ctx, apiId);
  const model = ctx.store.models.get(apiId, id);
  if (model === undefined) throw notFound(`Invalid Model identifier specified ${id}`);
  return model;
}

function checkSchema(schema: string | undefined): void {
  if (schema === undefined) return;
  try {
    JSON.parse(schema);
  } catch {
    throw badRequest("Model schema must be valid JSON");
  }
}

export const modelOperations: Operations<"apigatewayv2", Store> = {
  CreateModel(ctx, { ApiId, ...input }) {
    findApi(ctx, ApiId);
    checkSchema(input.Schema);
    if (ctx.store.models.all(ApiId).some((model) => model.Name === input.Name)) throw conflict("Model name already exists for this API");
    const id = newId(ctx, 6);
    const model = defined({ ContentType: "application/json", ...input, ModelId: id });
    ctx.store.models.put(ApiId, id, model);
    return model;
  },
  GetModel: (ctx, input) => find(ctx, input.ApiId, input.ModelId),
  GetModels(ctx, input) {
    findApi(ctx, input.ApiId);
    const { items, next } = ctx.store.models.page(input.ApiId, pageSize(input.MaxResults), decodeCursor(input.NextToken));
    return { Items: items, NextToken: encodeCursor(next) };
  },
  GetModelTemplate: (ctx, input) => ({ Value: modelTemplate(find(ctx, input.ApiId, input.ModelId).Schema ?? "{}") }),
  UpdateModel(ctx, { ApiId, ModelId, ...changes }) {
    checkSchema(changes.Schema);
    const updated = { ...find(ctx, ApiId, ModelId), ...defined(changes) };
    ctx.store.models.put(ApiId, ModelId, updated);
    return updated;
  },
  DeleteModel(ctx, input) {
    find(ctx, input.ApiId, input.ModelId);
    ctx.store.models.delete(input.ApiId, input.ModelId);
    return {};
  },
};
