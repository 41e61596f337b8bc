"""Terraform for `hashicorp/aws`: one file a concern, one more a step that has resources of its own."""

from collections.abc import Iterable

from pipelinegen.emit.base import File, Workbench
from pipelinegen.emit.terraform_context import (
    TerraformContext,
    api_context,
    function_context,
    glue_job_context,
    terraform_context,
)
from pipelinegen.ir.model import Api, GlueJob, LambdaFunction

ALWAYS = (
    "versions",
    "providers",
    "variables",
    "locals",
    "encryption",
    "storage",
    "storage_policies",
    "iam",
    "state_machine",
    "outputs",
)


def emit_terraform(bench: Workbench) -> Iterable[File]:
    """Every .tf file; concerns that a pipeline does not have give no file."""
    context = terraform_context(bench)
    files = [
        bench.render(f"terraform/{name}.tf", f"terraform/{name}.tf.j2", context)
        for name in (*ALWAYS, *_concerns(context))
    ]
    for job in bench.resources(GlueJob):
        files.append(bench.render(_path(job.step), "steps/glue_etl/resources.tf.j2", glue_job_context(bench, job)))
    for function in bench.resources(LambdaFunction):
        files.append(
            bench.render(_path(function.step), "steps/redis_load/resources.tf.j2", function_context(bench, function))
        )
    for api in bench.resources(Api):
        files.append(bench.render(_path(api.step), "steps/api/resources.tf.j2", api_context(bench, api)))
    return files


def _path(step: str) -> str:
    return f"terraform/step_{step}.tf"


def _concerns(context: TerraformContext) -> list[str]:
    """The concerns that this pipeline has beside those that all have."""
    wanted = {
        "network": context.network,
        "endpoints": context.network,
        "security_groups": context.network,
        "redis": context.redis,
        "registry": context.repositories,
        "schedule": context.schedules,
        "notifications": context.topics,
        "parameters": context.parameters,
        "alarms": context.alarms,
        "warehouse": context.warehouse,
    }
    return [name for name, given in wanted.items() if given]
