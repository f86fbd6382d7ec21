"use strict";
/**
 * Lambda's console: each call is one log event, with time, request id and level, in text or JSON
 * (`AWS_LAMBDA_LOG_FORMAT`), above `AWS_LAMBDA_LOG_LEVEL`.
 */
const fs = require("node:fs");
const { format } = require("node:util");
const { toLogText } = require("./errors.cjs");

const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
/** Other libraries read the request id from here, as they do in Lambda. */
const REQUEST_ID = Symbol.for("aws.lambda.runtime.requestId");
const TENANT_ID = Symbol.for("aws.lambda.runtime.tenantId");
const FRAME_TEXT = 0xa55a0003;
const FRAME_JSON = 0xa55a0002;

const json = (process.env.AWS_LAMBDA_LOG_FORMAT ?? "").toUpperCase() === "JSON";
const frameFd = process.env._LAMBDA_TELEMETRY_LOG_FD;
delete process.env._LAMBDA_TELEMETRY_LOG_FD;

function setInvocation(requestId, tenantId) {
  globalThis[REQUEST_ID] = requestId;
  globalThis[TENANT_ID] = tenantId;
}

/** Writes all of `bytes`; a full pipe that does not block is waited for. */
function writeAll(fd, bytes) {
  for (let offset = 0; offset < bytes.length;) {
    try {
      offset += fs.writeSync(fd, bytes, offset);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

function emit(level, text, now) {
  if (frameFd === undefined) {
    process.stdout.write(text.replace(/\n/g, "\r") + "\n");
    return;
  }
  const message = Buffer.from(json ? text : text + "\n");
  const frame = Buffer.allocUnsafe(16 + message.length);
  frame.writeUInt32BE(((json ? FRAME_JSON : FRAME_TEXT) | ((level + 1) << 2)) >>> 0, 0);
  frame.writeUInt32BE(message.length, 4);
  frame.writeBigUInt64BE(BigInt(now) * 1000n, 8);
  message.copy(frame, 16);
  writeAll(Number(frameFd), frame);
}

function errorMembers(error) {
  return {
    errorType: error.constructor?.name ?? "UnknownError",
    errorMessage: error.message,
    stackTrace: typeof error.stack === "string" ? error.stack.split("\n") : [],
  };
}

function jsonMessage(level, time, parameters) {
  const event = { timestamp: time, level: LEVELS[level], requestId: globalThis[REQUEST_ID] };
  if (globalThis[TENANT_ID] !== undefined) event.tenantId = globalThis[TENANT_ID];
  if (parameters.length === 1) {
    event.message = parameters[0];
    try {
      return JSON.stringify(event, (_key, value) => value instanceof Error ? { ...errorMembers(value), ...value } : value);
    } catch {
      event.message = format(parameters[0]);
      return JSON.stringify(event);
    }
  }
  event.message = format(...parameters);
  const error = parameters.find((parameter) => parameter instanceof Error);
  if (error !== undefined) Object.assign(event, errorMembers(error));
  return JSON.stringify(event);
}

function log(level, parameters) {
  const now = Date.now();
  const time = new Date(now).toISOString();
  emit(level, json ? jsonMessage(level, time, parameters) : `${time}\t${globalThis[REQUEST_ID]}\t${LEVELS[level]}\t${format(...parameters)}`, now);
}

function patchConsole() {
  const wanted = LEVELS.indexOf((process.env.AWS_LAMBDA_LOG_LEVEL ?? "TRACE").toUpperCase());
  const at = (level) => level >= wanted ? (...parameters) => log(level, parameters) : () => {};
  console.trace = at(0);
  console.debug = at(1);
  console.info = at(2);
  console.log = console.info;
  console.warn = at(3);
  console.error = at(4);
  console.fatal = (...parameters) => log(5, parameters);
}

/** Logs an error of the handler or the runtime as Lambda does. */
function logError(title, error) {
  const value = error instanceof Error ? error : new Error(error);
  if (json) console.error(value);
  else console.error(title, toLogText(value));
}

module.exports = { patchConsole, setInvocation, logError };
