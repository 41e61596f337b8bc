"""Values that AWS would refuse, refused here: regions, accounts, ARNs, node types, names where a secret stands."""

import re
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from pipelinegen.errors import did_you_mean, suggest
from pipelinegen.spec.tables import table
from pipelinegen.spec.value_errors import SpecValueError

ID = "PG114"

# Patterns are texts here, compiled when a value needs them: most specs need few, and the compiler starts often.
_ARN = r"arn:[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:[0-9a-z]*:.*"

#: What names of secrets look like that need no closer look (but 40 characters, which AWS's own keys have).
_PLAIN_NAME = r"[A-Za-z0-9]{0,19}([/_+.@-][A-Za-z0-9]{0,19})*"
#: What texts of secrets look like, and what to call them.
_SECRETS = (
    (r"-----BEGIN [A-Z ]*", "a PEM key or certificate"),
    (r"(?:^|[^A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?:$|[^A-Z0-9])", "an AWS access key"),
    (r"(?s)^\s*[\[{].*[\]}]\s*$", "the JSON value of a secret"),
    (r"^[a-z][a-z0-9+.-]*://[^/@\s]*:[^/@\s]*@", "an address with a password"),
    (r"^(ghp|gho|ghs|github_pat|glpat|xox[abpr]|sk_live|sk-|rk_live|AIza|ya29\.|eyJ)[A-Za-z0-9_-]", "a token"),
    (r"^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9+/])[A-Za-z0-9+/]{40}={0,2}$", "an AWS secret access key"),
    (r"^[0-9a-f]{32,}$", "a key of hexadecimal digits"),
    (r"^[A-Za-z0-9+/]{20,}={1,2}$", "a value in base64"),
    (r"(?<!\w)(?=\w*[a-z])(?=\w*[A-Z])(?=\w*[0-9])[A-Za-z0-9]{24,}(?!\w)", "a random text"),
    (r"[\s\"'`;]|password\s*=|pwd\s*=", "a secret's value"),
)


def check_region(value: str) -> str:
    """The region itself. Raises: SpecValueError with PG114 if botocore's endpoints have no such region."""
    known = table("regions")
    if value not in known:
        help = did_you_mean(value, known) or "write a region such as eu-central-1"
        if re.fullmatch(r".*-[0-9][a-z]", value) and value[:-1] in known:
            help = f"that is a zone; write its region '{value[:-1]}'"
        raise SpecValueError(f"AWS has no region '{value[:60]}'", help, ID)
    return value


def check_account(value: str) -> str:
    """The account id itself. Raises: SpecValueError with PG114."""
    if not re.fullmatch(r"[0-9]{12}", value):
        digits = re.sub(r"[ -]", "", value)
        help = f'write "{digits}"' if re.fullmatch(r"[0-9]{12}", digits) else "write its 12 digits in quotes"
        raise SpecValueError(f"'{value[:60]}' is no AWS account id, which has 12 digits", help, ID)
    if not value.strip("0"):
        raise SpecValueError(f"no AWS account is '{value}'", "write the account's own 12 digits", ID)
    return value


def arn_fault(value: str, *, patterns: bool = False) -> tuple[str, str] | None:
    """Why a text is no ARN, and what to do; None if it is one. With `patterns` it may hold `*` and `?`."""
    text = re.sub(r"[*?]", "0", value) if patterns else value
    if not re.fullmatch(_ARN, text):
        return f"'{value[:80]}' is no ARN", "write arn:partition:service:region:account:resource"
    if re.search(r"[\s\"\\${}%]", value) or not value.isascii():
        return f"'{value[:80]}' has characters that no ARN has", "write it without blanks, quotes, '$' and braces"
    return _part_fault(value, patterns=patterns)


