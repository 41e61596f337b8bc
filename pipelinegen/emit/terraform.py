"""Terraform (placeholder until contexts arrive)."""
from collections.abc import Iterable
from pipelinegen.emit.base import File, Workbench


def emit_terraform(bench: Workbench) -> Iterable[File]:
    """Nothing yet."""
    return []
