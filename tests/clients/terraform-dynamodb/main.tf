terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}

variable "indexes" {
  type    = list(string)
  default = ["by-author"]
}

variable "read_capacity" {
  default = 5
}

variable "ttl" {
  default = true
}

resource "aws_dynamodb_table" "books" {
  name             = "books"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "isbn"
  range_key        = "edition"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"
  table_class      = "STANDARD"

  attribute {
    name = "isbn"
    type = "S"
  }
  attribute {
    name = "edition"
    type = "N"
  }
  attribute {
    name = "year"
    type = "N"
  }
  dynamic "attribute" {
    for_each = var.indexes
    content {
      name = trimprefix(attribute.value, "by-")
      type = "S"
    }
  }

  dynamic "global_secondary_index" {
    for_each = var.indexes
    content {
      name               = global_secondary_index.value
      hash_key           = trimprefix(global_secondary_index.value, "by-")
      range_key          = "year"
      projection_type    = "INCLUDE"
      non_key_attributes = ["title"]
    }
  }

  local_secondary_index {
    name            = "by-year"
    range_key       = "year"
    projection_type = "KEYS_ONLY"
  }

  ttl {
    attribute_name = "expires"
    enabled        = var.ttl
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }

  tags = { team = "library", stage = "test" }
}

resource "aws_dynamodb_table" "counters" {
  name           = "counters"
  hash_key       = "id"
  read_capacity  = var.read_capacity
  write_capacity = 2

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_dynamodb_table" "everywhere" {
  name             = "everywhere"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "id"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

  attribute {
    name = "id"
    type = "S"
  }

  replica {
    region_name    = "eu-west-1"
    propagate_tags = true
  }
  replica {
    region_name = "us-west-2"
  }

  tags = { reach = "global" }
}

resource "aws_dynamodb_table_item" "book" {
  table_name = aws_dynamodb_table.books.name
  hash_key   = aws_dynamodb_table.books.hash_key
  range_key  = aws_dynamodb_table.books.range_key

  item = jsonencode({
    isbn    = { S = "978-0" }
    edition = { N = "1" }
    title   = { S = "A title" }
    price   = { N = "12.5" }
    tags    = { SS = ["a", "b"] }
    nested  = { M = { list = { L = [{ BOOL = true }, { NULL = true }] } } }
  })
}

resource "aws_dynamodb_resource_policy" "books" {
  resource_arn = aws_dynamodb_table.books.arn
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = "arn:aws:iam::000000000000:root" }, Action = "dynamodb:GetItem", Resource = aws_dynamodb_table.books.arn }]
  })
}

resource "aws_dynamodb_contributor_insights" "books" {
  table_name = aws_dynamodb_table.books.name
}

data "aws_dynamodb_table" "books" {
  name       = aws_dynamodb_table.books.name
  depends_on = [aws_dynamodb_table_item.book]
}

output "stream" {
  value = data.aws_dynamodb_table.books.stream_arn
}
