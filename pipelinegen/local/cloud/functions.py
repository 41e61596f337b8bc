"""Lambda: moto 5.2.5 without Docker echoes the event; here the deployed handler answers."""

import json
import threading
from typing import Any

from moto.awslambda_simple.models import LambdaSimpleBackend

from pipelinegen.local.aws_lambda import Function
from pipelinegen.local.cloud.board import Cloud
from pipelinegen.local.cloud.replacing import replace_attribute


def install(cloud: Cloud) -> None:
    """Makes Invoke run the function."""

    def invoke(
        self: Any, function_name: str, qualifier: str | None, body: Any, headers: Any, response_headers: dict[str, str]
    ) -> bytes:
        function = _function(self.get_function(function_name, qualifier))
        event = json.loads(body) if body else {}
        log = cloud.shared_log(function.name)
        if headers.get("X-Amz-Invocation-Type") == "Event":
            work = (function, event, log)
            threading.Thread(target=cloud.functions.invoke, args=work, name=function.name, daemon=True).start()
            return b""
        invocation = cloud.functions.invoke(function, event, log)
        if invocation.failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        return json.dumps(invocation.payload).encode()

    replace_attribute(LambdaSimpleBackend, "invoke", invoke)


def _function(deployed: Any) -> Function:
    return Function(
        arn=deployed.function_arn,
        name=deployed.function_name,
        handler=deployed.handler,
        role_arn=deployed.role,
        code=deployed.code_bytes,
        environment=dict(deployed.environment_vars or {}),
        timeout_seconds=int(deployed.timeout),
        memory_mib=int(deployed.memory_size),
    )
