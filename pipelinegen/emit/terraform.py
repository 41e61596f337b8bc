"""Terraform for `hashicorp/aws`: one file a concern, one more a step that has resources of its own."""

from collections.abc import Iterable

from pipelinegen.emit.base import File, Workbench
from pipelinegen.emit.catalog import catalog_context
from pipelinegen.emit.terraform_alarms import run_alarms, service_alarms
from pipelinegen.emit.terraform_context import TerraformContext, roles_by_service, terraform_context
from pipelinegen.emit.terraform_triggers import triggers_context

ALWAYS = (
    "versions",
    "providers",
    "variables",
    "locals",
    "encryption",
    "state_machine",
    "outputs",
    "dashboard",
    "bucket_notifications",
)


def emit_terraform(bench: Workbench) -> Iterable[File]:
    """Every .tf file; concerns that a pipeline does not have give no file."""
    shared = terraform_context(bench)
    files = [
        bench.render(f"terraform/{name}.tf", f"terraform/{name}.tf.j2", shared)
        for name in (*ALWAYS, *_concerns(shared))
    ]
    files.extend(
        bench.render(f"terraform/bucket_{bucket.label}.tf", "terraform/bucket.tf.j2", bucket)
        for bucket in shared.buckets
    )
    files.extend(
        bench.render(f"terraform/iam_{of}.tf", "terraform/iam.tf.j2", roles) for of, roles in roles_by_service(bench)
    )
    locking = "terraform/locking.s3.tfbackend"
    files.append(bench.render(locking, f"{locking}.j2", shared))
    for suffix, alarms in (("runs", run_alarms(bench)), ("services", service_alarms(bench))):
        if alarms.alarms:
            files.append(bench.render(f"terraform/alarms_{suffix}.tf", "terraform/alarms.tf.j2", alarms))
    if bench.pipeline.triggers:
        files.append(bench.render("terraform/triggers.tf", "terraform/triggers.tf.j2", triggers_context(bench)))
    catalog = catalog_context(bench)
    if catalog:
        files.append(bench.render("terraform/catalog.tf", "terraform/catalog.tf.j2", catalog))
    for step in bench.pipeline.steps:
        if step.resources_file:
            context = step.resources_file.context(bench)
            files.append(bench.render(f"terraform/step_{step.name}.tf", step.resources_file.template, context))
            files.extend(
                bench.render(f"terraform/step_{step.name}_{suffix}.tf", template, context)
                for suffix, template in step.resources_file.parts
            )
    return files


def _concerns(context: TerraformContext) -> list[str]:
    """The concerns that this pipeline has beside those that all have."""
    wanted = {
        "network": context.network and context.network.own,
        "network_existing": context.network and context.network.existing,
        "peers": context.network and (context.network.peerings or context.network.transit_peers),
        "internet": context.network and context.network.internet,
        "endpoints": context.network,
        "security_groups": context.security_groups,
        "security_group_rules": (*context.edges, *context.self_edges, *context.outside_edges),
        "dead_letters": context.dead_letters,
        "redis": context.redis,
        "redis_rotation": context.redis,
        "registry": context.repositories,
        "model_registry": context.model_groups,
        "schedule": context.schedules,
        "notifications": context.topics,
        "parameters": context.parameters,
        "budget": context.budget,
        "warehouse": context.warehouse,
    }
    return [name for name, given in wanted.items() if given]
