"""What a role's inline policy says about S3, read for staging: which prefixes its jobs may read or write."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from pipelinegen.local.iam import Call, decide

_OBJECT: Final = re.compile(r"^arn:[^:]+:s3:::(?P<bucket>[^/*?]+)/(?P<key>.*)$")


@dataclass(frozen=True, slots=True)
class ObjectPattern:
    """Objects a statement names: a bucket and a pattern of keys with `*` and `?`."""

    bucket: str
    pattern: str

    @property
    def prefix(self) -> str:
        """What every matching key starts with."""
        return re.split(r"[*?]", self.pattern, maxsplit=1)[0]

    def matches(self, key: str) -> bool:
        """Whether a key is named; brackets have no meaning in IAM."""
        return fnmatchcase(key, self.pattern.replace("[", "[[]"))


def object_patterns(documents: Iterable[Mapping[str, Any]], action: str) -> list[ObjectPattern]:
    """The objects on which the policies allow `action` (such as `s3:GetObject`), sorted and without repetition."""
    found: set[ObjectPattern] = set()
    for document in documents:
        for statement in _listed(document.get("Statement", [])):
            if statement.get("Effect") == "Allow" and _names(statement, action):
                matches = (_OBJECT.match(arn) for arn in _listed(statement.get("Resource", [])))
                found |= {ObjectPattern(match["bucket"], match["key"]) for match in matches if match}
    return sorted(found, key=lambda entry: (entry.bucket, entry.pattern))


def listable(documents: Sequence[Mapping[str, Any]], pattern: ObjectPattern) -> bool:
    """Whether the policies let the role list the keys of a pattern, without which nobody finds its objects."""
    bucket = f"arn:aws:s3:::{pattern.bucket}"
    return decide(documents, Call("s3:ListBucket", bucket, {"s3:prefix": pattern.prefix})).allowed


def _names(statement: Mapping[str, Any], action: str) -> bool:
    patterns = _listed(statement.get("Action", []))
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
