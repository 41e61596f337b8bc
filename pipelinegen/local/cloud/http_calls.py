"""`http:invoke`: a real request with a connection's key, to a server of this machine that stands in for another."""

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any, Final

from moto.iam.models import iam_backends
from moto.stepfunctions.parser.asl.component.common.error_name import custom_error_name
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory

from pipelinegen.local.cloud.board import Cloud
from pipelinegen.local.cloud.integrations import ForwardedTask
from pipelinegen.local.cloud.replacing import replace_attribute
from pipelinegen.local.iam import Call, decide
from pipelinegen.local.stand_ins import StandIns

#: So long may a request take (Step Functions: HTTP Task).
_SECONDS: Final = 60
_NOT_SHOWN: Final = frozenset({"connection", "transfer-encoding"})


def install(cloud: Cloud, stand_ins: StandIns) -> None:
    """moto has neither the service nor the names of its errors."""
    original = state_task_factory.state_task_service_for

    def state_task_service_for(service_name: str) -> Any:
        return _HttpTask(cloud, stand_ins) if service_name == "http" else original(service_name)

    replace_attribute(state_task_factory, "state_task_service_for", state_task_service_for)
    # Its own check refuses every name that starts with 'States.', which those of HTTP tasks do.
    replace_attribute(custom_error_name, "ILLEGAL_CUSTOM_ERROR_PREFIX", "States.Custom.")


class _HttpTask(ForwardedTask):
    def __init__(self, cloud: Cloud, stand_ins: StandIns) -> None:
        super().__init__(cloud)
        self._stand_ins = stand_ins

    def _eval_service_task(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: Mapping[str, Any], state_credentials: Any
    ) -> None:
        endpoint, method = str(normalised_parameters["ApiEndpoint"]), str(normalised_parameters["Method"])
        connection = self._cloud.deployed().connections[normalised_parameters["Authentication"]["ConnectionArn"]]
        self._require(env, state_credentials.role_arn, endpoint, method, connection)
        address = self._stand_ins.address_of(endpoint)
        if address is None:
            raise self._failed(env, "States.Http.Socket", f"nothing on this machine stands in for {endpoint}")
        request = _request(address, method, normalised_parameters, {connection["header"]: connection["key"]})
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
                env.stack.append(_result(answer))
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")
            raise self._failed(env, f"States.Http.StatusCode.{error.code}", text or error.reason) from error
        except (OSError, http.client.HTTPException) as error:
            raise self._failed(env, "States.Http.Socket", f"{address}: {error}") from error

    def _require(self, env: Any, role_arn: str, endpoint: str, method: str, connection: Mapping[str, str]) -> None:
        """Raises: FailureEventException if the role may not make the request, or not use the connection's key."""
        if not self._cloud.trust.enforced:
            return
        role = iam_backends[self._cloud.account]["aws"].get_role(role_arn.rpartition("/")[2])
        policies = [json.loads(text) for text in role.policies.values()]
        place = f"{self._cloud.region}:{self._cloud.account}"
        secret = f"arn:aws:secretsmanager:{place}:secret:events!connection/{connection['name']}/local-000000"
        calls = (
            Call("states:InvokeHTTPEndpoint", "*", {"states:HTTPMethod": method, "states:HTTPEndpoint": endpoint}),
            Call("events:RetrieveConnectionCredentials", connection["arn"]),
            Call("secretsmanager:DescribeSecret", secret),
            Call("secretsmanager:GetSecretValue", secret),
        )
        for call in calls:
            decision = decide(policies, call)
            if not decision.allowed:
                text = f"{role_arn} is not authorized to perform: {call.action} on {call.resource} {decision.reason}"
                raise self._failed(env, "Events.ConnectionResource.AccessDenied", text)

    def _failed(self, env: Any, error: str, cause: str) -> FailureEventException:
        return FailureEventException(self._failure(env, CustomErrorName(error), error, cause))


def _request(
    address: str, method: str, parameters: Mapping[str, Any], key: Mapping[str, str]
) -> urllib.request.Request:
    query = {name: _text(value) for name, value in parameters.get("QueryParameters", {}).items()}
    body = parameters.get("RequestBody")
    data = None if body is None else json.dumps(body).encode()
    headers = {"User-Agent": "Amazon|StepFunctions|HttpInvoke|local", **parameters.get("Headers", {}), **key}
    if data is not None:
        headers.setdefault("Content-Type", "application/json")
    whole = f"{address}?{urllib.parse.urlencode(query)}" if query else address
    return urllib.request.Request(whole, data=data, headers=headers, method=method)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _result(answer: Any) -> dict[str, Any]:
    text = answer.read().decode("utf-8", "replace")
    found: dict[str, list[str]] = {}
    for name, value in answer.headers.items():
        if name.lower() not in _NOT_SHOWN:
            found.setdefault(name.lower(), []).append(value)
    result = {"Headers": found, "StatusCode": answer.status, "StatusText": answer.reason}
    if not text:
        return result
    try:
        return {**result, "ResponseBody": json.loads(text)}
    except ValueError:
        return {**result, "ResponseBody": text}
