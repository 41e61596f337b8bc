"""Tags within AWS's limits (AWS General Reference, "Tag naming limits and requirements")."""

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from pipelinegen.spec.value_errors import SpecValueError

ID = "PG117"
MAX_TAGS = 50
#: Tags that every resource has from the spec's own keys.
OWN_TAGS = ("pipeline", "environment", "team", "owner", "cost_centre", "instance")

# Letters of other scripts are allowed by most services, but not by all.
_CHARACTERS = r"[A-Za-z0-9 _.:/=+@-]"
_HELP = "use letters, digits, blanks and _.:/=+@-"


def _key(value: str) -> str:
    if value.lower().startswith("aws:"):
        raise SpecValueError(f"'{value[:60]}' begins with 'aws:', which AWS keeps for itself", "rename the tag", ID)
    if len(value) > 128:
        fact = f"the tag '{value[:40]}…' has {len(value)} characters; a key has at most 128"
        raise SpecValueError(fact, "shorten it", ID)
    if not re.fullmatch(f"{_CHARACTERS}+", value) or value != value.strip():
        raise SpecValueError(f"'{value[:60]}' is no key of a tag", _HELP, ID)
    if value in OWN_TAGS:
        where = {"team": "`owner:`", "owner": "`owner:`", "cost_centre": "`owner: {cost_centre: …}`"}.get(value)
        help = f"say it in {where}" if where else "rename the tag"
        raise SpecValueError(f"'{value}' is a tag that every resource has already", help, ID)
    return value


def _value(value: str) -> str:
    if len(value) > 256:
        raise SpecValueError(f"'{value[:40]}…' has {len(value)} characters; a tag at most 256", "shorten it", ID)
    if not re.fullmatch(f"{_CHARACTERS}*", value):
        raise SpecValueError(f"'{value[:60]}' is no value of a tag", _HELP, ID)
    return value


def _few(value: dict[str, str]) -> dict[str, str]:
    most = MAX_TAGS - len(OWN_TAGS)
    if len(value) > most:
        fact = f"{len(value)} tags; with those of the pipeline itself a resource would have more than {MAX_TAGS}"
        raise SpecValueError(fact, f"give at most {most}", ID)
    return value


_WORD = r"[A-Za-z0-9_.:/=+@-]"
_JSON_KEY = rf"^(?![aA][wW][sS]:)(?!({'|'.join(OWN_TAGS)})$){_WORD}({_CHARACTERS}{{0,126}}{_WORD})?$"
TagKey = Annotated[
    str,
    AfterValidator(_key),
    WithJsonSchema({"type": "string", "pattern": _JSON_KEY}),
]
TagValue = Annotated[
    str, AfterValidator(_value), WithJsonSchema({"type": "string", "pattern": f"^{_CHARACTERS}{{0,256}}$"})
]
Tags = Annotated[dict[TagKey, TagValue], AfterValidator(_few)]
