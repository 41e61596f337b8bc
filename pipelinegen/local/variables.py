"""Fills Terraform's `templatefile` variables for the local cloud."""

import re
from collections.abc import Mapping
from typing import Any, Final

#: `$${` and `%%{` are how a template writes `${` and `%{`.
_TOKEN: Final = re.compile(r"\$\$\{|%%\{|\$\{\s*(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*\}")


def fill(text: str, variables: Mapping[str, str]) -> str:
    """The text as `templatefile` gives it; a variable only Terraform knows becomes `local-<name>`.

    One whose name ends in `_arn` becomes an ARN with that name, since IAM takes nothing else as a resource.
    """

    def value(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            return match[0][1:]
        stand_in = f"local-{name}"
        return variables.get(name, f"arn:aws:local:::{stand_in}" if name.endswith("_arn") else stand_in)

    return _TOKEN.sub(value, text)


def fill_all(value: Any, variables: Mapping[str, str]) -> Any:
    """The same for every text in a JSON value; names of fields stay as they are."""
    if isinstance(value, str):
        return fill(value, variables)
    if isinstance(value, dict):
        return {name: fill_all(item, variables) for name, item in value.items()}
    if isinstance(value, list):
        return [fill_all(item, variables) for item in value]
    return value
