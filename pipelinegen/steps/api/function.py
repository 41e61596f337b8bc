"""An API as a function: the same application behind an HTTP API."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelinegen.ir.model import (
    ContentKeys,
    HttpApi,
    LambdaFunction,
    OutputFile,
    ResourcesFile,
    RoleKey,
    Service,
)
from pipelinegen.ir.names import role_label
from pipelinegen.steps.api.placed import REDIS, Placed, settings_path
from pipelinegen.steps.base import Scope
from pipelinegen.steps.permissions import read_secrets, run_function
from pipelinegen.steps.terraform import Variable, variables

if TYPE_CHECKING:
    from pipelinegen.steps.api.model import ApiSpec

#: API Gateway waits 30 seconds for an integration of an HTTP API; a caller of this one has long gone by then.
TIMEOUT_SECONDS = 10
#: Requests under way; each is over in milliseconds.
CONCURRENCY = 50


@dataclass(frozen=True, slots=True)
class HttpApiContext:
    """Function, HTTP API, domain, logs."""

    label: str
    name: str
    role: str
    handler: str
    bundle_key: str
    memory_mib: int
    timeout_seconds: int
    concurrency: int
    domain: str
    environment: tuple[Variable, ...]


def on_lambda(spec: "ApiSpec", scope: Scope, secrets: Mapping[str, tuple[str, str]]) -> Placed:
    """The function with its HTTP API and its role."""
    wanted = {variable: [secret, field] for variable, (secret, field) in sorted(secrets.items())}
    function = LambdaFunction(
        name=scope.names.function(scope.step),
        step=scope.step,
        role=RoleKey(Service.LAMBDA, scope.step),
        handler="runtime.api.on_lambda.handler",
        folder=f"api/{scope.step}",
        packages=("api", "common"),
        memory_mib=spec.memory_mib,
        timeout_seconds=TIMEOUT_SECONDS,
        environment={"API_SECRETS": json.dumps(wanted), "API_SETTINGS": "settings.json", **REDIS},
        reaches_redis=True,
        runtime="python3.12",
        concurrency=CONCURRENCY,
    )
    api = HttpApi(
        name=function.name,
        step=scope.step,
        role=function.role,
        handler=function.handler,
        domain=spec.domain,
        settings=settings_path(scope),
        environment=function.environment,
        secrets=secrets,
    )
    names = sorted({secret for secret, _ in secrets.values()})
    requirements = OutputFile(f"{function.folder}/requirements.txt", "steps/api/requirements.txt.j2", function)
    return Placed(
        permissions=(read_secrets(function.role, *names), *run_function(function, scope.names)),
        resources=(function, api),
        resources_file=_resources(function, spec.domain),
        files=(requirements,),
    )


def _resources(function: LambdaFunction, domain: str) -> ResourcesFile:
    def context(keys: ContentKeys) -> HttpApiContext:
        return HttpApiContext(
            label=function.step,
            name=function.name,
            role=role_label(function.role),
            handler=function.handler,
            bundle_key=keys.function_key(function),
            memory_mib=function.memory_mib,
            timeout_seconds=function.timeout_seconds,
            concurrency=function.concurrency,
            domain=domain,
            environment=variables(function.environment),
        )

    exports = {f"http_api_{function.step}": f"aws_apigatewayv2_api.{function.step}.id"}
    parts = (("front", "steps/api/http_api.tf.j2"),)
    return ResourcesFile("steps/api/function.tf.j2", context, exports, parts)
