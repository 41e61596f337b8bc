"""What an `api` step is in the spec and in the IR."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from pipelinegen.ir.model import Api, Image, OutputFile, RedisHashes, RoleKey, Service, Step
from pipelinegen.spec.aws_values import check_task_size
from pipelinegen.spec.fields import PositiveInt, SpecValueError, StrictModel
from pipelinegen.steps.api.function import on_lambda
from pipelinegen.steps.api.permissions import api_permissions
from pipelinegen.steps.api.placed import REDIS, Placed, settings_path
from pipelinegen.steps.api.terraform import api_resources
from pipelinegen.steps.base import Reference, Scope, StepSpec

#: Under which variable the application finds the key, and which field of the secret holds it.
_KEYS = {"hash": ("PSEUDONYM_KEY", "key"), "tokenise": ("TOKEN_KEY", "token_key")}


_ONLY_CONTAINERS = ("cpu_units", "tasks", "scaling", "firewall")


class TaskScalingSpec(StrictModel):
    """More containers under load; `tasks` is the least."""

    max_tasks: Annotated[int, Field(ge=2, le=100, description="Containers at most")]
    cpu_percent: Annotated[int, Field(ge=10, le=90, description="Share of their processors that is aimed at")] = 60


class FirewallSpec(StrictModel):
    """AWS WAF before the load balancer: known bad input, and callers that ask too much, are turned away."""

    requests_per_5_minutes: Annotated[
        int, Field(ge=10, le=2_000_000_000, description="From one address; more are refused (AWS WAF, rate-based rule)")
    ] = 2000


class ApiSpec(StepSpec):
    """Keys of an `api` step."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["platform"], "properties": {"platform": {"const": "lambda"}}},
            "then": {"not": {"anyOf": [{"required": [key]} for key in _ONLY_CONTAINERS]}},
        }
    )

    kind: Literal["api"]
    reads: Annotated[Reference, Field(description="${steps.<redis_load step>.hashes}")]
    domain: Annotated[
        str,
        Field(
            pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
            max_length=253,
            description="Host name of the API; ACM holds an issued certificate for it",
        ),
    ]
    platform: Annotated[
        Literal["fargate", "lambda"],
        Field(
            description="Containers behind an internal load balancer, or a function behind an HTTP API for callers "
            "that sign with IAM"
        ),
    ] = "fargate"
    cpu_units: Annotated[
        Literal[256, 512, 1024, 2048, 4096], Field(description="1024 are one vCPU (ECS); a function gets its own share")
    ] = 512
    memory_mib: Annotated[int, Field(ge=512, le=30720, description="Memory of each task")] = 1024
    tasks: Annotated[PositiveInt, Field(description="Containers that run all the time")] = 2
    scaling: Annotated[TaskScalingSpec | None, Field(description="More containers under load")] = None
    firewall: Annotated[FirewallSpec | None, Field(description="AWS WAF before the API")] = None

    @model_validator(mode="after")
    def _size_of_fargate(self) -> "ApiSpec":
        if self.platform == "lambda":
            given = [key for key in _ONLY_CONTAINERS if key in self.model_fields_set]
            if given:
                message = f"an API on Lambda has no `{given[0]}:`: AWS runs as many as are asked for"
                raise SpecValueError(message, f"remove `{given[0]}:`, or take `platform: fargate`", "PG143")
            return self
        check_task_size(self.cpu_units, self.memory_mib)
        if self.scaling and self.scaling.max_tasks < self.tasks:
            message = f"at most {self.scaling.max_tasks} tasks are fewer than the {self.tasks} that always run"
            raise SpecValueError(message, "raise `scaling.max_tasks:` or lower `tasks:`")
        return self


@dataclass(frozen=True, slots=True)
class ApiSettingsContext:
    """What the application reads at its start."""

    settings: Mapping[str, Any]


def lower(spec: ApiSpec, scope: Scope) -> Step:
    """The step as a service; it has no state, for it runs all the time. Raises: SpecError with PG017, PG023."""
    hashes = scope.artifact(spec.reads, RedisHashes, "reads")
    model = hashes.predictions.model
    settings = {
        "schema_version": 1,
        "title": scope.names.pipeline,
        "key": hashes.key,
        "item_name": model.item_column,
        "hash_user_ids": model.user.protect == "hash",
        **({"tokenise_user_ids": True} if model.user.protect == "tokenise" else {}),
        "max_items": hashes.predictions.top_k,
    }
    place = on_lambda if spec.platform == "lambda" else _on_fargate
    made = place(spec, scope, _secrets(scope, model.user.protect))
    return Step(
        name=scope.step,
        kind=spec.kind,
        title=scope.title,
        description=spec.description or f"FastAPI on {spec.platform.capitalize()}: serves {hashes.key}",
        span=scope.spans.label,
        needs=scope.needs,
        outputs={},
        permissions=made.permissions,
        resources=made.resources,
        resources_file=made.resources_file,
        files=(
            OutputFile(settings_path(scope), "steps/api/settings.json.j2", ApiSettingsContext(settings)),
            *made.files,
        ),
    )


def _secrets(scope: Scope, protect: str | None) -> Mapping[str, tuple[str, str]]:
    """Variables of the application, and the secret and its field that hold their values."""
    secret = scope.names.redis_secret()
    secrets = {"REDIS_PASSWORD": (secret, "password"), "REDIS_USERNAME": (secret, "username")}
    if protect in _KEYS and scope.around.protection_secret:
        variable, field = _KEYS[protect]
        secrets[variable] = (scope.around.protection_secret, field)
    return secrets


def _on_fargate(spec: ApiSpec, scope: Scope, secrets: Mapping[str, tuple[str, str]]) -> Placed:
    api = Api(
        name=scope.names.service(scope.step),
        front=scope.names.load_balancer(scope.step),
        step=scope.step,
        role=RoleKey(Service.ECS, scope.step),
        image="api",
        domain=spec.domain,
        settings=settings_path(scope),
        environment={"API_SETTINGS": "/app/settings.json", **REDIS},
        secrets=secrets,
        cpu_units=spec.cpu_units,
        memory_mib=spec.memory_mib,
        tasks=spec.tasks,
    )
    base = "public.ecr.aws/docker/library/python:3.11-slim"
    image = Image(api.image, f"containers/{api.image}", base, ("api", "common"))
    return Placed(
        permissions=api_permissions(api, scope.names),
        resources=(image, api),
        resources_file=api_resources(api, spec, scope.names.redis_secret()),
        files=(OutputFile(f"{image.folder}/Dockerfile", "containers/api.Dockerfile.j2", image),),
    )
