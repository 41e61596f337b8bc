"""The SQL of a Glue job, held against the contracts of its inputs and its output."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pipelinegen.assets import cache_folder
from pipelinegen.errors import Diagnostic, SpecError
from pipelinegen.ir.model import Column, Dataset, Table
from pipelinegen.spec.datasets import VALUE_CHECKS
from pipelinegen.sql.question import Answer, Columns, Question, answer
from pipelinegen.steps.base import Scope
from pipelinegen.steps.glue_etl.contracts import contract_of
from pipelinegen.steps.glue_etl.parameters import sql_parameters
from pipelinegen.steps.protection import PROTECTED, clear_inputs, clear_outputs, ways_out
from pipelinegen.steps.unseen import unseen

Inputs = Mapping[str, Dataset | Table]
#: Settings of spark.sql that change how fast a query runs, and not which queries run.
_OF_SPEED = tuple(
    f"spark.sql.{name}"
    for name in ("adaptive.", "autoBroadcastJoinThreshold", "broadcastTimeout", "files.", "parquet.", "shuffle.")
)


@dataclass(frozen=True, slots=True)
class Result:
    """The output, each column protected as the columns it is made of, and by which way the values came.

    `doubts` are what of the SQL only Spark can judge.
    """

    output: Dataset
    ways: Mapping[str, str]
    doubts: tuple[Diagnostic, ...] = ()


def check_sql(scope: Scope, sql: str, inputs: Inputs, output: Dataset, settings: Mapping[str, str]) -> Result:
    """What the SQL gives; `settings` are Spark's, of the step's own.

    Notes PG080–PG084 and PG086 for what the SQL gets wrong, PG019 and PG085 for sensitive columns in the clear, PG087
    for checks of pseudonyms.
    """
    question = Question(
        sql=sql,
        inputs={name: _columns(item) for name, item in inputs.items()},
        dropped={name: _dropped(item) for name, item in inputs.items() if _dropped(item)},
        output={column.name: column.type for column in output.columns},
        parameters=sql_parameters(scope),
    )
    found = answer(question, cache_folder() / "sql")
    text, target = scope.spans.at("sql"), scope.spans.at("output").value
    faults = [
        Diagnostic(text.part(sql, item.start, item.end), item.id, item.message, item.help) for item in found.findings
    ]
    protected = replace(output, columns=tuple(_protected(column, inputs, found) for column in output.columns))
    ways = ways_out(inputs, protected, found)
    faults.extend(clear_inputs(scope, inputs, protected, found))
    if not faults:
        help = "mark its source `sensitive: true` with `protect: hash` or `tokenise`, or leave the column out"
        faults.extend(clear_outputs(target, protected, scope.data, ways, "PG085", help))
        faults.extend(_unfit_for_pseudonyms(scope, protected))
    if faults:
        # What comes after sees the table as it is declared, and no second time what is said here.
        scope.faults.extend(faults)
        return Result(replace(output, columns=tuple(replace(item, sensitive=False) for item in output.columns)), {})
    return Result(protected, ways, tuple(_doubts(scope, sql, found, settings)))


def _doubts(scope: Scope, sql: str, found: Answer, settings: Mapping[str, str]) -> Iterator[Diagnostic]:
    """PG144 for the first thing that no rule decides, and for settings that change the rules."""
    text, behind = scope.spans.at("sql"), "so that only Spark can say whether the query runs"
    help = "`pipelinegen validate` asks Spark itself, where pipelinegen[local] and a Java are installed"
    for item in found.doubts[:1]:
        fact = f"no rule tells {item.message}, {behind}"
        yield Diagnostic(text.part(sql, item.start, item.end), "PG144", fact, help)
    for name in settings:
        if name.startswith("spark.sql.") and not name.startswith(_OF_SPEED):
            fact = f"no rule tells how queries are read with '{name}', {behind}"
            yield Diagnostic(scope.spans.at("spark", name).label, "PG144", fact, help)


def check_program(scope: Scope, inputs: Inputs, output: Dataset, said: str | None) -> Result:
    """What a program of the user's gives, of which only its declared columns are known.

    `said` is the step's `sensitive_data:`. Raises: SpecError with PG019 for a sensitive column that it would read in
    the clear, PG085 for one that it declares, PG134 if it has the warehouse's secret and nothing is said.
    """
    nothing = Answer()
    protected = replace(output, columns=tuple(_protected(column, inputs, nothing) for column in output.columns))
    ways = {column.name: f"the step's own program -> {output.name}.{column.name}" for column in output.columns}
    faults = list(clear_inputs(scope, inputs, protected, None))
    if any(isinstance(item, Dataset) and item.table for item in inputs.values()):
        what = f"the script of step '{scope.step}', which holds the warehouse's secret"
        faults.extend(unseen(scope, what, scope.spans.at("script").value, said))
    if not faults:
        help = "mark its source `sensitive: true` with `protect: hash` or `tokenise`, or leave the column out"
        faults.extend(clear_outputs(scope.spans.at("output").value, protected, scope.data, ways, "PG085", help))
        faults.extend(_unfit_for_pseudonyms(scope, protected))
    if faults:
        raise SpecError(faults)
    return Result(protected, ways)


def _unfit_for_pseudonyms(scope: Scope, output: Dataset) -> Iterator[Diagnostic]:
    """Checks and types of the output that cannot be those of pseudonyms."""
    span = scope.spans.at("output").value
    hidden = {column.name: column for column in output.columns if column.protect in PROTECTED}
    for name, column in hidden.items():
        if column.type != "string":
            message = f"'{name}' of dataset '{output.name}' holds pseudonyms, which are text, and never {column.type}"
            yield Diagnostic(span, "PG084", message, f"declare {output.name}.{name} as string")
    for check in output.checks:
        for name in check.columns:
            if check.kind in VALUE_CHECKS and name in hidden:
                done = "hashed" if hidden[name].protect == "hash" else "tokenised"
                fact = f"'{name}' of dataset '{output.name}' is {done}, so that its values are pseudonyms"
                help = f"remove the check from dataset '{output.name}', or check another column"
                yield Diagnostic(span, "PG087", f"{fact}: no {check.kind}", help)


def _columns(item: Dataset | Table) -> Columns:
    """What the SQL sees; a pseudonym is text, whatever the column was."""
    return {column.name: column.stored_type for column in contract_of(item).columns if column.protect != "drop"}


def _dropped(item: Dataset | Table) -> tuple[str, ...]:
    if isinstance(item, Table):
        return ()
    return tuple(column.name for column in item.columns if column.protect == "drop")


def _protected(column: Column, inputs: Inputs, found: Answer) -> Column:
    """The column, sensitive and protected as those it is made of, or if they are not known, as one of the same name.

    What the output's own contract says of protection is a wish; only what was done on reading counts.
    """
    origins = found.origins.get(column.name)
    if origins is None:
        same = [item for table in inputs.values() for item in contract_of(table).columns if item.name == column.name]
        found_protection = next((item.protect for item in same if item.protect), None)
    else:
        made_of = [_column(inputs, origin) for origin in origins]
        found_protection = _protection(made_of, is_copy=column.name in found.copies)
    wished = column.protect in PROTECTED
    return replace(column, protect=found_protection, sensitive=column.sensitive or wished)


def _protection(made_of: list[Column], *, is_copy: bool) -> str | None:
    """`derived` is what is computed from pseudonyms: no clear text, and no pseudonym that anybody could look up."""
    ways = {column.protect for column in made_of}
    if is_copy:
        return next(iter(ways), None)
    is_hidden = any(column.protect for column in made_of)
    is_clear = any(column.sensitive and not column.protect for column in made_of)
    return "derived" if is_hidden and not is_clear else None


def _column(inputs: Inputs, origin: tuple[str, str]) -> Column:
    table, name = origin
    column = contract_of(inputs[table]).column(name)
    assert column is not None
    return column
