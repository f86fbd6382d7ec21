# Every kind of API Gateway resource that makes sense on one machine.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  skip_credentials_validation = true
  skip_requesting_account_id  = false
  skip_metadata_api_check     = true
}

locals {
  fn     = aws_lambda_function.f.arn
  invoke = aws_lambda_function.f.invoke_arn
  cert   = "arn:aws:acm:us-east-1:000000000000:certificate/11111111-2222-3333-4444-555555555555"
}

resource "aws_iam_role" "f" {
  name               = "gateway-tf"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = ["lambda.amazonaws.com", "apigateway.amazonaws.com"] } }] })
}
resource "aws_lambda_function" "f" {
  function_name    = "gateway-tf"
  role             = aws_iam_role.f.arn
  runtime          = "nodejs22.x"
  handler          = "index.handler"
  filename         = "function.zip"
  source_code_hash = filebase64sha256("function.zip")
}
resource "aws_lambda_permission" "http" {
  statement_id  = "http"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.f.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.http.execution_arn}/*/*"
}
resource "aws_lambda_permission" "rest" {
  statement_id  = "rest"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.f.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.r.execution_arn}/*/*/*"
}
resource "aws_apigatewayv2_api" "http" {
  name          = "http"
  protocol_type = "HTTP"
  description   = "an api"
  cors_configuration {
    allow_origins = ["https://example.com"]
    allow_methods = ["GET"]
    max_age       = 30
  }
  tags = { a = "b" }
}
resource "aws_apigatewayv2_integration" "i" {
  api_id                 = aws_apigatewayv2_api.http.id
  integration_type       = "AWS_PROXY"
  integration_uri        = local.fn
  payload_format_version = "2.0"
}
resource "aws_apigatewayv2_integration" "h" {
  api_id             = aws_apigatewayv2_api.http.id
  integration_type   = "HTTP_PROXY"
  integration_method = "ANY"
  integration_uri    = "https://example.com/{proxy}"
  request_parameters = { "append:header.x" = "$request.header.y" }
  response_parameters {
    status_code = 403
    mappings    = { "append:header.auth" = "$context.authorizer.x" }
  }
}
resource "aws_apigatewayv2_route" "r" {
  api_id    = aws_apigatewayv2_api.http.id
  route_key = "GET /pets/{id}"
  target    = "integrations/${aws_apigatewayv2_integration.i.id}"
}
resource "aws_apigatewayv2_route" "d" {
  api_id               = aws_apigatewayv2_api.http.id
  route_key            = "ANY /{proxy+}"
  target               = "integrations/${aws_apigatewayv2_integration.h.id}"
  authorization_type   = "JWT"
  authorizer_id        = aws_apigatewayv2_authorizer.jwt.id
  authorization_scopes = ["a"]
}
resource "aws_apigatewayv2_authorizer" "jwt" {
  api_id           = aws_apigatewayv2_api.http.id
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]
  name             = "jwt"
  jwt_configuration {
    audience = ["x"]
    issuer   = "https://issuer.example.com"
  }
}
resource "aws_apigatewayv2_authorizer" "fn" {
  api_id                            = aws_apigatewayv2_api.http.id
  authorizer_type                   = "REQUEST"
  authorizer_uri                    = local.invoke
  identity_sources                  = ["$request.header.Authorization"]
  name                              = "fn"
  authorizer_payload_format_version = "2.0"
  enable_simple_responses           = true
}
resource "aws_apigatewayv2_stage" "s" {
  api_id      = aws_apigatewayv2_api.http.id
  name        = "$default"
  auto_deploy = true
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = "$context.requestId"
  }
  stage_variables = { a = "b" }
  default_route_settings {
    throttling_burst_limit = 10
    throttling_rate_limit  = 20
  }
  route_settings {
    route_key              = "GET /pets/{id}"
    throttling_burst_limit = 1
    throttling_rate_limit  = 2
  }
  depends_on = [aws_apigatewayv2_route.r]
}
resource "aws_apigatewayv2_deployment" "dep" {
  api_id      = aws_apigatewayv2_api.http.id
  description = "d"
  depends_on  = [aws_apigatewayv2_route.r]
  lifecycle { create_before_destroy = true }
}
resource "aws_apigatewayv2_stage" "manual" {
  api_id        = aws_apigatewayv2_api.http.id
  name          = "manual"
  deployment_id = aws_apigatewayv2_deployment.dep.id
}
resource "aws_apigatewayv2_vpc_link" "v" {
  name               = "v"
  security_group_ids = ["sg-1"]
  subnet_ids         = ["subnet-1"]
}
resource "aws_apigatewayv2_api" "ws" {
  name                       = "ws"
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.action"
}
resource "aws_apigatewayv2_integration" "ws" {
  api_id                        = aws_apigatewayv2_api.ws.id
  integration_type              = "MOCK"
  request_templates             = { "200" = "{\"statusCode\":200}" }
  template_selection_expression = "200"
}
resource "aws_apigatewayv2_integration_response" "ws" {
  api_id                   = aws_apigatewayv2_api.ws.id
  integration_id           = aws_apigatewayv2_integration.ws.id
  integration_response_key = "/200/"
}
resource "aws_apigatewayv2_model" "m" {
  api_id       = aws_apigatewayv2_api.ws.id
  content_type = "application/json"
  name         = "m"
  schema       = jsonencode({ type = "object" })
}
resource "aws_apigatewayv2_route" "ws" {
  api_id                              = aws_apigatewayv2_api.ws.id
  route_key                           = "$default"
  target                              = "integrations/${aws_apigatewayv2_integration.ws.id}"
  route_response_selection_expression = "$default"
}
resource "aws_apigatewayv2_route_response" "ws" {
  api_id             = aws_apigatewayv2_api.ws.id
  route_id           = aws_apigatewayv2_route.ws.id
  route_response_key = "$default"
}
resource "aws_api_gateway_rest_api" "r" {
  name               = "rest"
  description        = "d"
  binary_media_types = ["image/png"]
  endpoint_configuration { types = ["REGIONAL"] }
  tags = { x = "y" }
}
resource "aws_api_gateway_resource" "p" {
  rest_api_id = aws_api_gateway_rest_api.r.id
  parent_id   = aws_api_gateway_rest_api.r.root_resource_id
  path_part   = "pets"
}
resource "aws_api_gateway_request_validator" "v" {
  rest_api_id           = aws_api_gateway_rest_api.r.id
  name                  = "v"
  validate_request_body = true
}
resource "aws_api_gateway_model" "m" {
  rest_api_id  = aws_api_gateway_rest_api.r.id
  name         = "Pet"
  content_type = "application/json"
  schema       = jsonencode({ type = "object", properties = { a = { type = "string" } } })
}
resource "aws_api_gateway_method" "m" {
  rest_api_id          = aws_api_gateway_rest_api.r.id
  resource_id          = aws_api_gateway_resource.p.id
  http_method          = "POST"
  authorization        = "NONE"
  request_validator_id = aws_api_gateway_request_validator.v.id
  request_models       = { "application/json" = aws_api_gateway_model.m.name }
  request_parameters   = { "method.request.header.X" = true }
}
resource "aws_api_gateway_integration" "i" {
  rest_api_id          = aws_api_gateway_rest_api.r.id
  resource_id          = aws_api_gateway_resource.p.id
  http_method          = aws_api_gateway_method.m.http_method
  type                 = "MOCK"
  request_templates    = { "application/json" = "{\"statusCode\":200}" }
  cache_key_parameters = []
}
resource "aws_api_gateway_method_response" "r" {
  rest_api_id         = aws_api_gateway_rest_api.r.id
  resource_id         = aws_api_gateway_resource.p.id
  http_method         = aws_api_gateway_method.m.http_method
  status_code         = "200"
  response_parameters = { "method.response.header.X" = true }
  response_models     = { "application/json" = "Empty" }
}
resource "aws_api_gateway_integration_response" "r" {
  rest_api_id         = aws_api_gateway_rest_api.r.id
  resource_id         = aws_api_gateway_resource.p.id
  http_method         = aws_api_gateway_method.m.http_method
  status_code         = aws_api_gateway_method_response.r.status_code
  response_parameters = { "method.response.header.X" = "'v'" }
  response_templates  = { "application/json" = "{}" }
  depends_on          = [aws_api_gateway_integration.i]
}
resource "aws_api_gateway_gateway_response" "g" {
  rest_api_id         = aws_api_gateway_rest_api.r.id
  response_type       = "UNAUTHORIZED"
  status_code         = "401"
  response_templates  = { "application/json" = "{\"m\":$context.error.messageString}" }
  response_parameters = { "gatewayresponse.header.A" = "'b'" }
}
resource "aws_api_gateway_deployment" "d" {
  rest_api_id = aws_api_gateway_rest_api.r.id
  depends_on  = [aws_api_gateway_integration_response.r, aws_api_gateway_integration.fn]
  lifecycle { create_before_destroy = true }
}
resource "aws_api_gateway_stage" "s" {
  rest_api_id           = aws_api_gateway_rest_api.r.id
  deployment_id         = aws_api_gateway_deployment.d.id
  stage_name            = "dev"
  cache_cluster_enabled = true
  cache_cluster_size    = "0.5"
  xray_tracing_enabled  = true
  documentation_version = aws_api_gateway_documentation_version.v.version
  client_certificate_id = aws_api_gateway_client_certificate.c.id
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = "$context.requestId $context.status"
  }
  variables = { a = "b" }
  tags      = { q = "r" }
}
resource "aws_api_gateway_method_settings" "ms" {
  rest_api_id = aws_api_gateway_rest_api.r.id
  stage_name  = aws_api_gateway_stage.s.stage_name
  method_path = "*/*"
  settings {
    metrics_enabled        = true
    throttling_rate_limit  = 5
    throttling_burst_limit = 6
    caching_enabled        = true
    cache_ttl_in_seconds   = 30
  }
}
resource "aws_api_gateway_method_settings" "ms2" {
  rest_api_id = aws_api_gateway_rest_api.r.id
  stage_name  = aws_api_gateway_stage.s.stage_name
  method_path = "pets/POST"
  settings {
    logging_level = "INFO"
  }
  depends_on = [aws_api_gateway_account.a]
}

