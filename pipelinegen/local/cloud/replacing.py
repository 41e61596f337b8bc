"""The one way in which this package replaces a part of moto."""

import sys
from types import ModuleType
from typing import Any


def replace_everywhere(name: str, replacement: object, prefix: str = "moto.stepfunctions.") -> None:
    """Rebinds a function in every module of moto that imported it by name. Raises: RuntimeError if none has it."""
    holders = [module for module in list(sys.modules.values()) if _holds(module, name, prefix)]
    if not holders:
        raise RuntimeError(f"this version of moto has no '{name}' under {prefix}*: the repairs were made for 5.2.5")
    for module in holders:
        setattr(module, name, replacement)


def replace_attribute(owner: Any, name: str, replacement: object) -> Any:
    """Rebinds an attribute that must exist already, and returns what it was."""
    original = getattr(owner, name)
    setattr(owner, name, replacement)
    return original


def _holds(module: ModuleType | None, name: str, prefix: str) -> bool:
    return module is not None and getattr(module, "__name__", "").startswith(prefix) and name in vars(module)
