"""The Terraform of the loader."""

from dataclasses import dataclass

from pipelinegen.ir.model import ContentKeys, LambdaFunction, ResourcesFile
from pipelinegen.ir.names import role_label
from pipelinegen.steps.terraform import Variable, variables


@dataclass(frozen=True, slots=True)
class FunctionResourcesContext:
    """One function and its log group."""

    label: str
    name: str
    role: str
    handler: str
    bundle_key: str
    memory_mib: int
    timeout_seconds: int
    environment: tuple[Variable, ...]


def function_resources(function: LambdaFunction) -> ResourcesFile:
    """terraform/step_<step>.tf."""

    def context(keys: ContentKeys) -> FunctionResourcesContext:
        return FunctionResourcesContext(
            label=function.step,
            name=function.name,
            role=role_label(function.role),
            handler=function.handler,
            bundle_key=keys.function_key(function),
            memory_mib=function.memory_mib,
            timeout_seconds=function.timeout_seconds,
            environment=variables(function.environment),
        )

    return ResourcesFile("steps/redis_load/resources.tf.j2", context)
