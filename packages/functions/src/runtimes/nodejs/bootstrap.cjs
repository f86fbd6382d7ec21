"use strict";
/**
 * Lambda's Node.js runtime for plain processes: loads the handler, then takes one event after another from the Runtime
 * API. Plain CommonJS without dependencies, because it is started anew for each execution environment.
 */
require("./sdk.cjs");
const { loadHandler, describeHandler } = require("./handler.cjs");
const { patchConsole, setInvocation, logError } = require("./logging.cjs");
const { RuntimeClient, parseHeaders } = require("./client.cjs");
const { CallbackHandlerDeprecated, NodeJsExit, UnhandledPromiseRejection, toPayload, toXRayCause } = require("./errors.cjs");
const { ResponseStream, awslambda } = require("./streaming.cjs");

/** Callbacks and `context.done` are gone from Node.js 24 on. */
const PROMISES_ONLY_SINCE = 24;
const EXIT_UNCAUGHT = 129;
const EXIT_UNHANDLED = 128;

const env = process.env;
const runtimeMajor = Number(/nodejs(\d+)/.exec(env.AWS_EXECUTION_ENV ?? "")?.[1] ?? 0);
const promisesOnly = runtimeMajor >= PROMISES_ONLY_SINCE;

patchConsole();
if (!/^(1|true)$/.test(env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA ?? "")) globalThis.awslambda = awslambda;

const client = new RuntimeClient(env.AWS_LAMBDA_RUNTIME_API);
/** The invocation under way: where an error that nobody caught is reported. */
let current;
/** What happens when the event loop runs empty during an invocation. */
let whenEmpty = () => {};
let handler;
let wants;

process.on("beforeExit", () => whenEmpty());
process.on("uncaughtException", (error) => crash("Uncaught Exception", error, EXIT_UNCAUGHT));
process.on("unhandledRejection", (reason, promise) => crash("Unhandled Promise Rejection", new UnhandledPromiseRejection(reason, promise), EXIT_UNHANDLED));

function crash(title, error, code) {
  logError(title, error);
  const payload = toPayload(error);
  const exit = () => process.exit(code);
  if (current === undefined) client.initError(payload, exit);
  else client.fail(current, payload, toXRayCause(error), undefined, exit);
}

async function main() {
  handler = await loadHandler(env.LAMBDA_TASK_ROOT, env._HANDLER ?? "");
  wants = describeHandler(handler);
  if (wants.takesCallback && !wants.streaming) {
    if (promisesOnly) {
      throw new CallbackHandlerDeprecated("ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later. For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.");
    }
  }
  client.next(handle);
}

main().catch((error) => crash("Uncaught Exception", error, EXIT_UNCAUGHT));

function handle(head, body) {
  const headers = parseHeaders(head);
  const id = headers["lambda-runtime-aws-request-id"];
  current = id;
  setInvocation(id, headers["lambda-runtime-aws-tenant-id"]);
  if (headers["lambda-runtime-trace-id"]) env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"];
  else delete env._X_AMZN_TRACE_ID;
  client.working();
  if (wants.streaming) void handleStreaming(id, headers, body);
  else handleBuffered(id, headers, body);
}

/** Members of `context` that do not depend on how the handler answers. */
function contextOf(headers) {
  const remainingMs = Number(headers["cumulet-remaining-ms"]);
  const receivedMs = performance.now();
  return {
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parseHeader(headers["lambda-runtime-client-context"], "ClientContext"),
    identity: parseHeader(headers["lambda-runtime-cognito-identity"], "CognitoIdentity"),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    tenantId: headers["lambda-runtime-aws-tenant-id"],
    getRemainingTimeInMillis: () => Math.round(remainingMs - (performance.now() - receivedMs)),
  };
}

function parseHeader(text, name) {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`Cannot parse ${name} as json: ${error}`);
  }
}

function serialize(result) {
  try {
    const text = JSON.stringify(result === undefined ? null : result);
    return text === undefined ? "null" : text;
  } catch {
    throw new Error("Unable to stringify response body");
  }
}

function handleBuffered(id, headers, body) {
  let answered = false;
  let waitsForEmptyLoop = true;

  const succeed = (result) => {
    if (answered) return;
    let text;
    try {
      text = serialize(result);
    } catch (error) {
      return fail(error);
    }
    answered = true;
    whenEmpty = () => {};
    client.respondAndNext(id, text, handle);
  };
  const fail = (error) => {
    if (answered) return;
    answered = true;
    whenEmpty = () => {};
    logError("Invoke Error", error);
    client.fail(id, toPayload(error), toXRayCause(error), handle);
  };
  // An async function whose promise never settles is an error; a plain one that never calls back answers null.
  whenEmpty = () => {
    if (answered) return;
    if (wants.async) fail(new NodeJsExit("The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes"));
    else succeed(null);
  };

  let called = false;
  const once = (run) => (...parameters) => {
    if (called) return;
    called = true;
    run(...parameters);
  };
  const callback = once((error, result) => {
    if (error !== undefined && error !== null) return fail(error);
    if (!waitsForEmptyLoop) return succeed(result);
    whenEmpty = () => setImmediate(() => succeed(result));
  });
  const done = (error, result) => error !== undefined && error !== null ? fail(error) : succeed(result);

  try {
    const context = contextOf(headers);
    if (!promisesOnly) {
      Object.defineProperty(context, "callbackWaitsForEmptyEventLoop", {
        get: () => waitsForEmptyLoop,
        set: (value) => { waitsForEmptyLoop = value; },
        enumerable: true,
      });
      context.succeed = once(succeed);
      context.fail = once((error) => done(error ?? "handled"));
      context.done = once(done);
    }
    const event = JSON.parse(body.toString("utf8"));
    const result = promisesOnly ? handler(event, context) : handler(event, context, callback);
    if (result && typeof result.then === "function") result.then(once(succeed), once((error) => done(error ?? "handled")));
    else if (promisesOnly) succeed(result);
  } catch (error) {
    fail(error);
  }
}

async function handleStreaming(id, headers, body) {
  const stream = new ResponseStream(client, id, wants.highWaterMark);
  let waitsForEmptyLoop = true;
  const fail = async (error) => {
    logError("Invoke Error", error);
    stream.fail(toPayload(error));
    await stream.received;
    client.next(handle);
  };
  // The loop may run empty while the last bytes are on their way: the socket keeps the process then.
  whenEmpty = () => {
    if (!stream.writableEnded) void fail(new NodeJsExit("The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes"));
  };
  try {
    const context = contextOf(headers);
    Object.defineProperty(context, "callbackWaitsForEmptyEventLoop", {
      get: () => waitsForEmptyLoop,
      set: (value) => { waitsForEmptyLoop = value; },
      enumerable: true,
    });
    const result = handler(JSON.parse(body.toString("utf8")), stream, context);
    if (!result || typeof result.then !== "function") return await fail("Streaming does not support non-async handlers.");
    if ((await result) !== undefined) console.warn("Streaming handlers ignore return values.");
    if (!stream.writableEnded) return await fail("Response stream is not finished.");
    await stream.received;
  } catch (error) {
    return await fail(error);
  }
  if (!waitsForEmptyLoop) return client.next(handle);
  client.working();
  whenEmpty = () => {
    whenEmpty = () => {};
    setImmediate(() => client.next(handle));
  };
}
