"""Reads the settings documents that the compiler generates for the runtime."""

import json
from pathlib import Path
from typing import Any

from runtime.common.names import SCHEMA_VERSION


class SettingsError(ValueError):
    """A settings document that this version of the runtime cannot read."""


def check_version(settings: dict[str, Any], origin: str) -> dict[str, Any]:
    """The settings themselves. Raises: SettingsError if they were generated for another runtime."""
    found = settings.get("schema_version")
    if found != SCHEMA_VERSION:
        raise SettingsError(f"{origin} has schema_version {found!r}, this runtime reads {SCHEMA_VERSION}")
    return settings


def read_settings(path: Path) -> dict[str, Any]:
    """The settings document at `path`. Raises: SettingsError if it is not one of ours."""
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} is not a settings document: {error}") from error
    if not isinstance(loaded, dict):
        raise SettingsError(f"{path} is not a settings document: it holds no object")
    return check_version(loaded, str(path))
