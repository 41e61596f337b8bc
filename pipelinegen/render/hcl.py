"""Terraform text as `terraform fmt` lays it out: `=` of neighbouring single-line arguments in one column."""

import re

_ARGUMENT = re.compile(r'^(?P<indent> *)(?P<key>"[^"]*"|[A-Za-z_][\w.-]*) = (?P<value>.*)$')
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_BRACKET = re.compile(r"[\[\](){}]")


def format_hcl(text: str) -> str:
    """The text with arguments aligned, no blank line doubled, none first in the file."""
    lines: list[str] = []
    group: list[re.Match[str]] = []
    for line in re.sub(r"\n{3,}", "\n\n", text.strip("\n")).split("\n"):
        found = _ARGUMENT.match(line) if " = " in line else None
        single = found is not None and _is_closed(found["value"])
        if found and single and (not group or group[-1]["indent"] == found["indent"]):
            group.append(found)
            continue
        lines.extend(_aligned(group))
        group = [found] if found and single else []
        if not group:
            lines.append(line.rstrip())
    lines.extend(_aligned(group))
    return "\n".join(lines).rstrip("\n") + "\n"


def _aligned(group: list[re.Match[str]]) -> list[str]:
    width = max((len(found["key"]) for found in group), default=0)
    return [f"{found['indent']}{found['key']:<{width}} = {found['value']}".rstrip() for found in group]


def _is_closed(value: str) -> bool:
    if not _BRACKET.search(value):
        return True
    bare = _STRING.sub('""', value)
    return all(bare.count(left) == bare.count(right) for left, right in ("[]", "{}", "()"))
