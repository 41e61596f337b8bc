"""The SQL of a Glue job, held against the contracts of its inputs and its output."""

from collections.abc import Mapping
from dataclasses import replace

from pipelinegen.assets import cache_folder
from pipelinegen.errors import Diagnostic, SpecError
from pipelinegen.ir.model import Column, Dataset, Table
from pipelinegen.spec.datasets import VALUE_CHECKS
from pipelinegen.sql.question import Answer, Columns, Question, answer
from pipelinegen.steps.base import Scope
from pipelinegen.steps.glue_etl.contracts import contract_of

#: What the job binds when it runs the SQL.
PARAMETERS = ("run_date",)


def check_sql(scope: Scope, sql: str, inputs: Mapping[str, Dataset | Table], output: Dataset) -> Dataset:
    """The output, each column protected as the columns it is copied from.

    Raises: SpecError with PG080–PG084 and PG086 for what the SQL gets wrong, PG085 for a sensitive column in the clear.
    """
    question = Question(
        sql=sql,
        inputs={name: _columns(item) for name, item in inputs.items()},
        dropped={name: _dropped(item) for name, item in inputs.items() if _dropped(item)},
        output={column.name: column.type for column in output.columns},
        parameters=PARAMETERS,
    )
    found = answer(question, cache_folder() / "sql")
    text = scope.spans.at("sql")
    if found.findings:
        raise SpecError(
            Diagnostic(text.part(sql, item.start, item.end), item.id, item.message, item.help)
            for item in found.findings
        )
    protected = replace(output, columns=tuple(_protected(column, inputs, found) for column in output.columns))
    _refuse_clear_text(scope, protected, found)
    _refuse_checks_of_pseudonyms(scope, protected)
    return protected


def _refuse_checks_of_pseudonyms(scope: Scope, output: Dataset) -> None:
    hashed = {column.name for column in output.columns if column.protect == "hash"}
    faults = [
        Diagnostic(
            scope.spans.at("output").value,
            "PG087",
            f"'{name}' of dataset '{output.name}' is hashed, so that its values are pseudonyms: no {check.kind}",
            f"remove the check from dataset '{output.name}', or check another column",
        )
        for check in output.checks
        for name in check.columns
        if check.kind in VALUE_CHECKS and name in hashed
    ]
    if faults:
        raise SpecError(faults)


def _contract(item: Dataset | Table) -> tuple[Column, ...]:
    return contract_of(item).columns


def _columns(item: Dataset | Table) -> Columns:
    """What the SQL sees; a pseudonym is text, whatever the column was."""
    return {column.name: column.stored_type for column in contract_of(item).columns if column.protect != "drop"}


def _dropped(item: Dataset | Table) -> tuple[str, ...]:
    if isinstance(item, Table):
        return ()
    return tuple(column.name for column in item.columns if column.protect == "drop")


def _protected(column: Column, inputs: Mapping[str, Dataset | Table], found: Answer) -> Column:
    """The column, protected where the one it is copied from is, or if that is not known, one of the same name."""
    origins = found.origins.get(column.name)
    if origins is not None:
        protections = {_column(inputs, name).protect for name in origins} if column.name in found.copies else set()
        return replace(column, protect=next(iter(protections), None) or column.protect)
    same = (item for table in inputs.values() for item in _contract(table) if item.name == column.name)
    return replace(column, protect=next((item.protect for item in same if item.protect), column.protect))


def _column(inputs: Mapping[str, Dataset | Table], origin: tuple[str, str]) -> Column:
    table, name = origin
    return next(column for column in _contract(inputs[table]) if column.name == name)


def _refuse_clear_text(scope: Scope, output: Dataset, found: Answer) -> None:
    faults = []
    for column in output.columns:
        if not column.sensitive or column.protect:
            continue
        origins = found.origins.get(column.name, ())
        sources = " and ".join(f"{table}.{name}" for table, name in origins) or "the SQL"
        path = f"{sources} -> {output.name}.{column.name} -> {scope.data.uri}"
        faults.append(
            Diagnostic(
                scope.spans.at("output").value,
                "PG085",
                f"sensitive column '{column.name}' of '{output.name}' would be written in the clear: {path}",
                "mark its source `sensitive: true` with `protect: hash`, or leave the column out",
            )
        )
    if faults:
        raise SpecError(faults)
