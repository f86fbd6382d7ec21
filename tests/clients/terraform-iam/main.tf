terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  default_tags {
    tags = { managed = "terraform" }
  }
}

data "aws_caller_identity" "me" {}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.ann.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = ["secret"]
    }
  }
}

data "aws_iam_policy" "read_only" {
  name = "ReadOnlyAccess"
}

resource "aws_iam_policy" "shared" {
  name        = "shared"
  path        = "/team/"
  description = "What everybody may"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:GetObject"], Resource = "arn:aws:s3:::site/*" }]
  })
}

resource "aws_iam_role" "worker" {
  name                 = "worker"
  path                 = "/team/"
  description          = "Works"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = aws_iam_policy.shared.arn
  max_session_duration = 7200
  tags                 = { team = "red" }
}

resource "aws_iam_role_policy" "own" {
  name   = "own"
  role   = aws_iam_role.worker.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sqs:*", Resource = "*" }] })
}

resource "aws_iam_role_policy_attachment" "shared" {
  role       = aws_iam_role.worker.name
  policy_arn = aws_iam_policy.shared.arn
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.worker.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_iam_instance_profile" "worker" {
  name = "worker"
  role = aws_iam_role.worker.name
}

resource "aws_iam_user" "ann" {
  name = "ann"
  path = "/people/"
  tags = { team = "red" }
}

resource "aws_iam_user_policy" "own" {
  name   = "own"
  user   = aws_iam_user.ann.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sns:*", Resource = "*" }] })
}

resource "aws_iam_user_policy_attachment" "read_only" {
  user       = aws_iam_user.ann.name
  policy_arn = data.aws_iam_policy.read_only.arn
}

resource "aws_iam_access_key" "ann" {
  user = aws_iam_user.ann.name
}

resource "aws_iam_user_login_profile" "ann" {
  user            = aws_iam_user.ann.name
  password_length = 20
}

resource "aws_iam_user_ssh_key" "ann" {
  username   = aws_iam_user.ann.name
  encoding   = "SSH"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH ann@example.com"
}

resource "aws_iam_group" "crew" {
  name = "crew"
}

resource "aws_iam_group_policy" "own" {
  name   = "own"
  group  = aws_iam_group.crew.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "logs:*", Resource = "*" }] })
}

resource "aws_iam_group_policy_attachment" "shared" {
  group      = aws_iam_group.crew.name
  policy_arn = aws_iam_policy.shared.arn
}

resource "aws_iam_user_group_membership" "ann" {
  user   = aws_iam_user.ann.name
  groups = [aws_iam_group.crew.name]
}

resource "aws_iam_virtual_mfa_device" "phone" {
  virtual_mfa_device_name = "phone"
}

resource "aws_iam_service_specific_credential" "ann" {
  service_name = "codecommit.amazonaws.com"
  user_name    = aws_iam_user.ann.name
}

resource "aws_iam_account_alias" "this" {
  account_alias = "example-account"
}

resource "aws_iam_account_password_policy" "this" {
  minimum_password_length        = 12
  require_numbers                = true
  require_symbols                = false
  allow_users_to_change_password = true
  max_password_age               = 90
}

resource "aws_iam_openid_connect_provider" "login" {
  url             = "https://login.example.com"
  client_id_list  = ["app"]
  thumbprint_list = ["cf23df2207d99a74fbe169e3eba035e633b65d94"]
}

resource "aws_iam_saml_provider" "idp" {
  name                   = "idp"
  saml_metadata_document = "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"https://idp.example.com\">${join("", [for n in range(100) : "<!-- padding -->"])}</EntityDescriptor>"
}

resource "aws_iam_service_linked_role" "batch" {
  aws_service_name = "batch.amazonaws.com"
}

resource "aws_iam_server_certificate" "web" {
  name             = "web"
  certificate_body = file("${path.module}/certificate.pem")
  private_key      = file("${path.module}/key.pem")
}

output "account" {
  value = data.aws_caller_identity.me.account_id
}
