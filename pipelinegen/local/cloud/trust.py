"""Who may take a role: its trust policy is held against the service, the account and the resource it works for."""

import json
from collections.abc import Mapping
from typing import Any, Final

from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.exceptions import JsonRESTError
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from pipelinegen.local.cloud.replacing import replace_attribute
from pipelinegen.local.iam import Principal, decide_trust

STATES: Final = "states.amazonaws.com"
LAMBDA: Final = "lambda.amazonaws.com"
GLUE: Final = "glue.amazonaws.com"
SAGEMAKER: Final = "sagemaker.amazonaws.com"


class NotTrustedError(Exception):
    """A service that may not take a role; the message names both, and what it was to work for."""


class TrustPolicies:
    """The trust policies of the account's roles."""

    def __init__(self, account: str, *, enforce: bool, partition: str = "aws") -> None:
        self._account = account
        self._partition = partition
        self._enforce = enforce

    @property
    def enforced(self) -> bool:
        """Whether policies are held at all."""
        return self._enforce

    def require(self, role_arn: str, service: str, source_arn: str) -> None:
        """Raises: NotTrustedError if the service may not take the role for the resource."""
        context = {"aws:SourceAccount": self._account, "aws:SourceArn": source_arn}
        self._require(role_arn, Principal("Service", frozenset({service})), context, f"{service} (for {source_arn})")

    def require_role(self, role_arn: str, caller_arn: str) -> None:
        """Raises: NotTrustedError if another role of the account may not take the role."""
        names = {caller_arn, self._account, f"arn:{self._partition}:iam::{self._account}:root"}
        context = {"aws:PrincipalArn": caller_arn, "aws:PrincipalAccount": self._account}
        self._require(role_arn, Principal("AWS", frozenset(names)), context, caller_arn)

    def _require(self, role_arn: str, principal: Principal, context: Mapping[str, str], who: str) -> None:
        if not self._enforce:
            return
        try:
            role = iam_backends[self._account][self._partition].get_role(role_arn.rpartition("/")[2])
        except NotFoundException:
            raise NotTrustedError(f"the role {role_arn} that {who} was to take is not there") from None
        decision = decide_trust(json.loads(role.assume_role_policy_document or "{}"), principal, context)
        if not decision.allowed:
            raise NotTrustedError(f"{who} is not authorized to perform: sts:AssumeRole on {role_arn} {decision.reason}")


def install(trust: TrustPolicies) -> None:
    """Makes Lambda and Step Functions refuse roles that they could not take, as they do when something is created."""
    create_function = LambdaSimpleBackend.create_function
    create_state_machine = StepFunctionsParserBackend.create_state_machine

    def checked_function(self: Any, spec: dict[str, Any]) -> Any:
        source = f"arn:aws:lambda:{self.region_name}:{self.account_id}:function:{spec['FunctionName']}"
        try:
            trust.require(spec["Role"], LAMBDA, source)
        except NotTrustedError as error:
            message = f"The role defined for the function cannot be assumed by Lambda: {error}"
            raise JsonRESTError("InvalidParameterValueException", message) from error
        return create_function(self, spec)

    def checked_state_machine(self: Any, name: str, definition: str, *rest: Any, **named: Any) -> Any:
        role_arn = named.get("roleArn") or rest[0]
        source = f"arn:aws:states:{self.region_name}:{self.account_id}:stateMachine:{name}"
        try:
            trust.require(role_arn, STATES, source)
        except NotTrustedError as error:
            raise JsonRESTError("AccessDeniedException", str(error)) from error
        return create_state_machine(self, name, definition, *rest, **named)

    replace_attribute(LambdaSimpleBackend, "create_function", checked_function)
    replace_attribute(StepFunctionsParserBackend, "create_state_machine", checked_state_machine)
