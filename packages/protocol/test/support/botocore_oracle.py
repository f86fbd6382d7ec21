"""botocore's serializers and parsers as an oracle: one JSON question a line in, one JSON answer a line out.

Bytes travel as {"$b": base64}, timestamps as {"$t": milliseconds}.
"""
import base64
import calendar
import datetime
import io
import json
import sys
import urllib.parse

import botocore.parsers
import botocore.serialize
import botocore.session
from botocore.compat import HTTPHeaders

SESSION = botocore.session.Session()
MODELS = {}
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def model(service):
    if service not in MODELS:
        MODELS[service] = SESSION.get_service_model(service)
    return MODELS[service]


def operation_of(question):
    """CloudFront's operations carry the version of the API in botocore's model."""
    service = model(question["service"])
    name = question["operation"]
    names = [known for known in service.operation_names if known == name or known.startswith(name + "20")]
    return service.operation_model(min(names, key=len))


def decode(value):
    if isinstance(value, dict):
        if set(value) == {"$b"}:
            return base64.b64decode(value["$b"])
        if set(value) == {"$t"}:
            return EPOCH + datetime.timedelta(milliseconds=value["$t"])
        return {key: decode(item) for key, item in value.items()}
    return [decode(item) for item in value] if isinstance(value, list) else value


def encode(value):
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, (bytes, bytearray)):
        return {"$b": base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            value = value.replace(tzinfo=datetime.timezone.utc)
        return {"$t": calendar.timegm(value.utctimetuple()) * 1000 + value.microsecond // 1000}
    if hasattr(value, "read"):
        return encode(value.read())
    return value


def serialize(question):
    operation = operation_of(question)
    serializer = botocore.serialize.create_serializer(question["protocol"], include_validation=False)
    request = serializer.serialize_to_request(decode(question["input"]), operation)
    path, _, fixed = request["url_path"].partition("?")
    query = request["query_string"]
    text = query if isinstance(query, str) else urllib.parse.urlencode(query, doseq=True, quote_via=urllib.parse.quote)
    body = request["body"]
    headers = {key.lower(): str(value) for key, value in request["headers"].items()}
    if isinstance(body, dict):
        body = urllib.parse.urlencode(body, doseq=True)
    if isinstance(body, str):
        body = body.encode()
    if hasattr(body, "read"):
        body = body.read()
    return {
        "method": request["method"], "path": path, "headers": headers, "body": base64.b64encode(bytes(body)).decode(),
        "query": "&".join(part for part in (fixed, text) if part),
    }


def parse(question):
    operation = operation_of(question)
    parser = botocore.parsers.create_parser(question["protocol"])
    body = base64.b64decode(question["body"])
    if operation.has_streaming_output and question["status"] < 300:
        body = io.BytesIO(body)
    headers = HTTPHeaders.from_dict(question["headers"])
    response = {"status_code": question["status"], "headers": headers, "body": body, "context": {"operation_name": operation.name}}
    return encode(parser.parse(response, operation.output_shape))


for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = {"ok": serialize(asked) if asked["kind"] == "serialize" else parse(asked)}
    except Exception as failure:  # the test shows it
        answer = {"error": f"{type(failure).__name__}: {failure}"}
    print(json.dumps(answer))