def _part_fault(value: str, *, patterns: bool) -> tuple[str, str] | None:
    partitions = sorted({words[0] for words in table("regions").values()})
    given = value.split(":", 5)
    if given[1] not in partitions:
        return f"'{given[1][:40]}' is no partition of AWS", suggest(given[1], partitions, "partitions")
    if not given[2] or not given[5]:
        return f"'{value[:80]}' lacks its {'service' if not given[2] else 'resource'}", "complete the ARN"
    if not patterns and re.search(r"[*?]", ":".join(given[1:5])):
        return f"'{value[:80]}' leaves open whose it is", "name region and account"
    if given[3] and not re.search(r"[*?]", given[3]) and given[3] not in table("regions"):
        return f"AWS has no region '{given[3][:40]}'", did_you_mean(given[3], table("regions")) or "mend the ARN"
    if given[4] and not re.search(r"[*?]", given[4]) and not re.fullmatch(r"[0-9]{12}|aws", given[4]):
        return f"'{given[4][:40]}' is no AWS account id, which has 12 digits", "mend the ARN"
    return None


def cache_nodes() -> tuple[str, ...]:
    """Every ElastiCache node type of which AWS makes new clusters."""
    return tuple(
        f"cache.{family}.{size}"
        for family, (state, *sizes) in table("cache_nodes").items()
        if state == "current"
        for size in sizes
    )


def check_cache_node(value: str) -> str:
    """The node type itself. Raises: SpecValueError with PG114."""
    if value in cache_nodes():
        return value
    words = value.split(".")
    sizes = table("cache_nodes").get(words[1], ()) if len(words) == 3 and words[0] == "cache" else ()
    if sizes and sizes[0] == "previous" and words[2] in sizes:
        raise SpecValueError(
            f"'{value}' is of an earlier generation, of which AWS makes no new clusters", "use cache.t4g.small", ID
        )
    family = [f"cache.{words[1]}.{size}" for size in sizes[1:]] if sizes else []
    label = "nodes of this family" if family else "nodes"
    raise SpecValueError(
        f"ElastiCache has no node type '{value[:60]}'", suggest(value, family or cache_nodes(), label), ID
    )


class ListedRegions:
    """The enumeration of regions in the JSON Schema, read only where a schema is made."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "enum": list(table("regions"))}


class ListedCacheNodes:
    """The enumeration of node types in the JSON Schema, read only where a schema is made."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "enum": list(cache_nodes())}


def check_task_size(cpu_units: int, memory_mib: int) -> None:
    """Nothing. Raises: SpecValueError with PG114 for a pair that Fargate does not have."""
    sizes = [int(word) for word in table("fargate_sizes")[str(cpu_units)]]
    if memory_mib not in sizes:
        nearest = min(sizes, key=lambda size: (abs(size - memory_mib), size))
        raise SpecValueError(
            f"Fargate has no task of {cpu_units} CPU units and {memory_mib} MiB",
            f"with {cpu_units} units memory_mib is from {sizes[0]} to {sizes[-1]}, e.g. {nearest}",
            ID,
            ("memory_mib",),
        )


def check_secret_name(value: str) -> str:
    """The name itself. Raises: SpecValueError with PG115 if it looks like the secret itself, PG013 if it is no name."""
    help = "keep the value in Secrets Manager, and write the secret's name here, such as newsletter/warehouse"
    if value.startswith("arn:"):
        name = re.sub(r"-[A-Za-z0-9]{6}$", "", value.rpartition(":secret:")[2])
        shown = f"write '{name}'" if ":secret:" in value and name else "write the secret's name"
        raise SpecValueError("a secret is named here, not its ARN", shown)
    if value and len(value) <= 512 and len(value) != 40 and re.fullmatch(_PLAIN_NAME, value):
        return value
    for pattern, what in _SECRETS:
        if re.search(pattern, value):
            raise SpecValueError(f"this looks like {what}, not like the name of a secret", help, "PG115")
    if not re.fullmatch(r"[A-Za-z0-9/_+=.@-]{1,512}", value):
        raise SpecValueError(f"'{value[:60]}' is no Secrets Manager name", "name the secret, never write its value")
    return value
