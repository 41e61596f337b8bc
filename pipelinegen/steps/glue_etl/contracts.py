"""The contracts of a Glue job's inputs and output, as the script gets them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pipelinegen.errors import Diagnostic, SpecError
from pipelinegen.ir.model import Check, Column, Dataset, Table
from pipelinegen.steps.base import Scope

Inputs = Mapping[str, Dataset | Table]

#: What the script calls the result of the SQL.
OUTPUT = "output"


def contract_of(item: Dataset | Table) -> Dataset:
    """The contract of an input."""
    return item.dataset if isinstance(item, Table) else item


def input_settings(scope: Scope, inputs: Inputs) -> dict[str, Any]:
    """What the script reads, by the name the SQL uses. Raises: SpecError with PG130."""
    return {name: _input(scope, name, item, inputs) for name, item in inputs.items()}


def output_settings(scope: Scope, output: Dataset, inputs: Inputs) -> dict[str, Any]:
    """What the script writes. Raises: SpecError with PG130."""
    known = {**inputs, OUTPUT: output}
    partitions = {"partitions": list(output.partitions)} if output.partitions else {}
    checks = [_check(scope, output, check, known, ("output",)) for check in output.checks]
    return {"columns": _columns(output, protect=False), **partitions, "checks": checks}


def _input(scope: Scope, name: str, item: Dataset | Table, inputs: Inputs) -> dict[str, Any]:
    dataset = contract_of(item)
    checks = [
        _check(scope, dataset, check, inputs, ("inputs", name))
        for check in dataset.checks
        # Who wrote the table has enforced the promise, with the other dataset at hand.
        if not (isinstance(item, Table) and item.is_checked and check.kind == "foreign_key")
    ]
    if isinstance(item, Table):
        return {"from": "s3", "columns": _columns(dataset, protect=False), "checks": checks}
    window = item.window and {"column": item.window.column, "days": _days(item.window.days)}
    bookmark = {"bookmark": asdict(item.bookmark)} if item.bookmark else {}
    columns = _columns(dataset, protect=True)
    table = {"from": "warehouse", "table": item.table, "window": window, **bookmark}
    return {**table, "columns": columns, "checks": checks}


def _days(days: int | str) -> int | dict[str, str]:
    return days if isinstance(days, int) else {"parameter": days}


def _columns(dataset: Dataset, *, protect: bool) -> dict[str, Any]:
    return {
        column.name: {"type": column.type, "protect": column.protect}
        if protect and column.protect
        else {"type": column.stored_type}
        for column in dataset.columns
    }


def _check(scope: Scope, dataset: Dataset, check: Check, known: Inputs, path: tuple[str, ...]) -> dict[str, Any]:
    if check.kind != "foreign_key" or not isinstance(check.argument, Mapping):
        return {check.kind: check.argument}
    return {
        "foreign_key": {
            column: _keys(scope, dataset, column, str(target), known, path) for column, target in check.argument.items()
        }
    }


def _keys(
    scope: Scope, dataset: Dataset, column: str, target: str, known: Inputs, path: tuple[str, ...]
) -> dict[str, str]:
    """Where the script finds the keys: a name of what it reads, and a column."""
    other, _, wanted = target.partition(".")
    found = next((name for name, item in known.items() if contract_of(item).name == other), None)
    if found is None:
        raise _fault(
            scope,
            path,
            f"'{dataset.name}.{column}' is held against '{target}', which the step does not read",
            f"add `{other}: ${{datasets.{other}}}` to `inputs:`, or the output of the step that makes it",
        )
    have, want = dataset.column(column), contract_of(known[found]).column(wanted)
    assert have is not None
    assert want is not None
    if have.protect != want.protect:
        raise _fault(
            scope,
            path,
            f"'{dataset.name}.{column}' is {_protection(have)}, but '{target}' is {_protection(want)}",
            "protect both in the same way, so that equal values stay equal",
        )
    return {"input": found, "column": wanted}


def _protection(column: Column) -> str:
    return {"hash": "hashed", "tokenise": "tokenised", "drop": "dropped"}.get(column.protect or "", "not protected")


def _fault(scope: Scope, path: tuple[str, ...], message: str, help: str) -> SpecError:
    return SpecError([Diagnostic(scope.spans.at(*path).value, "PG130", message, help)])
