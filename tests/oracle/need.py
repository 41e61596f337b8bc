"""One need of a role, and what needs are made of: calls that go together, and the pages of AWS that say so."""

import re
from dataclasses import dataclass
from typing import Final

NETWORK: Final = ("ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeSubnets")
NETWORK_OF_JOBS: Final = (
    *NETWORK,
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeVpcs",
)
PULL: Final = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
LOG: Final = ("logs:CreateLogStream", "logs:PutLogEvents")
#: Where the service makes the group itself, at its first line.
LOG_GROUP: Final = (*LOG, "logs:CreateLogGroup")
KEY: Final = ("kms:Decrypt", "kms:GenerateDataKey")
TRACE: Final = ("xray:PutTelemetryRecords", "xray:PutTraceSegments")
FOLLOW: Final = ("events:DescribeRule", "events:PutRule", "events:PutTargets")
DELIVER: Final = ("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:PutResourcePolicy", "logs:UpdateLogDelivery")

GLUE_PAGE: Final = "Glue guide, 'Setting up IAM permissions for AWS Glue'"
SAGEMAKER_PAGE: Final = "SageMaker guide, 'SageMaker AI execution roles', CreateTrainingJob API"
LAMBDA_PAGE: Final = "Lambda guide, 'Giving Lambda functions access to resources in an Amazon VPC'"
TASK_PAGE: Final = "ECS guide, 'Amazon ECS task execution IAM role'"
STATES_LOG_PAGE: Final = "Step Functions guide, 'Using CloudWatch Logs to log execution history'"
STATES_KEY_PAGE: Final = "Step Functions guide, 'Data at rest encryption'"
STATES_TRACE_PAGE: Final = "Step Functions guide, 'Trace Step Functions with AWS X-Ray'"
SYNC_PAGE: Final = "Step Functions guide, 'How Step Functions generates IAM policies for integrated services'"
KEY_PAGE: Final = "S3 guide, 'Using server-side encryption with AWS KMS keys'"
ROTATION_PAGE: Final = "Secrets Manager guide, 'Lambda rotation function execution role permissions'"
TASK_SECRET_PAGE: Final = "ECS guide, 'Pass Secrets Manager secrets through environment variables'"
ROTATE: Final = (
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetRandomPassword",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
)
SCALING_PAGE: Final = "Application Auto Scaling guide, 'Service-linked roles for Application Auto Scaling'"
SCHEDULER_PAGE: Final = "EventBridge Scheduler guide, 'Configuring a dead-letter queue'"

URI: Final = re.compile(r"s3://([a-z0-9.-]+)/([A-Za-z0-9_-]+)/")


@dataclass(frozen=True, slots=True)
class Need:
    """Calls that a role makes on resources that have a text in them ("" stands for `*`), and why.

    `prefix` is what `s3:ListBucket` lists, and `condition` any other text that stands in the statement's condition.
    """

    role: str
    actions: tuple[str, ...]
    on: str
    why: str
    page: str = ""
    prefix: str = ""
    condition: str = ""
