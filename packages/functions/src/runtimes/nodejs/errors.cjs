"use strict";
/** Errors of the runtime itself, and the shapes in which Lambda reports errors. */

function runtimeError(name) {
  return class extends Error {
    constructor(message) {
      super(message);
      this.name = `Runtime.${name}`;
    }
  };
}

const ImportModuleError = runtimeError("ImportModuleError");
const HandlerNotFound = runtimeError("HandlerNotFound");
const MalformedHandlerName = runtimeError("MalformedHandlerName");
const UserCodeSyntaxError = runtimeError("UserCodeSyntaxError");
const MalformedStreamingHandler = runtimeError("MalformedStreamingHandler");
const InvalidStreamingOperation = runtimeError("InvalidStreamingOperation");
const CallbackHandlerDeprecated = runtimeError("CallbackHandlerDeprecated");
const NodeJsExit = runtimeError("NodeJsExit");

class UnhandledPromiseRejection extends Error {
  constructor(reason, promise) {
    super(String(reason));
    this.name = "Runtime.UnhandledPromiseRejection";
    this.reason = reason;
    this.promise = promise;
  }
}

function looksLikeError(value) {
  return value instanceof Error || (value !== null && typeof value === "object" &&
    typeof value.name === "string" && typeof value.message === "string" && typeof value.stack === "string" && value.name !== "" && value.message !== "");
}

/** The payload a caller gets: `{errorType, errorMessage, trace}`. Never throws. */
function toPayload(error) {
  try {
    if (looksLikeError(error)) {
      return { errorType: error.name, errorMessage: error.message, trace: String(error.stack).split("\n") };
    }
    return { errorType: typeof error, errorMessage: error.toString(), trace: [] };
  } catch {
    return {
      errorType: "handled",
      errorMessage: "callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack",
    };
  }
}

/** What the log says about an error: the JSON of it with its hidden members, after a tab. */
function toLogText(error) {
  try {
    return "\t" + JSON.stringify(error, (_key, value) => value instanceof Error
      ? { errorType: value.name, errorMessage: value.message, code: value.code, ...value, ...(typeof value.stack === "string" ? { stack: value.stack.split("\n") } : {}) }
      : value);
  } catch {
    return "\t" + JSON.stringify(toPayload(error));
  }
}

/** X-Ray's description of an exception, as the `Lambda-Runtime-Function-XRay-Error-Cause` header carries it; ASCII. */
function toXRayCause(error) {
  if (!looksLikeError(error)) return undefined;
  const stack = [];
  for (const line of String(error.stack).split("\n").slice(1)) {
    const match = /^\s*at (?:(.+) \()?(.+?):(\d+)(?::\d+)?\)?$/.exec(line);
    if (match !== null) stack.push({ path: match[2], line: Number(match[3]), label: match[1] ?? "anonymous" });
  }
  const cause = {
    working_directory: process.cwd(),
    exceptions: [{ type: error.name, message: error.message, stack }],
    paths: [...new Set(stack.map((frame) => frame.path))],
  };
  const text = JSON.stringify(cause).replace(/[^\x20-\x7e]/g, (character) => "\\u" + character.charCodeAt(0).toString(16).padStart(4, "0"));
  return text.length > 16_384 ? undefined : text;
}

module.exports = {
  ImportModuleError, HandlerNotFound, MalformedHandlerName, UserCodeSyntaxError, MalformedStreamingHandler,
  InvalidStreamingOperation, CallbackHandlerDeprecated, NodeJsExit, UnhandledPromiseRejection,
  toPayload, toLogText, toXRayCause,
};
