"""The slice of every service through boto3: fails with a traceback at the first thing that is not as on AWS."""
import io
import json
import zipfile

import boto3
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

session = boto3.session.Session()
assert session.client("sts").get_caller_identity()["Account"] == "000000000000"

table = session.resource("dynamodb").create_table(
    TableName="py-table", BillingMode="PAY_PER_REQUEST",
    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}],
    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}])
table.wait_until_exists()
with table.batch_writer() as batch:
    for n in range(60):
        batch.put_item(Item={"pk": "a", "sk": n, "even": n % 2 == 0, "tags": {"x", "y"}, "bytes": b"\x00\xff"})
page = table.query(KeyConditionExpression=Key("pk").eq("a") & Key("sk").between(10, 19), FilterExpression=Attr("even").eq(True))
assert [int(item["sk"]) for item in page["Items"]] == [10, 12, 14, 16, 18], page
assert page["ScannedCount"] == 10
updated = table.update_item(Key={"pk": "a", "sk": 1}, UpdateExpression="SET n = if_not_exists(n, :zero) + :one ADD hits :one REMOVE even",
                            ExpressionAttributeValues={":zero": 0, ":one": 1}, ReturnValues="ALL_NEW")
assert updated["Attributes"]["n"] == 1 and "even" not in updated["Attributes"]
try:
    table.put_item(Item={"pk": "a", "sk": 1}, ConditionExpression="attribute_not_exists(pk)")
    raise AssertionError("the condition held")
except ClientError as error:
    assert error.response["Error"]["Code"] == "ConditionalCheckFailedException", error.response
    assert error.response["Error"]["Message"] == "The conditional request failed", error.response
assert sum(page["Count"] for page in session.client("dynamodb").get_paginator("scan").paginate(TableName="py-table", PaginationConfig={"PageSize": 7})) == 60

s3 = session.client("s3")
s3.create_bucket(Bucket="py-bucket")
s3.upload_fileobj(io.BytesIO(b"z" * (12 << 20)), "py-bucket", "big")
assert s3.head_object(Bucket="py-bucket", Key="big")["ContentLength"] == 12 << 20
assert s3.head_object(Bucket="py-bucket", Key="big")["ETag"].endswith('-2"')
part = s3.get_object(Bucket="py-bucket", Key="big", Range="bytes=5-9")
assert part["Body"].read() == b"zzzzz" and part["ResponseMetadata"]["HTTPStatusCode"] == 206
try:
    s3.get_object(Bucket="py-bucket", Key="missing")
    raise AssertionError("a missing key was found")
except s3.exceptions.NoSuchKey as error:
    assert error.response["Error"]["Message"] == "The specified key does not exist.", error.response

iam = session.client("iam")
role = iam.create_role(RoleName="py", AssumeRolePolicyDocument=json.dumps({
    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))["Role"]
code = io.BytesIO()
with zipfile.ZipFile(code, "w") as archive:
    archive.writestr("main.py", "def run(event, context):\n    if event.get('fail'): raise ValueError('as asked')\n    return event['n'] * 2\n")
functions = session.client("lambda")
functions.create_function(FunctionName="py", Runtime="python3.12", Role=role["Arn"], Handler="main.run", Code={"ZipFile": code.getvalue()})
functions.get_waiter("function_active_v2").wait(FunctionName="py")
answer = functions.invoke(FunctionName="py", Payload=json.dumps({"n": 21}))
assert json.load(answer["Payload"]) == 42 and "FunctionError" not in answer
failed = functions.invoke(FunctionName="py", Payload=json.dumps({"fail": True}))
report = json.load(failed["Payload"])
assert failed["FunctionError"] == "Unhandled" and report["errorType"] == "ValueError" and report["errorMessage"] == "as asked", report
print("boto3 is content")
