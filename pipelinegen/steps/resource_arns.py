"""ARNs as users write them: whole, or from their type on; held against the templates of IAM's resources."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from pipelinegen.aws.models import AwsService
from pipelinegen.ir.expressions import as_template

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z]+)\}")
_OWN: Final = {"Partition": "${partition}", "Region": "${region}", "Account": "${account_id}"}


def action_templates(service: AwsService, action: str) -> Mapping[str, str]:
    """The ARN templates of the resources that an IAM action takes, by their type; none if it takes no resource."""
    listed = service.resource_arns(action.partition(":")[0])
    return {name: listed[name] for name, _ in service.resource_types(action) if name in listed}


def matching(given: str, templates: Iterable[str]) -> str | None:
    """The whole ARN of what a user wrote, in full or from its type on; None if it fits no template."""
    for template in templates:
        *head, tail = template.split(":", 5)
        if given.startswith("arn:"):
            if fits(given, template):
                return given
        elif _pattern(tail).fullmatch(given) and given != "*":
            return f"{filled(':'.join(head), {})}:{given}"
    return None


def fits(arn: str, template: str) -> bool:
    """Whether an ARN is of a template's form."""
    return _pattern(template).fullmatch(arn) is not None


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with its variables replaced, in the pipeline's own account; a wildcard for what is not known."""
    known = {name: as_template(value) for name, value in values.items()}
    return _VARIABLE.sub(lambda found: _OWN.get(found[1]) or known.get(found[1], "*"), template)


def variables(template: str) -> tuple[str, ...]:
    """The variables of a template beside partition, region and account."""
    return tuple(name for name in _VARIABLE.findall(template) if name not in _OWN)


def examples(templates: Iterable[str]) -> str:
    """How resources may be named, for a reader."""
    tails = sorted({_VARIABLE.sub(r"<\1>", template.split(":", 5)[5]) for template in templates}, key=len)
    return ", ".join(tails[:4])


def _pattern(template: str) -> re.Pattern[str]:
    """What an ARN of a template looks like; a region or an account may be missing or a wildcard."""
    parts = _VARIABLE.split(template)
    words = [re.escape(part) if index % 2 == 0 else _one(part) for index, part in enumerate(parts)]
    return re.compile("".join(words))


def _one(variable: str) -> str:
    return r"[^:]*" if variable in _OWN else r".+"
