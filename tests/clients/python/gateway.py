"""API Gateway through boto3: fails with a traceback at the first thing that is not as on AWS."""
import io
import json
import os
import urllib.error
import urllib.request
import zipfile

import boto3
from botocore.exceptions import ClientError

session = boto3.session.Session()
endpoint = os.environ["AWS_ENDPOINT_URL"]
rest, http, functions = session.client("apigateway"), session.client("apigatewayv2"), session.client("lambda")
role = session.client("iam").create_role(RoleName="py-gateway", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]}))["Role"]["Arn"]


def call(path, method="GET", body=None, **headers):
    request = urllib.request.Request(endpoint + path, method=method, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)


archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as zipped:
    zipped.writestr("app.py", "import json\ndef handler(event, context):\n    return {'statusCode': 200, 'headers': {'X-Version': event.get('version', 'rest')}, 'body': json.dumps({'path': event.get('path') or event.get('rawPath'), 'id': event['pathParameters']['id'], 'q': event.get('queryStringParameters')})}\n")
function = functions.create_function(FunctionName="py-gateway", Runtime="python3.12", Role=role, Handler="app.handler", Code={"ZipFile": archive.getvalue()})["FunctionArn"]
functions.get_waiter("function_active_v2").wait(FunctionName="py-gateway")

# A REST API, part by part.
api = rest.create_rest_api(name="py")["id"]
root = rest.get_resources(restApiId=api)["items"][0]["id"]
things = rest.create_resource(restApiId=api, parentId=root, pathPart="things")["id"]
thing = rest.create_resource(restApiId=api, parentId=things, pathPart="{id}")["id"]
rest.put_method(restApiId=api, resourceId=thing, httpMethod="ANY", authorizationType="NONE")
rest.put_integration(restApiId=api, resourceId=thing, httpMethod="ANY", type="AWS_PROXY", integrationHttpMethod="POST",
                     uri="arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/%s/invocations" % function)
rest.put_method(restApiId=api, resourceId=things, httpMethod="GET", authorizationType="NONE", requestParameters={"method.request.querystring.page": True})
rest.put_integration(restApiId=api, resourceId=things, httpMethod="GET", type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
rest.put_method_response(restApiId=api, resourceId=things, httpMethod="GET", statusCode="200")
rest.put_integration_response(restApiId=api, resourceId=things, httpMethod="GET", statusCode="200", responseTemplates={"application/json": '{"page": "$input.params(\'page\')"}'})
rest.create_deployment(restApiId=api, stageName="live")
functions.add_permission(FunctionName="py-gateway", StatementId="rest", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com", SourceArn="arn:aws:execute-api:us-east-1:000000000000:%s/*/*/*" % api)
status, body, headers = call("/restapis/%s/live/_user_request_/things/7?q=1" % api)
assert (status, json.loads(body)) == (200, {"path": "/things/7", "id": "7", "q": {"q": "1"}}), body
assert call("/_aws/execute-api/%s/live/things?page=3" % api)[1] == '{"page": "3"}'
status, body, headers = call("/_aws/execute-api/%s/live/nothing" % api)
assert (status, body, headers["x-amzn-ErrorType"]) == (403, '{"message":"Missing Authentication Token"}', "MissingAuthenticationTokenException"), (status, body, headers)
assert rest.test_invoke_method(restApiId=api, resourceId=things, httpMethod="GET", pathWithQueryString="/things?page=1")["status"] == 200
assert json.loads(rest.get_export(restApiId=api, stageName="live", exportType="oas30")["body"].read())["openapi"] == "3.0.1"
names = zipfile.ZipFile(io.BytesIO(rest.get_sdk(restApiId=api, stageName="live", sdkType="javascript")["body"].read())).namelist()
assert "apiGateway-js-sdk/apigClient.js" in names, names
for wrong, code in [(lambda: rest.get_rest_api(restApiId="none"), "NotFoundException"), (lambda: rest.create_resource(restApiId=api, parentId=root, pathPart="things"), "ConflictException"), (lambda: rest.create_deployment(restApiId=rest.create_rest_api(name="empty")["id"]), "BadRequestException")]:
    try:
        wrong()
        raise AssertionError("no error")
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error

# Keys and plans: the quota is enforced.
rest.update_method(restApiId=api, resourceId=things, httpMethod="GET", patchOperations=[{"op": "replace", "path": "/apiKeyRequired", "value": "true"}])
rest.create_deployment(restApiId=api, stageName="live")
key = rest.create_api_key(name="k", enabled=True)
plan = rest.create_usage_plan(name="p", apiStages=[{"apiId": api, "stage": "live"}], quota={"limit": 2, "period": "DAY"})
rest.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
things_path = "/_aws/execute-api/%s/live/things?page=1" % api
assert call(things_path)[:2] == (403, '{"message":"Forbidden"}')
assert [call(things_path, **{"x-api-key": key["value"]})[0] for _ in range(3)] == [200, 200, 429]

# An HTTP API by quick create, with CORS.
quick = http.create_api(Name="py", ProtocolType="HTTP", Target=function, RouteKey="GET /things/{id}", CorsConfiguration={"AllowOrigins": ["https://example.com"]})
functions.add_permission(FunctionName="py-gateway", StatementId="http", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com", SourceArn="arn:aws:execute-api:us-east-1:000000000000:%s/*/*" % quick["ApiId"])
status, body, headers = call("/_aws/execute-api/%s/$default/things/8" % quick["ApiId"], Origin="https://example.com")
assert (status, json.loads(body)["id"], headers["x-version"], headers["access-control-allow-origin"]) == (200, "8", "2.0", "https://example.com"), (status, body, headers)
assert call("/_aws/execute-api/%s/$default/nothing" % quick["ApiId"])[:2] == (404, '{"message":"Not Found"}')

print("boto3 is content")
