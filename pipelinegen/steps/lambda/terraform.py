"""The Terraform of the function."""

from dataclasses import dataclass

from pipelinegen.ir.model import ContentKeys, LambdaFunction, ResourcesFile
from pipelinegen.ir.names import role_label
from pipelinegen.steps.terraform import Variable, variables


@dataclass(frozen=True, slots=True)
class OwnFunctionContext:
    """One function of the user's code and its log group."""

    label: str
    name: str
    role: str
    runtime: str
    handler: str
    bundle_key: str
    memory_mib: int
    timeout_seconds: int
    in_vpc: bool
    outside: bool
    concurrency: int
    environment: tuple[Variable, ...]


def own_function_resources(function: LambdaFunction) -> ResourcesFile:
    """terraform/step_<step>.tf."""

    def context(keys: ContentKeys) -> OwnFunctionContext:
        return OwnFunctionContext(
            label=function.step,
            name=function.name,
            role=role_label(function.role),
            runtime=function.runtime,
            handler=function.handler,
            bundle_key=keys.function_key(function),
            memory_mib=function.memory_mib,
            timeout_seconds=function.timeout_seconds,
            in_vpc=function.in_vpc,
            outside=not function.in_vpc,
            concurrency=function.concurrency,
            environment=variables(function.environment),
        )

    return ResourcesFile("steps/lambda/resources.tf.j2", context)
