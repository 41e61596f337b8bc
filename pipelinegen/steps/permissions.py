"""Permissions that several kinds need; each function names the calls, their resources and, where need be, why all."""

import re
from collections.abc import Iterable

from pipelinegen.ir import arns
from pipelinegen.ir.model import LambdaFunction, Location, Permission, RoleKey, Service
from pipelinegen.ir.names import Names

STATES = RoleKey(Service.STATES)
DATA_KEY = "${data_key_arn}"


def read(role: RoleKey, sid: str, *locations: Location) -> tuple[Permission, ...]:
    """Reading every object below some prefixes, and listing them."""
    return (
        Permission(role, sid, ("s3:GetObject",), tuple(arns.objects(location) for location in locations)),
        *_list(role, sid, locations),
    )


def write(role: RoleKey, sid: str, *locations: Location) -> tuple[Permission, ...]:
    """Replacing what lies below some prefixes."""
    actions = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject")
    return (
        Permission(role, sid, actions, tuple(arns.objects(location) for location in locations)),
        *_list(role, sid, locations),
    )


def upload(role: RoleKey, sid: str, *locations: Location) -> tuple[Permission, ...]:
    """Putting objects below some prefixes and listing them, as SageMaker does with a job's output: it reads nothing."""
    actions = ("s3:AbortMultipartUpload", "s3:PutObject")
    return (
        Permission(role, sid, actions, tuple(arns.objects(location) for location in locations)),
        *_list(role, sid, locations),
    )


def _list(role: RoleKey, sid: str, locations: tuple[Location, ...]) -> tuple[Permission, ...]:
    buckets: dict[str, list[str]] = {}
    for location in locations:
        buckets.setdefault(location.bucket, []).append(f"{location.prefix}*")
    return tuple(
        Permission(
            role,
            f"{sid}List{_purpose(bucket)}" if len(buckets) > 1 else f"{sid}List",
            ("s3:ListBucket",),
            (arns.bucket(bucket),),
            (("StringLike", "s3:prefix", tuple(prefixes)),),
        )
        for bucket, prefixes in buckets.items()
    )


def _purpose(bucket: str) -> str:
    """What a bucket of the pipeline is for, or another's whole name, as part of a statement's id."""
    words = re.split(r"[.-]", bucket)
    return words[-2].capitalize() if re.fullmatch(r"[0-9]{12}", words[-1]) else "".join(map(str.capitalize, words))


def put(role: RoleKey, sid: str, location: Location) -> Permission:
    """Writing objects below a prefix, without reading them."""
    return Permission(role, sid, ("s3:PutObject",), (arns.objects(location),))


def use_key(role: RoleKey) -> Permission:
    """Reading and writing what the pipeline's key encrypts."""
    return Permission(role, "UseDataKey", ("kms:Decrypt", "kms:GenerateDataKey"), (DATA_KEY,))


def read_with_key(role: RoleKey) -> Permission:
    """Reading what the pipeline's key encrypts, and writing nothing."""
    return Permission(role, "UseDataKey", ("kms:Decrypt",), (DATA_KEY,))


def read_secrets(role: RoleKey, *names: str) -> Permission:
    """Reading the value of named secrets."""
    return Permission(
        role, "ReadSecrets", ("secretsmanager:GetSecretValue",), tuple(arns.secret(name) for name in names)
    )


def write_logs(role: RoleKey, group: str, *more: str) -> Permission:
    """Writing to the streams of a log group, and `more` calls on it where it is not Terraform that makes it."""
    resource = arns.arn("logs", f"log-group:{group}:*")
    return Permission(role, "WriteLogs", (*more, "logs:CreateLogStream", "logs:PutLogEvents"), (resource,))


#: What a service looks at before it puts a job into a VPC (SageMaker guide, 'How to use execution roles').
_DESCRIBED = (
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)
#: Glue also looks whether S3 is in reach (Glue guide, 'Create an IAM policy for the AWS Glue service').
_DESCRIBED_BY_GLUE = ("ec2:DescribeRouteTables", "ec2:DescribeVpcEndpoints")


def attach_network(role: RoleKey, security_group: str, subnets: Iterable[str]) -> tuple[Permission, ...]:
    """Making network interfaces in the pipeline's private subnets, as a service does with the job's own role."""
    places = tuple(arns.arn("ec2", f"subnet/${{private_subnet_{label}}}") for label in subnets)
    interfaces = arns.arn("ec2", "network-interface/*")
    return (
        Permission(
            role,
            "AttachNetwork",
            ("ec2:CreateNetworkInterface",),
            (*places, arns.arn("ec2", f"security-group/${{{security_group}}}"), interfaces),
        ),
        Permission(
            role,
            "DetachNetwork",
            (
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ),
            (interfaces,),
        ),
        Permission(
            role,
            "DescribeNetwork",
            tuple(sorted((*_DESCRIBED, *(_DESCRIBED_BY_GLUE if role.service is Service.GLUE else ())))),
            ("*",),
            why_every_resource="EC2 Describe calls take no resource",
        ),
    )


def pass_role(role_name: str, service: Service, sid: str) -> Permission:
    """Handing a role to the one service that may take it."""
    return Permission(
        STATES,
        sid,
        ("iam:PassRole",),
        (arns.role(role_name),),
        (("StringEquals", "iam:PassedToService", (service.value,)),),
    )


def follow_sagemaker_jobs(rule: str, sid: str) -> Permission:
    """The managed EventBridge rule by which `.sync` hears of a job's end."""
    resource = arns.arn("events", f"rule/{rule}")
    return Permission(STATES, sid, ("events:DescribeRule", "events:PutRule", "events:PutTargets"), (resource,))


def pull_image(role: RoleKey, repository: str) -> tuple[Permission, ...]:
    """Pulling an image of one of the pipeline's repositories."""
    return pull_image_from(role, arns.arn("ecr", f"repository/{repository}"))


def pull_image_from(role: RoleKey, repository_arn: str) -> tuple[Permission, ...]:
    """Pulling an image of one repository, of this account or of another."""
    pull = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    return (
        Permission(role, "PullImage", pull, (repository_arn,)),
        Permission(
            role,
            "LogInToRegistry",
            ("ecr:GetAuthorizationToken",),
            ("*",),
            why_every_resource="ecr:GetAuthorizationToken takes no resource",
        ),
    )


def run_function(function: LambdaFunction, names: Names) -> tuple[Permission, ...]:
    """What every function needs of AWS: log, traces, key, dead-letter queue and, in a VPC, network interfaces."""
    role = function.role
    network = Permission(
        role,
        "AttachNetwork",
        (
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
        ),
        ("*",),
        why_every_resource="to join a VPC, Lambda wants these on all (AWSLambdaVPCAccessExecutionRole)",
    )
    return (
        use_key(role),
        write_logs(role, f"/aws/lambda/{function.name}"),
        Permission(
            role,
            "WriteTraces",
            ("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
            ("*",),
            why_every_resource="X-Ray takes no resource for writing",
        ),
        Permission(role, "KeepDeadLetters", ("sqs:SendMessage",), (arns.arn("sqs", names.dead_letters()),)),
        *((network,) if function.in_vpc else ()),
    )
