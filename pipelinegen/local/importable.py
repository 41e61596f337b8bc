"""Lets a program import what it could on AWS, although more is installed here; runs beside nothing of pipelinegen.

What it may import: Python's own modules, the code that ships with it, and some packages with all that these require.
`python importable.py PACKAGES REMEDY SCRIPT ARGUMENT…` runs a script that way, its own code on PYTHONPATH.
"""

import os
import re
import runpy
import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType


class Guard:
    """A finder that finds nothing else; it stands before all others."""

    def __init__(self, folders: Sequence[str], packages: Iterable[str], remedy: str) -> None:
        self._folders = list(folders)
        self._modules = modules_of(packages)
        self._remedy = remedy

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module of the program's own code, or None for one that others may find. Raises: ModuleNotFoundError."""
        if path is not None:  # below a package that was let in
            return None
        own = PathFinder.find_spec(name, self._folders, target)
        if own is not None or name in self._modules or name in sys.stdlib_module_names:
            return own
        other = PathFinder.find_spec(name, None, target)
        if other is None or _is_pythons_own(other):
            return None
        raise ModuleNotFoundError(f"No module named '{name}' ({self._remedy})", name=name)


def _is_pythons_own(found: ModuleSpec) -> bool:
    """Whether a module lies among Python's own; not all of these have their names listed."""
    place = Path(found.origin or "")
    return place.parent == Path(os.__file__).parent


def install(folders: Sequence[str], packages: Iterable[str], remedy: str) -> None:
    """From now on only these folders' code, these packages and what they require can be imported.

    `remedy` tells the user, in parentheses, what to do about a module that is installed on this machine.
    """
    sys.meta_path.insert(0, Guard(folders, packages, remedy))


def names_in(requirements: str) -> list[str]:
    """The packages that a requirements.txt names."""
    lines = (line.split("#")[0].strip() for line in requirements.splitlines())
    return [_name(line) for line in lines if line]


def modules_of(packages: Iterable[str]) -> set[str]:
    """The top-level modules of packages that are installed, and of all that they require in turn."""
    modules: set[str] = set()
    seen: set[str] = set()
    waiting = list(packages)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        modules |= _top_level(found)
        waiting.extend(_name(line) for line in found.requires or () if "extra ==" not in line)
    return modules


def _top_level(found: Distribution) -> set[str]:
    parts = {path.parts[0] for path in found.files or ()}
    own = {part.split(".")[0] for part in parts if not part.endswith((".dist-info", ".egg-info", ".pth"))}
    return own | set((found.read_text("top_level.txt") or "").split())


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


def main() -> None:
    """Runs the script as Python itself would."""
    packages, remedy, script = sys.argv[1:4]
    sys.argv = sys.argv[3:]
    sys.path[0] = str(Path(script).parent)
    given = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    install([sys.path[0], *given], packages.split(","), remedy)
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
