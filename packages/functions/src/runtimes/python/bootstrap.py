"""Lambda's Python runtime for plain processes.

Loads the handler, then takes one event after another from the Runtime API over one socket that stays open; an answer
and the request for the next event leave in one write. Standard library only, Python 3.8 or later.
"""

import importlib
import json
import logging
import os
import re
import socket
import sys
import time
import traceback

PREFIX = "/2018-06-01/runtime/"
HERE = os.path.dirname(os.path.abspath(__file__))
JSON_LOGS = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
FRAME_FD = os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", None)
FRAME_TEXT = 0xA55A0003
FRAME_JSON = 0xA55A0002
# Lambda marks the depth of a traceback with no-break spaces, because the console would swallow ordinary ones.
INDENT = "\u00a0"
# Runtimes from 3.12 on answer with the characters themselves, earlier ones with \u escapes.
ASCII_ONLY = os.environ.get("AWS_EXECUTION_ENV", "") in {"AWS_Lambda_python3.%d" % minor for minor in range(6, 12)}
JSON_LOG_MEMBERS = {
    "name", "msg", "args", "levelname", "levelno", "pathname", "filename", "module", "exc_info", "exc_text",
    "stack_info", "lineno", "funcName", "created", "msecs", "relativeCreated", "thread", "threadName", "processName",
    "process", "taskName", "aws_request_id", "tenant_id",
}


class Fault(Exception):
    """An error of the runtime itself, with Lambda's name for it."""

    def __init__(self, error_type, message, trace=None):
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.trace = trace


class Invocation:
    """What the log needs to know of the event under way."""

    request_id = None
    tenant_id = None


# --- logging ---------------------------------------------------------------------------------------------------------


