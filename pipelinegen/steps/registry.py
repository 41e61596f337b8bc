"""Finds step kinds: every folder beside this file, then what other packages offer as `pipelinegen.steps`."""

from collections.abc import Iterable, Iterator, Mapping
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


class BuiltInKinds(Mapping[str, StepKind]):
    """The kinds that come with pipelinegen, by name, sorted; a kind is imported when it is asked for."""

    def __init__(self) -> None:
        self._names = tuple(sorted(path.parent.name for path in Path(__file__).parent.glob("*/__init__.py")))

    def __getitem__(self, name: str) -> StepKind:
        if name not in self._names:
            raise KeyError(name)
        kind: StepKind = import_module(f"{__package__}.{name}").KIND
        return kind

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def built_in_kinds() -> Mapping[str, StepKind]:
    """The kinds that come with pipelinegen, sorted by name."""
    return BuiltInKinds()


def add_plugins(kinds: Mapping[str, StepKind], plugins: Iterable[EntryPoint]) -> Mapping[str, StepKind]:
    """`kinds` and those of the plug-ins, sorted by name. Raises: SpecError with PG050."""
    plugins = tuple(plugins)
    if not plugins:
        return kinds
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
    except ModuleNotFoundError as error:
        message = f"step kind '{plugin.name}' of package '{package}' does not import: there is no module '{error.name}'"
        own = plugin.value.split(".")[0].split(":")[0]
        help = f"reinstall '{package}'" if (error.name or "").split(".")[0] == own else f"install '{error.name}'"
        raise fault(None, "PG050", message, f"{help}, or uninstall '{package}'") from error
    # A module that ends the process while it is imported must not end ours.
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        message = f"step kind '{plugin.name}' of package '{package}' does not import: {' '.join(reason.split())[:200]}"
        raise fault(None, "PG050", message, f"mend or uninstall '{package}'") from error
    if not isinstance(kind, StepKind):
        raise fault(None, "PG050", f"'{plugin.value}' of package '{package}' is no step kind", "point it at a StepKind")
    return kind