resource "aws_cloudwatch_log_group" "access" {
  name = "gateway-tf-access"
}
resource "aws_api_gateway_account" "a" {
  cloudwatch_role_arn = aws_iam_role.f.arn
}
resource "aws_api_gateway_resource" "hello" {
  rest_api_id = aws_api_gateway_rest_api.r.id
  parent_id   = aws_api_gateway_rest_api.r.root_resource_id
  path_part   = "{name}"
}
resource "aws_api_gateway_method" "fn" {
  rest_api_id      = aws_api_gateway_rest_api.r.id
  resource_id      = aws_api_gateway_resource.hello.id
  http_method      = "GET"
  authorization    = "NONE"
  api_key_required = true
}
resource "aws_api_gateway_integration" "fn" {
  rest_api_id             = aws_api_gateway_rest_api.r.id
  resource_id             = aws_api_gateway_resource.hello.id
  http_method             = aws_api_gateway_method.fn.http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = local.invoke
  timeout_milliseconds    = 5000
}
resource "aws_api_gateway_authorizer" "token" {
  rest_api_id                      = aws_api_gateway_rest_api.r.id
  name                             = "token"
  authorizer_uri                   = local.invoke
  authorizer_credentials           = aws_iam_role.f.arn
  identity_validation_expression   = "^x-.*"
  authorizer_result_ttl_in_seconds = 60
}
resource "aws_api_gateway_authorizer" "request" {
  rest_api_id     = aws_api_gateway_rest_api.r.id
  name            = "request"
  type            = "REQUEST"
  authorizer_uri  = local.invoke
  identity_source = "method.request.header.X,context.stage"
}
resource "aws_api_gateway_authorizer" "pool" {
  rest_api_id   = aws_api_gateway_rest_api.r.id
  name          = "pool"
  type          = "COGNITO_USER_POOLS"
  provider_arns = ["arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_abc"]
}
resource "aws_api_gateway_api_key" "k" {
  name        = "k"
  description = "a key"
  value       = "a-value-of-at-least-twenty-characters"
  tags        = { a = "b" }
}
resource "aws_api_gateway_usage_plan" "u" {
  name         = "u"
  description  = "a plan"
  product_code = "p"
  api_stages {
    api_id = aws_api_gateway_rest_api.r.id
    stage  = aws_api_gateway_stage.s.stage_name
    throttle {
      path        = "/pets/POST"
      burst_limit = 3
      rate_limit  = 2
    }
  }
  quota_settings {
    limit  = 100
    offset = 1
    period = "WEEK"
  }
  throttle_settings {
    burst_limit = 5
    rate_limit  = 10
  }
}
resource "aws_api_gateway_usage_plan_key" "k" {
  key_id        = aws_api_gateway_api_key.k.id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.u.id
}
resource "aws_api_gateway_client_certificate" "c" {
  description = "c"
}
resource "aws_api_gateway_documentation_part" "p" {
  rest_api_id = aws_api_gateway_rest_api.r.id
  location {
    type   = "METHOD"
    method = "POST"
    path   = "/pets"
  }
  properties = jsonencode({ summary = "Adds a pet" })
}
resource "aws_api_gateway_documentation_version" "v" {
  rest_api_id = aws_api_gateway_rest_api.r.id
  version     = "1"
  description = "first"
  depends_on  = [aws_api_gateway_documentation_part.p]
}
resource "aws_api_gateway_domain_name" "d" {
  domain_name              = "tf-rest.example.com"
  regional_certificate_arn = local.cert
  security_policy          = "TLS_1_2"
  endpoint_configuration { types = ["REGIONAL"] }
  tags = { a = "b" }
}
resource "aws_api_gateway_base_path_mapping" "m" {
  api_id      = aws_api_gateway_rest_api.r.id
  stage_name  = aws_api_gateway_stage.s.stage_name
  domain_name = aws_api_gateway_domain_name.d.domain_name
  base_path   = "shop"
}
resource "aws_api_gateway_vpc_link" "v" {
  name        = "v1"
  target_arns = ["arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/l/1"]
}
resource "aws_api_gateway_rest_api" "imported" {
  name = "imported"
  body = jsonencode({
    openapi = "3.0.1"
    info    = { title = "imported", version = "1" }
    paths   = { "/things" = { get = { responses = {}, "x-amazon-apigateway-integration" = { type = "HTTP_PROXY", httpMethod = "GET", uri = "https://example.com", payloadFormatVersion = "1.0" } } } }
  })
}
resource "aws_api_gateway_rest_api_policy" "p" {
  rest_api_id = aws_api_gateway_rest_api.imported.id
  policy      = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = "*", Action = "execute-api:Invoke", Resource = "${aws_api_gateway_rest_api.imported.execution_arn}/*" }] })
}
resource "aws_apigatewayv2_api" "imported" {
  name          = "imported"
  protocol_type = "HTTP"
  version       = "1"
  body = jsonencode({
    openapi = "3.0.1"
    info    = { title = "imported", version = "1" }
    paths   = { "/things" = { get = { responses = {}, "x-amazon-apigateway-integration" = { type = "http_proxy", httpMethod = "GET", uri = "https://example.com", payloadFormatVersion = "1.0" } } } }
  })
}
resource "aws_apigatewayv2_domain_name" "d" {
  domain_name = "tf-http.example.com"
  domain_name_configuration {
    certificate_arn = local.cert
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}
resource "aws_apigatewayv2_api_mapping" "m" {
  api_id          = aws_apigatewayv2_api.http.id
  domain_name     = aws_apigatewayv2_domain_name.d.domain_name
  stage           = aws_apigatewayv2_stage.s.name
  api_mapping_key = "shop/v1"
}
resource "aws_apigatewayv2_integration" "queue" {
  api_id              = aws_apigatewayv2_api.http.id
  integration_type    = "AWS_PROXY"
  integration_subtype = "SQS-SendMessage"
  credentials_arn     = aws_iam_role.f.arn
  request_parameters  = { QueueUrl = "$request.header.queue", MessageBody = "$request.body.message" }
}
resource "aws_apigatewayv2_authorizer" "ws" {
  api_id           = aws_apigatewayv2_api.ws.id
  authorizer_type  = "REQUEST"
  authorizer_uri   = local.invoke
  identity_sources = ["route.request.header.Auth"]
  name             = "ws"
}
resource "aws_apigatewayv2_stage" "ws" {
  api_id      = aws_apigatewayv2_api.ws.id
  name        = "prod"
  auto_deploy = true
  default_route_settings {
    data_trace_enabled       = false
    detailed_metrics_enabled = true
    throttling_burst_limit   = 50
    throttling_rate_limit    = 100
  }
}

output "http" { value = aws_apigatewayv2_api.http.id }
output "rest" { value = aws_api_gateway_rest_api.r.id }
output "key" {
  value     = aws_api_gateway_api_key.k.value
  sensitive = true
}
