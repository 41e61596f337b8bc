"""Finds step kinds: every folder beside this file, then what other packages offer as `pipelinegen.steps`."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from pipelinegen.errors import SpecError, fault
from pipelinegen.steps.base import StepKind

ENTRY_POINT_GROUP = "pipelinegen.steps"


@cache
def registered_kinds() -> Mapping[str, StepKind]:
    """Every kind by name, sorted. Raises: SpecError with PG050 for a plug-in that is broken or repeats a name."""
    return add_plugins(built_in_kinds(), entry_points(group=ENTRY_POINT_GROUP))


def built_in_kinds() -> dict[str, StepKind]:
    """The kinds that come with pipelinegen, sorted by name."""
    folder = Path(__file__).parent
    names = sorted(path.parent.name for path in folder.glob("*/__init__.py"))
    return {name: import_module(f"{__package__}.{name}").KIND for name in names}


def add_plugins(kinds: dict[str, StepKind], plugins: Iterable[EntryPoint]) -> dict[str, StepKind]:
    """`kinds` and those of the plug-ins, sorted by name. Raises: SpecError with PG050."""
    merged = dict(kinds)
    for plugin in sorted(plugins, key=lambda item: item.name):
        package = plugin.dist.name if plugin.dist else plugin.value
        kind = _load(plugin, package)
        if kind.name in merged:
            raise fault(
                None,
                "PG050",
                f"package '{package}' brings a second step kind '{kind.name}'",
                f"uninstall '{package}' or rename its kind",
            )
        merged[kind.name] = kind
    return dict(sorted(merged.items()))


def _load(plugin: EntryPoint, package: str) -> StepKind:
    try:
        kind = plugin.load()
    except SpecError:
        raise
    except Exception as error:
        message = f"step kind '{plugin.name}' of package '{package}' does not import: {error}"
        raise fault(None, "PG050", message, f"mend or uninstall '{package}'") from error
    if not isinstance(kind, StepKind):
        raise fault(None, "PG050", f"'{plugin.value}' of package '{package}' is no step kind", "point it at a StepKind")
    return kind
