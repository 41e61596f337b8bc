"""What the state machine may do in Redshift."""

from pipelinegen.ir import arns
from pipelinegen.ir.model import Permission
from pipelinegen.steps.permissions import STATES, read_secrets

#: Only statements that this role started itself; `$$` lets IAM see its own variable.
_OWN = (("StringEquals", "redshift-data:statement-owner-iam-userid", ("$${aws:userid}",)),)


def statement_permissions(place: str, secret: str) -> tuple[Permission, ...]:
    """Running statements in one cluster or workgroup, `place` being its ARN, with the user of one secret."""
    return (
        Permission(STATES, "RunSql", ("redshift-data:ExecuteStatement",), (place,)),
        Permission(
            STATES,
            "FollowSql",
            ("redshift-data:CancelStatement", "redshift-data:DescribeStatement"),
            ("*",),
            _OWN,
            "statements have no ARN; the condition leaves those of this role",
        ),
        read_secrets(STATES, secret),
    )


def cluster_arn(name: str) -> str:
    """The ARN of a provisioned cluster."""
    return arns.arn("redshift", f"cluster:{name}")


def workgroup_arn(variable: str) -> str:
    """The ARN of a serverless workgroup, the id of which Terraform looks up."""
    return arns.arn("redshift-serverless", f"workgroup/${{{variable}}}")
