"""What the Terraform of several kinds shares."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable: a text, or the name of one of `local.template_variables`."""

    key: str
    value: str | None
    variable: str | None


def variables(values: Mapping[str, str]) -> tuple[Variable, ...]:
    """Environment variables, sorted; `${name}` as a value stands for the template variable of that name."""
    found = []
    for key, value in sorted(values.items()):
        name = value[2:-1] if value.startswith("${") and value.endswith("}") else None
        found.append(Variable(key, None if name else value, name))
    return tuple(found)
