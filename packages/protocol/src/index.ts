export * from "./model.ts";
export * from "./error.ts";
export * from "./http.ts";
export * from "./load.ts";
export type { ServiceId, ServiceTypes } from "../models/index.d.ts";
