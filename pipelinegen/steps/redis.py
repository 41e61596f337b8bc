"""The pipeline's Redis, which several kinds share: its user, and the function that gives the user new passwords."""

from pipelinegen.ir import arns
from pipelinegen.ir.model import LambdaFunction, Permission, RoleKey, Service
from pipelinegen.ir.names import Names
from pipelinegen.steps.permissions import read_secrets, run_function

#: Where a step's name would stand: the function belongs to no step.
ROTATION = "redis_rotation"
ROTATION_ROLE = RoleKey(Service.LAMBDA, ROTATION)


def rotation_function(names: Names) -> LambdaFunction:
    """The function that Secrets Manager calls; outside of the VPC, for all it talks to is AWS."""
    return LambdaFunction(
        name=names.function(ROTATION),
        step=ROTATION,
        role=ROTATION_ROLE,
        handler="runtime.redis_rotation.handler.handler",
        folder=f"lambda/{ROTATION}",
        packages=("common", "redis_rotation"),
        memory_mib=256,
        timeout_seconds=300,
        environment={"REDIS_READERS": "${redis_readers}", "REDIS_USER": names.redis_user()},
        reaches_redis=False,
        in_vpc=False,
        runtime="python3.12",
    )


def rotation_permissions(names: Names) -> tuple[Permission, ...]:
    """What the function may do: the one secret, and the one user."""
    role, secret = ROTATION_ROLE, names.redis_secret()
    rotate = ("DescribeSecret", "PutSecretValue", "UpdateSecretVersionStage")
    return (
        read_secrets(role, secret),
        Permission(role, "RotateSecret", tuple(f"secretsmanager:{call}" for call in rotate), (arns.secret(secret),)),
        Permission(
            role,
            "MakePasswords",
            ("secretsmanager:GetRandomPassword",),
            ("*",),
            why_every_resource="secretsmanager:GetRandomPassword takes no resource",
        ),
        Permission(
            role,
            "ChangeUser",
            ("elasticache:DescribeUsers", "elasticache:ModifyUser"),
            (arns.arn("elasticache", f"user:{names.redis_user()}"),),
        ),
        *run_function(rotation_function(names), names),
    )


def restart_permission(service_name: str) -> Permission:
    """Letting a service that reads the password at its start start again."""
    resource = arns.arn("ecs", f"service/{service_name}/{service_name}")
    return Permission(ROTATION_ROLE, "RestartReaders", ("ecs:UpdateService",), (resource,))
