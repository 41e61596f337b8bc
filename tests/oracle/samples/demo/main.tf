terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

provider "aws" {
  region              = "eu-central-1"
  allowed_account_ids = ["111111111111"]
  default_tags {
    tags = { pipeline = "demo" }
  }
}

data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "glue" {
  statement {
    actions   = ["s3:PutObject", "s3:GetObject"]
    resources = ["${aws_s3_bucket.lake.arn}/*"]
  }
}

ephemeral "aws_secretsmanager_secret_version" "redis" {
  secret_id = "demo/redis"
}

resource "aws_s3_bucket" "lake" {
  bucket = "demo-lake-${data.aws_caller_identity.current.account_id}"
}

resource "aws_iam_role" "glue" {
  name               = "demo-glue"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

resource "aws_iam_role_policy" "glue" {
  name   = "demo-glue"
  role   = aws_iam_role.glue.id
  policy = data.aws_iam_policy_document.glue.json
}

resource "aws_glue_job" "etl" {
  name     = "demo-etl"
  role_arn = aws_iam_role.glue.arn
  tags     = { step = "etl" }
  command {
    script_location = "s3://${aws_s3_bucket.lake.bucket}/glue/etl.py"
  }
}

resource "aws_elasticache_replication_group" "redis" {
  replication_group_id       = "demo"
  description                = "demo"
  node_type                  = "cache.t4g.small"
  transit_encryption_enabled = true
  auth_token_wo              = jsondecode(ephemeral.aws_secretsmanager_secret_version.redis.secret_string)["password"]
  auth_token_wo_version      = 1
}
