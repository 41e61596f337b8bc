"""The JSON that the data source `aws_iam_policy_document` computes."""

import json
from typing import Any, Final

_STATEMENT_LISTS: Final = (
    ("Action", "actions"),
    ("NotAction", "not_actions"),
    ("Resource", "resources"),
    ("NotResource", "not_resources"),
)


def _one_or_many(values: list[str]) -> str | list[str]:
    """A single value is written bare; several in descending order, as the real provider does."""
    return values[0] if len(values) == 1 else sorted(values, reverse=True)


def _principals(blocks: list[dict[str, Any]]) -> str | dict[str, str | list[str]]:
    if any(block["type"] == "*" for block in blocks):
        return "*"
    return {block["type"]: _one_or_many(block["identifiers"]) for block in blocks}


def _conditions(blocks: list[dict[str, Any]]) -> dict[str, dict[str, str | list[str]]]:
    conditions: dict[str, dict[str, str | list[str]]] = {}
    for block in blocks:
        values = block["values"]
        conditions.setdefault(block["test"], {})[block["variable"]] = values[0] if len(values) == 1 else list(values)
    return conditions


def _statement(block: dict[str, Any]) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": block["sid"]} if block.get("sid") else {}
    statement["Effect"] = block.get("effect") or "Allow"
    for key, attribute in _STATEMENT_LISTS:
        if block.get(attribute):
            statement[key] = _one_or_many(block[attribute])
    for key, attribute in (("Principal", "principals"), ("NotPrincipal", "not_principals")):
        if block.get(attribute):
            statement[key] = _principals(block[attribute])
    if block.get("condition"):
        statement["Condition"] = _conditions(block["condition"])
    return statement


def policy_document(config: dict[str, Any]) -> dict[str, Any]:
    """The policy that the blocks of the data source describe, with those it is based on in front."""
    statements = [_statement(block) for block in config.get("statement") or []]
    for source in reversed(config.get("source_policy_documents") or []):
        statements = json.loads(source).get("Statement", []) + statements
    document: dict[str, Any] = {"Version": config.get("version") or "2012-10-17"}
    if config.get("policy_id"):
        document["Id"] = config["policy_id"]
    return document | {"Statement": statements}
