"""What both platforms of an API make of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelinegen.ir.model import OutputFile, Permission, Resource, ResourcesFile
from pipelinegen.steps.base import Scope

#: Where Redis is, as Terraform knows it.
REDIS: Mapping[str, str] = {"REDIS_HOST": "${redis_host}", "REDIS_PORT": "${redis_port}", "REDIS_TLS": "${redis_tls}"}


@dataclass(frozen=True, slots=True)
class Placed:
    """An API on its platform: what it may do, what there is of it, and its files beside the settings."""

    permissions: tuple[Permission, ...]
    resources: tuple[Resource, ...]
    resources_file: ResourcesFile
    files: tuple[OutputFile, ...]


def settings_path(scope: Scope) -> str:
    """Where the application's settings are generated."""
    return f"api/{scope.step}/settings.json"
