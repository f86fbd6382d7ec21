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

/** What `find` finds, else what `findHere` does; the failure of the first when neither does. */
function orHere(specifier, find, findHere) {
  if (!SDK.test(specifier)) return find();
  try {
    return find();
  } catch (error) {
    if (!MISSING.has(error?.code)) throw error;
    try {
      return findHere();
    } catch {
      throw error;
    }
  }
}

// require: a hook's parent counts for import only.
const resolveFilename = Module._resolveFilename;
Module._resolveFilename = function (request, parent, ...rest) {
  return orHere(request, () => resolveFilename.call(this, request, parent, ...rest), () => resolveFilename.call(this, request, module, ...rest));
};

// import: from Node.js 22.15 on.
const here = pathToFileURL(__filename).href;
Module.registerHooks?.({
  resolve: (specifier, context, next) => orHere(specifier, () => next(specifier, context), () => next(specifier, { ...context, parentURL: here })),
});