def write_frame(kind, level, text):
    """One log event, kept together even when it has several lines."""
    sys.stdout.flush()
    data = text.encode("utf-8", "replace")
    frame_type = kind | ((min(level // 10, 5) + 1) << 2 if level else 0)
    frame = frame_type.to_bytes(4, "big") + len(data).to_bytes(4, "big") + (time.time_ns() // 1000).to_bytes(8, "big") + data
    view = memoryview(frame)
    while view:
        try:
            view = view[os.write(int(FRAME_FD), view):]
        except BlockingIOError:
            time.sleep(0.001)


def flush_output():
    sys.stdout.flush()
    sys.stderr.flush()


class LambdaHandler(logging.Handler):
    def emit(self, record):
        text = self.format(record)
        if FRAME_FD is None:
            sys.stdout.write(text)
        else:
            write_frame(FRAME_JSON if JSON_LOGS else FRAME_TEXT, record.levelno, text)


class InvocationFilter(logging.Filter):
    def filter(self, record):
        record.aws_request_id = Invocation.request_id or ""
        record.tenant_id = Invocation.tenant_id
        return True


class JsonFormatter(logging.Formatter):
    converter = time.gmtime

    def format(self, record):
        error = record.exc_info
        event = {
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": logging.getLevelName(min(50, max(0, record.levelno)) // 10 * 10),
            "message": record.getMessage(),
            "logger": record.name,
            "stackTrace": traceback.format_tb(error[2]) if error else None,
            "errorType": error[0].__name__ if error else None,
            "errorMessage": str(error[1]) if error else None,
            "requestId": getattr(record, "aws_request_id", None),
            "location": "%s:%s:%s" % (record.pathname, record.funcName, record.lineno) if error else None,
            "tenantId": getattr(record, "tenant_id", None),
        }
        for key, value in record.__dict__.items():
            if key not in JSON_LOG_MEMBERS and key not in event:
                event[key] = value
        return json.dumps({key: value for key, value in event.items() if value is not None}, ensure_ascii=False, default=str) + "\n"


def set_up_logging():
    root = logging.getLogger()
    handler = LambdaHandler()
    if JSON_LOGS:
        handler.setFormatter(JsonFormatter())
    else:
        formatter = logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        handler.setFormatter(formatter)
    handler.addFilter(InvocationFilter())
    root.addHandler(handler)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    level = "DEBUG" if level == "TRACE" else level
    if isinstance(logging.getLevelName(level), int):
        root.setLevel(level)


def log_error(error):
    """The error of a handler, as Lambda prints it."""
    if JSON_LOGS:
        event = {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "log_level": "ERROR", **error}
        text = json.dumps(event, ensure_ascii=False, default=str)
        if FRAME_FD is None:
            sys.stdout.write(text + "\n")
        else:
            write_frame(FRAME_JSON, logging.ERROR, text)
        return
    lines = ["[ERROR] %s: %s" % (error["errorType"], error["errorMessage"]) if error["errorMessage"] else "[ERROR] " + error["errorType"]]
    if error["stackTrace"]:
        lines.append("Traceback (most recent call last):")
        for element in error["stackTrace"]:
            for line in element.splitlines():
                text = line.lstrip(" ")
                lines.append(INDENT * (len(line) - len(text)) + text)
    if FRAME_FD is None:
        sys.stdout.write("\r".join(lines) + "\n")
    else:
        write_frame(FRAME_TEXT, logging.ERROR, "\n".join(lines))


# --- the Runtime API -------------------------------------------------------------------------------------------------


class RuntimeClient:
    """The Runtime API over one raw socket. It speaks only what the platform answers: HTTP/1.1 with Content-Length."""

    def __init__(self, api):
        self.api = api
        host, _, port = api.rpartition(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.unread = 0

    def next(self):
        """The next event: headers by lower-case name, body."""
        self.socket.sendall(self._next_request())
        return self._read_next()

    def respond_and_next(self, request_id, body, content_type):
        flush_output()
        head = "POST %sinvocation/%s/response HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (
            PREFIX, request_id, self.api, content_type, len(body))
        self.unread += 1
        self.socket.sendall(head.encode("latin-1") + body + self._next_request())
        return self._read_next()

    def fail_and_next(self, request_id, error, cause):
        flush_output()
        self.unread += 1
        self.socket.sendall(self._error_request("invocation/%s/error" % request_id, error, cause) + self._next_request())
        return self._read_next()

    def init_error(self, error):
        flush_output()
        self.socket.sendall(self._error_request("init/error", error, None))
        self._read()

    def _next_request(self):
        return ("GET %sinvocation/next HTTP/1.1\r\nHost: %s\r\n\r\n" % (PREFIX, self.api)).encode("latin-1")

    def _error_request(self, path, error, cause):
        body = to_json(error).encode("utf-8")
        error_type = error["errorType"].encode("ascii", "replace").decode("ascii").replace("\r", " ").replace("\n", " ")
        extra = "Lambda-Runtime-Function-XRay-Error-Cause: %s\r\n" % cause if cause else ""
        head = "POST %s%s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nLambda-Runtime-Function-Error-Type: %s\r\n%sContent-Length: %d\r\n\r\n" % (
            PREFIX, path, self.api, error_type, extra, len(body))
        return head.encode("latin-1") + body

    def _read_next(self):
        while self.unread:
            self._read()
            self.unread -= 1
        return self._read()

    def _read(self):
        while True:
            end = self.buffer.find(b"\r\n\r\n")
            if end >= 0:
                break
            self._receive()
        headers = {}
        for line in self.buffer[:end].decode("latin-1").split("\r\n")[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        total = end + 4 + int(headers.get("content-length", "0"))
        if len(self.buffer) < total:
            chunks = [self.buffer]
            missing = total - len(self.buffer)
            while missing > 0:
                chunk = self.socket.recv(max(65536, missing))
                if not chunk:
                    os._exit(1)
                chunks.append(chunk)
                missing -= len(chunk)
            self.buffer = b"".join(chunks)
        body = self.buffer[end + 4:total]
        self.buffer = self.buffer[total:]
        return headers, body

    def _receive(self):
        chunk = self.socket.recv(65536)
        if not chunk:
            # Without a platform there is nobody to work for.
            os._exit(1)
        self.buffer += chunk


# --- events, context, answers ----------------------------------------------------------------------------------------


class CognitoIdentity:
    __slots__ = ["cognito_identity_id", "cognito_identity_pool_id"]


class Client:
    __slots__ = ["installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"]


class ClientContext:
    __slots__ = ["custom", "env", "client"]


class LambdaContext:
    def __init__(self, headers):
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        self._ends = time.monotonic() + float(headers.get("cumulet-remaining-ms", "0")) / 1000
        self.client_context = self._client_context(headers.get("lambda-runtime-client-context"))
        self.identity = self._identity(headers.get("lambda-runtime-cognito-identity"))

    def get_remaining_time_in_millis(self):
        return max(int((self._ends - time.monotonic()) * 1000), 0)

    def log(self, message):
        for stream in (sys.stdout,):
            stream.write(message if isinstance(message, str) else str(message))

    def _client_context(self, text):
        if not text:
            return None
        value = parse_header(text, "Client Context")
        context = fill(ClientContext(), value, ["custom", "env"])
        context.client = fill(Client(), value["client"], Client.__slots__) if value.get("client") else None
        return context

    def _identity(self, text):
        identity = CognitoIdentity()
        value = parse_header(text, "Cognito Identity") if text else {}
        identity.cognito_identity_id = value.get("cognitoIdentityId")
        identity.cognito_identity_pool_id = value.get("cognitoIdentityPoolId")
        return identity

    def __repr__(self):
        members = ["aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb",
                   "function_version", "invoked_function_arn", "client_context", "identity", "tenant_id"]
        return "LambdaContext([%s])" % ",".join("%s=%s" % (name, getattr(self, name)) for name in members)


def fill(target, values, names):
    for name in names:
        setattr(target, name, values.get(name))
    return target


def parse_header(text, name):
    try:
        return json.loads(text)
    except Exception as error:
        raise Fault("Runtime.LambdaContextUnmarshalError", "Unable to parse %s JSON: %s" % (name, error))


# Stands around a Decimal's digits until the JSON text is complete: the encoder has no way to write a number as it is.
MARK = "\x00decimal\x00"
MARKED = re.compile(r'"(?:\\u0000decimal\\u0000)([^"\\]*)"')


class Encoder(json.JSONEncoder):
    """JSON that writes a Decimal as the number it is, with all its digits, as Lambda's own encoder does."""

    decimals = False

    def default(self, o):
        import decimal

        if isinstance(o, decimal.Decimal):
            if o.is_nan():
                return float("nan")
            self.decimals = True
            return MARK + str(o)
        return super().default(o)


def to_json(value):
    encoder = Encoder(ensure_ascii=ASCII_ONLY)
    text = encoder.encode(value)
    return MARKED.sub(r"\1", text) if encoder.decimals else text


def make_error(error_type, message, trace, request_id=None):
    return {"errorMessage": message or "", "errorType": error_type or "", "requestId": request_id or "", "stackTrace": trace or []}


def user_frames(tb):
    """The traceback without the frames of this file."""
    frames = traceback.extract_tb(tb)
    for index, frame in enumerate(frames):
        if frame.filename != os.path.abspath(__file__):
            return frames[index:]
    return frames


def xray_cause(error_type, message, frames):
    cause = {
        "working_directory": os.getcwd(),
        "exceptions": [{"message": message, "type": error_type, "stack": [{"label": f.name, "path": f.filename, "line": f.lineno} for f in frames]}],
        "paths": sorted({f.filename for f in frames}),
    }
    text = json.dumps(cause)
    return text if len(text) <= 16384 else None


def load_handler(handler):
    module_name, dot, function_name = handler.rpartition(".")
    if not dot:
        raise Fault("Runtime.MalformedHandlerName", "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % handler)
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", "Cannot use built-in module %s as a handler module" % module_name)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, error))
    except SyntaxError as error:
        trace = ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)]
        raise Fault("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error), trace)
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise Fault("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function_name, module_name))


def run_handler(handler, headers, body):
    """(answer, content type), or raises."""
    context = LambdaContext(headers)
    try:
        event = json.loads(body)
    except Exception as error:
        raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error)
    result = handler(event, context)
    if isinstance(result, bytes):
        return result, "application/unknown"
    try:
        return to_json(result).encode("utf-8"), "application/json"
    except Exception as error:
        raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error)


def prepare_path():
    """Where `import` looks: the function first, then layers, then this machine; never this runtime's own folder."""
    sys.path[:] = [entry for entry in sys.path if entry not in (HERE, "")]
    version = "python%d.%d" % sys.version_info[:2]
    # The runtime's version decides about layers even where this machine runs another one.
    wanted = os.environ.get("AWS_EXECUTION_ENV", "").replace("AWS_Lambda_", "") or version
    opt = os.environ.get("CUMULET_OPT")
    if opt:
        os.environ.pop("CUMULET_OPT")
        sys.path.insert(0, os.path.join(opt, "python", "lib", wanted, "site-packages"))
        sys.path.insert(0, os.path.join(opt, "python"))
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])


def main():
    # A line is out as soon as it is complete; what has no newline yet goes out before an answer.
    sys.stdout.reconfigure(line_buffering=True)
    sys.stderr.reconfigure(line_buffering=True)
    os.environ.pop("PYTHONPYCACHEPREFIX", None)
    client = RuntimeClient(os.environ["AWS_LAMBDA_RUNTIME_API"])
    prepare_path()
    set_up_logging()
    try:
        handler = load_handler(os.environ.get("_HANDLER", ""))
    except Fault as fault:
        error = make_error(fault.error_type, fault.message, fault.trace)
    except Exception as exception:
        error = make_error(type(exception).__name__, str(exception), traceback.format_list(user_frames(exception.__traceback__)))
    else:
        error = None
    if error is not None:
        log_error(error)
        client.init_error(error)
        sys.exit(1)

    headers, body = client.next()
    while True:
        request_id = headers["lambda-runtime-aws-request-id"]
        Invocation.request_id = request_id
        Invocation.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        trace_id = headers.get("lambda-runtime-trace-id")
        if trace_id:
            os.environ["_X_AMZN_TRACE_ID"] = trace_id
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        try:
            answer, content_type = run_handler(handler, headers, body)
        except Fault as fault:
            error = make_error(fault.error_type, fault.message, fault.trace, request_id)
            log_error(error)
            headers, body = client.fail_and_next(request_id, error, xray_cause("LambdaValidationError", fault.message, []))
        except Exception as exception:
            frames = user_frames(exception.__traceback__)
            error = make_error(type(exception).__name__, str(exception), traceback.format_list(frames), request_id)
            log_error(error)
            headers, body = client.fail_and_next(request_id, error, xray_cause(type(exception).__name__, str(exception), frames))
        else:
            headers, body = client.respond_and_next(request_id, answer, content_type)


if __name__ == "__main__":
    main()
