import type { VtlCase } from "./case.ts";

const PHOTOS = JSON.stringify({
  photos: {
    page: 1, pages: "1234", perpage: 100, total: "123398",
    photo: [
      { id: "12345678901", owner: "23456789@A12", secret: "abc123d456", server: "1234", farm: 1, title: "Sample photo 1", ispublic: 1, isfriend: 0, isfamily: 0 },
      { id: "23456789012", owner: "34567890@B23", secret: "bcd234e567", server: "2345", farm: 2, title: "Sample photo 2", ispublic: 1, isfriend: 0, isfamily: 0 },
    ],
  },
});

const INVOICE = JSON.stringify({
  DueDate: "2013-02-15", Balance: 1990.19, DocNumber: "SAMP001", Status: "Payable",
  Line: [{ Description: "Sample Expense", Amount: 500, DetailType: "ExpenseDetail", ExpenseDetail: { Customer: { value: "ABC123", name: "Sample Customer" }, Ref: { value: "DEF234", name: "Sample Construction" }, Account: { value: "EFG345", name: "Fuel" }, LineStatus: "Billable" } }],
  Vendor: { value: "GHI456", name: "Sample Bank" }, APRef: { value: "HIJ567", name: "Accounts Payable" }, TotalAmt: 1990.19,
});

const EMPLOYEE = JSON.stringify({
  QueryResponse: {
    maxResults: "1", startPosition: "1",
    Employee: {
      Organization: "false", Title: "Mrs.", GivenName: "Jane", MiddleName: "Lane", FamilyName: "Doe", DisplayName: "Jane Lane Doe", Active: "true", PrimaryPhone: { FreeFormNumber: "505.555.9999" },
      PrimaryEmailAddr: { Address: "janedoe@example.com" }, EmployeeType: "Regular", PrimaryAddr: { Line1: "123 Any Street", City: "Any City", CountrySubDivisionCode: "WA", PostalCode: "01234" },
    },
  },
  time: "2015-04-27T22:12:32.012Z",
});

const PETS = JSON.stringify([{ id: 1, type: "dog", price: 249.99 }, { id: 2, type: "cat", price: 124.99 }, { id: 3, type: "fish", price: 0.99 }]);

const CONTEXT = {
  stage: "beta", requestId: "r-1", apiId: "a-1", resourcePath: "/parent/child", resourceId: "res", httpMethod: "GET",
  identity: { sourceIp: "192.0.2.1", userAgent: "agent", accountId: null, apiKey: "key", caller: null, user: null, userArn: null },
};

