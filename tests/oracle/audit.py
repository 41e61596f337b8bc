"""What `parliament` finds in a policy: an audit by another hand than tests/oracle/policies.py, with its own tables."""

import importlib
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from tests.oracle.policies import EVERYWHERE, plain_arn, resource_patterns

#: Remarks that do not hold: (issue, what its detail has in it), each with the reason.
OUTDATED: Final = {
    ("RESOURCE_MISMATCH", "states:DescribeExecution"): "it knows express executions only; AWS takes standard ones, too",
    (
        "RESOURCE_MISMATCH",
        "batch:SubmitJob",
    ): "it reads an ARN up to the sixth part, so no definition's revision",
    ("UNKNOWN_CONDITION_FOR_ACTION", "states:HTTP"): "Step Functions guide, 'Calling HTTPS APIs', names both keys",
    ("RESOURCE_STAR", ""): "every `*` is listed in every_resource.txt, with the reason of AWS",
}


def load_parliament() -> Any:
    """The package. It asks pkg_resources for two paths, which setuptools took away with version 82."""
    if "pkg_resources" not in sys.modules and importlib.util.find_spec("pkg_resources") is None:
        stand_in = ModuleType("pkg_resources")
        stand_in.resource_filename = _path_in_package  # type: ignore[attr-defined]
        sys.modules["pkg_resources"] = stand_in
    return importlib.import_module("parliament")


def _path_in_package(package: str, name: str) -> str:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / name)


def findings(policy: dict[str, Any]) -> list[str]:
    """What parliament says of a policy, resolved or with terraform's `${…}` still in it; outdated remarks left out."""
    document = json.loads(json.dumps(policy))
    for statement in document["Statement"]:
        statement["Resource"] = [plain_arn(resource) for resource in statement["Resource"]]
    found = load_parliament().analyze_policy_string(json.dumps(document)).findings
    return [
        f"{item.issue}: {item.detail}"
        for item in found
        if not any(item.issue == issue and text in str(item.detail) for issue, text in OUTDATED)
    ]


def statements_for_everything(permissions: list[tuple[str, str, list[str]]]) -> list[str]:
    """One line for each (sid, why, actions): what is allowed on every resource, and why AWS leaves no other way.

    Raises: AssertionError for an action that AWS could narrow and that EVERYWHERE gives no reason for.
    """
    lines = set()
    for sid, why, actions in permissions:
        narrow = [action for action in actions if resource_patterns(action)]
        unexplained = [action for action in narrow if action not in EVERYWHERE]
        assert unexplained == [], f"{sid}: AWS can narrow {unexplained} to a resource"
        reference = "AWS can narrow them, but" if narrow else "no resource-level permission:"
        lines.add(f"{sid}: {', '.join(actions)}\n    {reference} {why}")
    return sorted(lines)
