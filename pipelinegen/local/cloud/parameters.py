"""Requests and answers of a state's task, in the shape that botocore and Step Functions expect."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError
from botocore.response import StreamingBody
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService

from pipelinegen.local.cloud.replacing import replace_attribute

#: Services whose name in a state machine is not the one of their client; moto 5.2.5 knows two of them.
_CLIENT_NAMES: Mapping[str, str] = {
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "redshiftdata": "redshift-data",
    "sfn": "stepfunctions",
    "states": "stepfunctions",
}


def install() -> None:
    """moto 5.2.5 left out LocalStack's normalisation of parameters and answers; this is our own."""
    replace_attribute(StateTaskService, "_SERVICE_NAME_SFN_TO_BOTO_OVERRIDES", _CLIENT_NAMES)

    def normalise_parameters(
        self: Any,
        parameters: dict[str, Any],
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        service = self._get_boto_service_name(boto_service_name)
        shape = _input_shape(service, self._get_boto_service_action(service_action_name))
        if shape is not None:
            normalised = fit(shape, dict(parameters))
            parameters.clear()
            parameters.update(normalised)

    def normalise_response(
        self: Any, response: Any, boto_service_name: str | None = None, service_action_name: str | None = None
    ) -> None:
        if not isinstance(response, dict):
            return
        for name, value in response.items():
            if isinstance(value, StreamingBody):
                response[name] = value.read().decode()
        service = self._get_boto_service_name(boto_service_name)
        shape = _output_shape(service, self._get_boto_service_action(service_action_name))
        if shape is not None:
            shown = present(shape, dict(response))
            response.clear()
            response.update(shown)

    replace_attribute(StateTaskService, "_normalise_parameters", normalise_parameters)
    replace_attribute(StateTaskService, "_normalise_response", normalise_response)


def fit(shape: Any, value: Any) -> Any:
    """The value as the API takes it: names in its own case, objects as JSON where a text or bytes are expected."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        names = {name.lower(): name for name in shape.members}
        renamed = {names.get(name.lower(), name): item for name, item in value.items()}
        members = shape.members
        return {name: fit(members[name], item) if name in members else item for name, item in renamed.items()}
    if kind == "list" and isinstance(value, list):
        return [fit(shape.member, item) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {name: fit(shape.value, item) for name, item in value.items()}
    return _fit_scalar(kind, value)


def present(shape: Any, value: Any) -> Any:
    """The answer as Step Functions hands it on: the API's own names begin with a capital, those of maps stay."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        members = shape.members
        return {
            name[:1].upper() + name[1:]: present(members[name], item) if name in members else item
            for name, item in value.items()
        }
    if kind == "list" and isinstance(value, list):
        return [present(shape.member, item) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {name: present(shape.value, item) for name, item in value.items()}
    return value


def _fit_scalar(kind: str, value: Any) -> Any:
    if kind == "blob" and isinstance(value, str):
        return value.encode()
    if kind == "blob" and not isinstance(value, bytes):
        return json.dumps(value, separators=(",", ":")).encode()
    if kind == "string" and isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"))
    return value


@cache
def _service(name: str) -> Any:
    try:
        return botocore.session.get_session().get_service_model(name)
    except BotoCoreError:
        return None


@cache
def _operation(service: str, action: str) -> Any:
    model = _service(service)
    operations = model.operation_names if model is not None else []
    wanted = action.replace("_", "").lower()
    found = next((name for name in operations if name.lower() == wanted), None)
    return model.operation_model(found) if found else None


def _input_shape(service: str, action: str) -> Any:
    operation = _operation(service, action)
    return operation.input_shape if operation else None


def _output_shape(service: str, action: str) -> Any:
    operation = _operation(service, action)
    return operation.output_shape if operation else None
