"""ARNs with `${partition}`, `${region}` and `${account_id}`, which Terraform's `templatefile` fills in."""

from pipelinegen.ir.model import Location


def arn(service: str, resource: str) -> str:
    """The ARN of a resource in the pipeline's own region and account."""
    return f"arn:${{partition}}:{service}:${{region}}:${{account_id}}:{resource}"


def bucket(name: str) -> str:
    """The ARN of a bucket."""
    return f"arn:${{partition}}:s3:::{name}"


def objects(location: Location) -> str:
    """The ARN pattern of everything below a prefix."""
    return f"arn:${{partition}}:s3:::{location.bucket}/{location.prefix}*"


def role(name: str) -> str:
    """The ARN of a role."""
    return f"arn:${{partition}}:iam::${{account_id}}:role/{name}"


def secret(name: str) -> str:
    """The ARN pattern of a secret; Secrets Manager appends six characters."""
    return arn("secretsmanager", f"secret:{name}-??????")
