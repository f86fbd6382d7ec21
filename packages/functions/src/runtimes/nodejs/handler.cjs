"use strict";
/** Finds and loads the function that `_HANDLER` names: `folder/module.export.nested`. */
const fs = require("node:fs");
const path = require("node:path");
const { createRequire } = require("node:module");
const { pathToFileURL } = require("node:url");
const { HandlerNotFound, ImportModuleError, MalformedHandlerName, MalformedStreamingHandler, UserCodeSyntaxError } = require("./errors.cjs");
const { HANDLER_STREAMING, HANDLER_HIGH_WATER_MARK } = require("./streaming.cjs");

async function loadHandler(root, handler) {
  if (handler.includes("..")) {
    throw new MalformedHandlerName(`'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  }
  const base = path.basename(handler);
  const folder = handler.slice(0, handler.indexOf(base));
  const match = /^([^.]*)\.(.*)$/.exec(base);
  if (match === null) throw new MalformedHandlerName("Bad handler");
  const loaded = await load(root, folder, match[1]);
  const found = match[2].split(".").reduce((value, key) => value && value[key], loaded);
  if (!found) throw new HandlerNotFound(`${handler} is undefined or not exported`);
  if (typeof found !== "function") throw new HandlerNotFound(`${handler} is not a function`);
  return found;
}

async function load(root, folder, name) {
  try {
    return await loadModule(root, folder, name);
  } catch (error) {
    if (error instanceof SyntaxError) throw new UserCodeSyntaxError(String(error));
    if (error?.code === "MODULE_NOT_FOUND") throw new ImportModuleError(String(error));
    throw error;
  }
}

/** In Lambda's order: no extension, `.js` as its package says, `.mjs`, `.cjs`, then as Node.js would find it. */
async function loadModule(root, folder, name) {
  const file = path.resolve(root, folder, name);
  const userRequire = createRequire(path.join(root, "index.js"));
  if (isFile(file)) return userRequire(file);
  if (isFile(`${file}.js`)) return inModulePackage(path.dirname(file)) ? import(pathToFileURL(`${file}.js`).href) : userRequire(`${file}.js`);
  if (isFile(`${file}.mjs`)) return import(pathToFileURL(`${file}.mjs`).href);
  if (isFile(`${file}.cjs`)) return userRequire(`${file}.cjs`);
  return userRequire(userRequire.resolve(name, { paths: [root, path.resolve(root, folder)] }));
}

function isFile(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** The nearest package.json says whether `.js` is an ES module; a `node_modules` folder ends the search. */
function inModulePackage(folder) {
  for (let at = folder; !at.endsWith("/node_modules"); at = path.dirname(at)) {
    const file = path.join(at, "package.json");
    if (fs.existsSync(file)) {
      try {
        return JSON.parse(fs.readFileSync(file, "utf8")).type === "module";
      } catch (error) {
        console.warn(`${file} cannot be read, it will be ignored for ES module detection purposes.`, error);
        return false;
      }
    }
    if (at === path.dirname(at)) return false;
  }
  return false;
}

/** How a handler wants to be called. */
function describeHandler(handler) {
  const streaming = handler[HANDLER_STREAMING];
  if (streaming !== undefined && streaming !== null && streaming !== false && streaming !== "response") {
    throw new MalformedStreamingHandler("Only response streaming is supported.");
  }
  const mark = Number.parseInt(handler[HANDLER_HIGH_WATER_MARK], 10);
  return {
    streaming: streaming === "response",
    highWaterMark: Number.isNaN(mark) ? undefined : mark,
    async: handler.constructor?.name === "AsyncFunction",
    takesCallback: handler.length >= 3,
  };
}

module.exports = { loadHandler, describeHandler };
