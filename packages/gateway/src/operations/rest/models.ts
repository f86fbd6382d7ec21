import type { Operations } from "@cumulet/core";
import type * as Rest from "@cumulet/protocol/models/apigateway.d.ts";
import type { Store } from "../../store.ts";
import { modelTemplate } from "../../domain/model-template.ts";
import { badRequest, conflict, defined, newId, notFound } from "../shared.ts";
import type { Ctx } from "../shared.ts";
import { findApi } from "./find.ts";
import { pageOf } from "./paging.ts";
import { applyPatch, flag, text } from "./patch.ts";
import type { PatchRule } from "./patch.ts";

function findModel(ctx: Ctx, apiId: string, name: string): Rest.Model & { id: string } {
  // Recorded: with an unknown API it is the model's name that AWS calls invalid.
  const model = ctx.store.restModels.get(apiId, name);
  if (model === undefined) throw notFound(`Invalid model name specified: ${name}`);
  return model;
}

function checkSchema(schema: string | undefined): void {
  if (schema === undefined || schema === "") throw badRequest("Model schema must have at least 1 property or array items defined");
  let parsed: unknown;
  try {
    parsed = JSON.parse(schema);
  } catch {
    throw badRequest("Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw badRequest("Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified]");
}

/** The first method, in AWS's words, whose request names a model. Recorded with its doubled slash. */
function userOf(ctx: Ctx, apiId: string, name: string): string | undefined {
  for (const resource of ctx.store.resources.all(apiId)) {
    for (const [method, item] of Object.entries(resource.resourceMethods)) {
      if (Object.values(item.requestModels ?? {}).includes(name)) return `method request: ${resource.path}/${method}`;
      for (const response of Object.values(item.methodResponses ?? {})) if (Object.values(response.responseModels ?? {}).includes(name)) return `method response: ${resource.path}/${method}/${response.statusCode}`;
    }
  }
  return undefined;
}

const MODEL_RULES: readonly PatchRule<Rest.Model & { id: string }>[] = [
  text("/description", "description"),
  {
    path: "/schema",
    replace: (model, value) => {
      checkSchema(value);
      model.schema = value!;
    },
  },
];

export const modelOperations: Operations<"apigateway", Store> = {
  CreateModel(ctx, { restApiId, ...input }) {
    // Recorded order: the name, then the API, then the schema.
    if (input.name === "") throw badRequest("Model name must be non-empty");
    findApi(ctx, restApiId);
    if (!/^[a-zA-Z0-9]+$/.test(input.name)) throw badRequest("Model name must be alphanumeric");
    checkSchema(input.schema);
    if (ctx.store.restModels.get(restApiId, input.name) !== undefined) throw conflict("Model name already exists for this REST API");
    const model = defined({ id: newId(ctx, 6), name: input.name, description: input.description, schema: input.schema, contentType: input.contentType });
    ctx.store.restModels.put(restApiId, input.name, model);
    return model;
  },
  GetModel: (ctx, input) => findModel(ctx, input.restApiId, input.modelName),
  GetModels(ctx, input) {
    findApi(ctx, input.restApiId);
    return pageOf(ctx.store.restModels, input.restApiId, input);
  },
  GetModelTemplate: (ctx, input) => ({ value: modelTemplate(findModel(ctx, input.restApiId, input.modelName).schema ?? "{}") }),
  UpdateModel(ctx, input) {
    const model = applyPatch(findModel(ctx, input.restApiId, input.modelName), input.patchOperations, MODEL_RULES);
    ctx.store.restModels.put(input.restApiId, input.modelName, model);
    return model;
  },
  DeleteModel(ctx, input) {
    findModel(ctx, input.restApiId, input.modelName);
    const user = userOf(ctx, input.restApiId, input.modelName);
    if (user !== undefined) throw conflict(`Cannot delete model '${input.modelName}', is referenced in ${user}`);
    ctx.store.restModels.delete(input.restApiId, input.modelName);
    return {};
  },
};

type Validator = Rest.RequestValidator & { id: string };

function findValidator(ctx: Ctx, apiId: string, id: string): Validator {
  const validator = ctx.store.validators.get(apiId, id);
  if (validator === undefined) throw notFound("Invalid Request Validator identifier specified");
  return validator;
}

const VALIDATOR_RULES: readonly PatchRule<Validator>[] = [
  {
    path: "/name",
    replace: (validator, value) => {
      if (value === undefined || value === "") throw badRequest("Request Validator name cannot be blank");
      validator.name = value;
    },
  },
  flag("/validateRequestParameters", "validateRequestParameters"),
  flag("/validateRequestBody", "validateRequestBody"),
];

export const validatorOperations: Operations<"apigateway", Store> = {
  CreateRequestValidator(ctx, { restApiId, ...input }) {
    if (ctx.store.restApis.get("", restApiId) === undefined) throw badRequest("Invalid REST API identifier specified");
    const validator: Validator = defined({ id: newId(ctx, 6), name: input.name, validateRequestBody: input.validateRequestBody ?? false, validateRequestParameters: input.validateRequestParameters ?? false });
    ctx.store.validators.put(restApiId, validator.id, validator);
    return validator;
  },
  GetRequestValidator: (ctx, input) => findValidator(ctx, input.restApiId, input.requestValidatorId),
  GetRequestValidators(ctx, input) {
    // Recorded: an unknown API is called an unknown validator.
    if (ctx.store.restApis.get("", input.restApiId) === undefined) throw notFound("Invalid Request Validator identifier specified");
    return pageOf(ctx.store.validators, input.restApiId, input);
  },
  UpdateRequestValidator(ctx, input) {
    const validator = applyPatch(findValidator(ctx, input.restApiId, input.requestValidatorId), input.patchOperations, VALIDATOR_RULES, "listed");
    ctx.store.validators.put(input.restApiId, validator.id, validator);
    return validator;
  },
  DeleteRequestValidator(ctx, input) {
    findValidator(ctx, input.restApiId, input.requestValidatorId);
    const used = ctx.store.resources.all(input.restApiId).some((resource) => Object.values(resource.resourceMethods).some((method) => method.requestValidatorId === input.requestValidatorId));
    if (used) throw conflict("Cannot delete request validator, it is referenced by a method");
    ctx.store.validators.delete(input.restApiId, input.requestValidatorId);
    return {};
  },
};