/** The examples of the developer guide. */
export const documented: VtlCase[] = [
  {
    name: "photos, out",
    template: `#set($inputRoot = $input.path('$'))
{
  "photos": [
#foreach($elem in $inputRoot.photos.photo)
    {
      "id": "$elem.id",
      "owner": "$elem.owner",
      "title": "$elem.title",
      "ispublic": $elem.ispublic,
      "isfriend": $elem.isfriend,
      "isfamily": $elem.isfamily
    }#if($foreach.hasNext),#end

#end
  ]
}`,
    body: PHOTOS,
    json: { photos: [{ id: "12345678901", owner: "23456789@A12", title: "Sample photo 1", ispublic: 1, isfriend: 0, isfamily: 0 }, { id: "23456789012", owner: "34567890@B23", title: "Sample photo 2", ispublic: 1, isfriend: 0, isfamily: 0 }] },
  },
  {
    name: "photos, in",
    template: `#set($inputRoot = $input.path('$'))
{
  "photos": {
    "page": $inputRoot.photos.page,
    "pages": "$inputRoot.photos.pages",
    "perpage": $inputRoot.photos.perpage,
    "photo": [
#foreach($elem in $inputRoot.photos.photo)
      { "id": "$elem.id", "secret": "$elem.secret", "farm": $elem.farm }#if($foreach.hasNext),#end

#end
    ]
  }
}`,
    body: PHOTOS,
    json: { photos: { page: 1, pages: "1234", perpage: 100, photo: [{ id: "12345678901", secret: "abc123d456", farm: 1 }, { id: "23456789012", secret: "bcd234e567", farm: 2 }] } },
  },
  {
    name: "invoice, out",
    template: `#set($inputRoot = $input.path('$'))
{
  "DueDate": "$inputRoot.DueDate",
  "Balance": $inputRoot.Balance,
  "Line": [
#foreach($elem in $inputRoot.Line)
    {
      "Amount": $elem.Amount,
      "Customer": "$elem.ExpenseDetail.Customer.value ($elem.ExpenseDetail.Customer.name)",
      "Ref": "$elem.ExpenseDetail.Ref.value ($elem.ExpenseDetail.Ref.name)",
      "Account": "$elem.ExpenseDetail.Account.value ($elem.ExpenseDetail.Account.name)"
    }#if($foreach.hasNext),#end
#end
  ],
  "TotalAmt": $inputRoot.TotalAmt
}`,
    body: INVOICE,
    json: { DueDate: "2013-02-15", Balance: 1990.19, Line: [{ Amount: 500, Customer: "ABC123 (Sample Customer)", Ref: "DEF234 (Sample Construction)", Account: "EFG345 (Fuel)" }], TotalAmt: 1990.19 },
  },
  {
    name: "invoice, in",
    template: `#set($inputRoot = $input.path('$'))
{ "Vendor": { "value": "$inputRoot.Vendor.value", "name": "$inputRoot.Vendor.name" }, "APRef": $input.json('$.APRef'), "n": $inputRoot.Line.size() }`,
    body: INVOICE,
    json: { Vendor: { value: "GHI456", name: "Sample Bank" }, APRef: { value: "HIJ567", name: "Accounts Payable" }, n: 1 },
  },
  {
    name: "employee, out",
    template: `#set($inputRoot = $input.path('$'))
{
  "QueryResponse": {
    "maxResults": "$inputRoot.QueryResponse.maxResults",
    "Employees": [
      {
        "Title": "$inputRoot.QueryResponse.Employee.Title",
        "PrimaryPhone": "$inputRoot.QueryResponse.Employee.PrimaryPhone.FreeFormNumber",
        "Email": [ { "type": "primary", "Address": "$inputRoot.QueryResponse.Employee.PrimaryEmailAddr.Address" } ],
        "PrimaryAddr": { "City": "$inputRoot.QueryResponse.Employee.PrimaryAddr.City", "PostalCode": "$inputRoot.QueryResponse.Employee.PrimaryAddr.PostalCode" }
      }
    ]
  },
  "time": "$inputRoot.time"
}`,
    body: EMPLOYEE,
    json: { QueryResponse: { maxResults: "1", Employees: [{ Title: "Mrs.", PrimaryPhone: "505.555.9999", Email: [{ type: "primary", Address: "janedoe@example.com" }], PrimaryAddr: { City: "Any City", PostalCode: "01234" } }] }, time: "2015-04-27T22:12:32.012Z" },
  },
  {
    name: "news",
    template: `#set($inputRoot = $input.path('$'))
{
  "articles": [
#foreach($elem in $inputRoot.articles)
    { "title": "$elem.title", "date": "$elem.date", "keywords": "$elem.keywords.get(0)", "author": "$elem.author.first $elem.author.last" }#if($foreach.hasNext),#end
#end
  ]
}`,
    body: JSON.stringify({ articles: [{ title: "A", date: "d1", keywords: ["k1", "k2"], author: { first: "F", last: "L" } }, { title: "B", date: "d2", keywords: ["k3"], author: { first: "G", last: "M" } }] }),
    json: { articles: [{ title: "A", date: "d1", keywords: "k1", author: "F L" }, { title: "B", date: "d2", keywords: "k3", author: "G M" }] },
  },
  {
    name: "$context variables",
    template: `{
    "stage" : "$context.stage",
    "request_id" : "$context.requestId",
    "api_id" : "$context.apiId",
    "resource_path" : "$context.resourcePath",
    "resource_id" : "$context.resourceId",
    "http_method" : "$context.httpMethod",
    "source_ip" : "$context.identity.sourceIp",
    "user-agent" : "$context.identity.userAgent",
    "account_id" : "$context.identity.accountId",
    "api_key" : "$context.identity.apiKey",
    "caller" : "$context.identity.caller",
    "user" : "$context.identity.user",
    "user_arn" : "$context.identity.userArn"
}`,
    context: CONTEXT,
    json: { stage: "beta", request_id: "r-1", api_id: "a-1", resource_path: "/parent/child", resource_id: "res", http_method: "GET", source_ip: "192.0.2.1", "user-agent": "agent", account_id: "", api_key: "key", caller: "", user: "", user_arn: "" },
  },
  {
    name: "all parameters",
    template: `#set($allParams = $input.params())
{
  "params" : {
    #foreach($type in $allParams.keySet())
    #set($params = $allParams.get($type))
    "$type" : {
      #foreach($paramName in $params.keySet())
      "$paramName" : "$util.escapeJavaScript($params.get($paramName))"
      #if($foreach.hasNext),#end
      #end
    }
    #if($foreach.hasNext),#end
    #end
  }
}`,
    params: { path: { id: "7" }, querystring: { a: "1", b: 'say "hi"' }, header: { Accept: "*" } },
    json: { params: { path: { id: "7" }, querystring: { a: "1", b: 'say "hi"' }, header: { Accept: "*" } } },
  },
  {
    name: "a parameter and the whole body",
    template: `{
    "name" : "$input.params('name')",
    "body" : $input.json('$')
}`,
    params: { querystring: { name: "Bella" } },
    body: PETS,
    json: { name: "Bella", body: JSON.parse(PETS) as unknown },
  },
  {
    name: "a parameter and a part of the body",
    template: `{ "name" : "$input.params('name')", "body" : $input.json('$.mykey') }`,
    params: { querystring: { name: "Bella" } },
    body: '{"mykey":{"deep":[1,{"x":null}]}}',
    json: { name: "Bella", body: { deep: [1, { x: null }] } },
  },
  {
    name: "escaped JSON within JSON",
    template: `{"body" : "$util.escapeJavaScript($input.json('$.mykey'))"}`,
    body: '{"mykey":{"k":"v"}}',
    output: '{"body" : "{\\"k\\":\\"v\\"}"}',
  },
  {
    name: "id, count and things",
    template: `{
    "id" : "$input.params('id')",
    "count" : "$input.path('$.things').size()",
    "things" : $input.json('$.things')
}`,
    params: { path: { id: "abc" } },
    body: '{"things":{"1":{},"2":{},"3":{}}}',
    json: { id: "abc", count: "3", things: { 1: {}, 2: {}, 3: {} } },
  },
  {
    name: "parseJson of an error message",
    template: `#set ($errorMessageObj = $util.parseJson($input.path('$.errorMessage')))
{
   "errorMessageObjKey2ArrVal" : $errorMessageObj.key2.arr[0]
}`,
    body: JSON.stringify({ errorMessage: JSON.stringify({ key1: "var1", key2: { arr: [1, 2, 3] } }) }),
    output: '{\n   "errorMessageObjKey2ArrVal" : 1\n}',
  },
  {
    name: "escapeJavaScript with its single quotes put back",
    template: `$util.escapeJavaScript($input.path('$.q')).replaceAll("\\\\'","'")`,
    body: `{"q":"it's \\"so\\""}`,
    output: `it's \\"so\\"`,
  },
  {
    name: "request overrides",
    template: `#set($context.requestOverride.header.header1 = $input.params('header1'))
#set($context.requestOverride.path.pathName1 = "two")
#set($context.requestOverride.querystring.q = 'x')
$input.body`,
    params: { header: { header1: "one" } },
    body: "kept",
    output: "kept",
    overrides: { request: { header: { header1: "one" }, path: { pathName1: "two" }, querystring: { q: "x" } } },
  },
  {
    name: "response overrides",
    template: `#set($inputRoot = $input.path('$'))
$input.json("$")
#set($context.responseOverride.header.hvalue = "myheader")
#if($inputRoot.toString().contains("error"))
#set($context.responseOverride.status = 400)
#end`,
    body: '{"error":"bad"}',
    output: '{"error":"bad"}\n',
    overrides: { response: { header: { hvalue: "myheader" }, status: 400 } },
  },
  {
    name: "a DynamoDB item",
    template: `{
    "TableName": "Comments",
    "Item": {
        "commentId": { "S": "$context.requestId" },
        "pageId": { "S": "$input.path('$.pageId')" },
        "message": { "S": "$input.path('$.message')" }
    }
}`,
    context: CONTEXT,
    body: '{"pageId":"p1","message":"hello"}',
    json: { TableName: "Comments", Item: { commentId: { S: "r-1" }, pageId: { S: "p1" }, message: { S: "hello" } } },
  },
  {
    name: "a DynamoDB query's answer",
    template: `#set($inputRoot = $input.path('$'))
{
    "comments": [
        #foreach($elem in $inputRoot.Items) {
            "commentId": "$elem.commentId.S",
            "n": $elem.n.N
        }#if($foreach.hasNext),#end
	#end
    ]
}`,
    body: '{"Count":2,"Items":[{"commentId":{"S":"a"},"n":{"N":"1"}},{"commentId":{"S":"b"},"n":{"N":"2"}}]}',
    json: { comments: [{ commentId: "a", n: 1 }, { commentId: "b", n: 2 }] },
  },
  {
    name: "an SQS message",
    template: "Action=SendMessage&MessageBody=$util.urlEncode($input.body)&MessageAttribute.1.Name=id&MessageAttribute.1.Value=$util.urlEncode($input.params('id'))",
    params: { path: { id: "a b&c" } },
    body: '{"k":"v/ü"}',
    output: "Action=SendMessage&MessageBody=%7B%22k%22%3A%22v%2F%C3%BC%22%7D&MessageAttribute.1.Name=id&MessageAttribute.1.Value=a+b%26c",
  },
  {
    name: "Kinesis data in Base64",
    template: `{ "StreamName": "$input.params('stream-name')", "Data": "$util.base64Encode($input.json('$.Data'))", "PartitionKey": "$input.path('$.PartitionKey')" }`,
    params: { path: { "stream-name": "s1" } },
    body: '{"Data":"some data","PartitionKey":"p"}',
    json: { StreamName: "s1", Data: Buffer.from('"some data"').toString("base64"), PartitionKey: "p" },
  },
  {
    name: "Kinesis records in a loop",
    template: `{
    "StreamName": "$input.params('stream-name')",
    "Records": [
       #foreach($elem in $input.path('$.records'))
          { "Data": "$util.base64Encode($elem.data)", "PartitionKey": "$elem.partition-key"}#if($foreach.hasNext),#end
        #end
    ]
}`,
    params: { path: { "stream-name": "s1" } },
    body: '{"records":[{"data":"one","partition-key":"k1"},{"data":"two","partition-key":"k2"}]}',
    json: { StreamName: "s1", Records: [{ Data: "b25l", PartitionKey: "k1" }, { Data: "dHdv", PartitionKey: "k2" }] },
  },
  {
    name: "a Step Functions execution",
    template: `{
    "input": "$util.escapeJavaScript($input.json('$'))",
    "stateMachineArn": "$stageVariables.machine"
}`,
    stageVariables: { machine: "arn:aws:states:us-east-1:1:stateMachine:m" },
    body: '{"a":[1,2]}',
    json: { input: '{"a":[1,2]}', stateMachineArn: "arn:aws:states:us-east-1:1:stateMachine:m" },
  },
  {
    name: "stage variables in three spellings",
    template: "$stageVariables.one $stageVariables['two'] ${stageVariables['three']} ${stageVariables.one}!",
    stageVariables: { one: "1", two: "2", three: "3" },
    output: "1 2 3 1!",
  },
  {
    name: "a Lambda error as the caller wants it",
    template: `#set($errorMessageObj = $util.parseJson($input.path('$.errorMessage')))
{
  "code" : "$errorMessageObj.code",
  "message" : "$errorMessageObj.message",
  "request-id" : "$errorMessageObj.requestId"
}`,
    body: JSON.stringify({ errorMessage: '{"code":"NotFound","message":"no such \\"thing\\"","requestId":"r"}', errorType: "Error" }),
    output: '{\n  "code" : "NotFound",\n  "message" : "no such "thing"",\n  "request-id" : "r"\n}',
  },
  {
    name: "a GET's parameters as the function's input",
    template: `{ "a": "$input.params('operand1')", "b": "$input.params('operand2')", "op": "$input.params('operator')" }`,
    params: { querystring: { operand1: "9", operand2: "3" }, path: { operator: "div" } },
    json: { a: "9", b: "3", op: "div" },
  },
  {
    name: "the pass-through template of the console",
    template: `##  See https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
##  This template will pass through all parameters
#set($allParams = $input.params())
{
"body-json" : $input.json('$'),
"params" : {
#foreach($type in $allParams.keySet())
    #set($params = $allParams.get($type))
"$type" : {
    #foreach($paramName in $params.keySet())
    "$paramName" : "$util.escapeJavaScript($params.get($paramName))"
        #if($foreach.hasNext),#end
    #end
}
    #if($foreach.hasNext),#end
#end
},
"stage-variables" : {
#foreach($key in $stageVariables.keySet())
"$key" : "$util.escapeJavaScript($stageVariables.get($key))"
    #if($foreach.hasNext),#end
#end
},
"context" : {
    "api-id" : "$context.apiId",
    "authorizer-principal-id" : "$context.authorizer.principalId",
    "caller" : "$context.identity.caller",
    "http-method" : "$context.httpMethod",
    "stage" : "$context.stage",
    "source-ip" : "$context.identity.sourceIp",
    "request-id" : "$context.requestId",
    "resource-path" : "$context.resourcePath"
    }
}`,
    body: '{"in":true}',
    params: { path: {}, querystring: { q: "1" }, header: { Host: "h" } },
    stageVariables: { v: "w" },
    context: CONTEXT,
    json: {
      "body-json": { in: true }, params: { path: {}, querystring: { q: "1" }, header: { Host: "h" } }, "stage-variables": { v: "w" },
      context: { "api-id": "a-1", "authorizer-principal-id": "", caller: "", "http-method": "GET", stage: "beta", "source-ip": "192.0.2.1", "request-id": "r-1", "resource-path": "/parent/child" },
    },
  },
];
