"use strict";
/**
 * Lambda's Node.js runtimes bring the AWS SDK along: `@aws-sdk/*` and `@smithy/*` are found although the function's code
 * does not hold them. What the function or a layer brings itself comes first. The clients are those that this package
 * depends on; another one is missing as it would be in any project.
 */
const Module = require("node:module");
const { pathToFileURL } = require("node:url");

const SDK = /^@(?:aws-sdk|aws-crypto|smithy)\//;
const MISSING = new Set(["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"]);
const here = pathToFileURL(__filename).href;

if (typeof Module.registerHooks === "function") {
  Module.registerHooks({
    resolve(specifier, context, next) {
      if (!SDK.test(specifier)) return next(specifier, context);
      try {
        return next(specifier, context);
      } catch (error) {
        if (!MISSING.has(error?.code)) throw error;
        try {
          return next(specifier, { ...context, parentURL: here });
        } catch {
          throw error;
        }
      }
    },
  });
} else {
  // Before Node.js 22.15 only `require` can be helped.
  const find = Module._resolveFilename;
  Module._resolveFilename = function (request, parent, ...rest) {
    try {
      return find.call(this, request, parent, ...rest);
    } catch (error) {
      if (!SDK.test(request) || !MISSING.has(error?.code)) throw error;
      return find.call(this, request, module, ...rest);
    }
  };
}
