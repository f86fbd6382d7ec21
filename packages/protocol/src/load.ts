import { readFileSync } from "node:fs";
import type { ServiceId } from "../models/index.d.ts";
import type { ServiceModel } from "./model.ts";

/** What identifying a service needs to know of it, without its model. */
export type ServiceIndexEntry = ServiceModel["metadata"] & {
  /** The generated interface of its operations (`DynamoDB`). */
  typeName: string;
  /** How many operations AWS's model has. */
  operations: number;
  /** The static beginnings of its URIs (`2015-03-31`, `restapis`, `v2/apis`), for REST services whose URIs have any. */
  uriRoots?: string[];
};

const folder = new URL("../models/", import.meta.url);

/** Every compiled service by id. Small: the only model file that is read at start. */
export const serviceIndex: Readonly<Record<ServiceId, ServiceIndexEntry>> = JSON.parse(readFileSync(new URL("index.json", folder), "utf8"));

const loaded = new Map<ServiceId, ServiceModel>();

/** The model of a service; read on first use, then shared: nobody may change it. Throws when there is no such service. */
export function loadModel(id: ServiceId): ServiceModel {
  let model = loaded.get(id);
  if (model === undefined) {
    if (!Object.hasOwn(serviceIndex, id)) throw new Error(`no service model "${id}"`);
    model = JSON.parse(readFileSync(new URL(`${id}.json`, folder), "utf8")) as ServiceModel;
    loaded.set(id, model);
  }
  return model;
}
