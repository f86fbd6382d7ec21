export * from "./model.ts";
export * from "./error.ts";
export * from "./http.ts";
