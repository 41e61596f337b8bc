"""Columns of tables in the parts that programs give them, and tables in the form that programs are told of."""

from pipelinegen.errors import suggest
from pipelinegen.ir.model import Artifact, Column, Recommender, Table
from pipelinegen.ir.values import NUMBERS, TIMES
from pipelinegen.steps.base import Scope

#: Families of types that can play a part: what the training program makes of them is in runtime/training/data.py.
PLAIN = frozenset({"string", "boolean", *NUMBERS, *TIMES})
NUMERIC = frozenset({"boolean", *NUMBERS})

PARQUET = "application/x-parquet"


def column_for(scope: Scope, table: Table, name: str, families: frozenset[str], *path: str | int) -> Column:
    """The column of a table that a program reads from its files.

    Raises: SpecError with PG021 if there is none, PG138 if its type does not do or it stands in names of folders only.
    """
    dataset = table.dataset
    column = dataset.column(name)
    if column is None:
        help = suggest(name, [item.name for item in dataset.columns], "its columns")
        raise scope.fault("PG021", f"dataset '{dataset.name}' has no column '{name}'", help, *path)
    if name in dataset.partitions:
        fact = f"'{name}' of dataset '{dataset.name}' is one of its partitions, so that its files lack it"
        raise scope.fault("PG138", fact, f"remove it from `partitions:` of '{dataset.name}', or name another", *path)
    if column.family not in families:
        fact = f"'{name}' of dataset '{dataset.name}' is {column.stored_type}, which '{path[-1]}' cannot be"
        if isinstance(path[-1], int):
            fact = f"'{name}' of dataset '{dataset.name}' is {column.stored_type}, and no '{path[-2]}' feature"
        raise scope.fault("PG138", fact, f"name a column of {', '.join(sorted(families))}", *path)
    return column


def check_items(scope: Scope, model: Recommender, items: Table, *path: str | int) -> None:
    """Notes each column that the items lack and the model was trained with. Raises: SpecError with PG021."""
    if model.item_column not in {column.name for column in items.dataset.columns}:
        message = f"dataset '{items.dataset.name}' has no column '{model.item_column}', by which the model knows items"
        raise scope.fault("PG021", message, "give the table the model was trained with", *path)
    for name, families in (
        *((name, PLAIN) for name in model.categorical),
        *((name, NUMERIC) for name in model.numeric),
    ):
        with scope.going_on():
            column_for(scope, items, name, families, *path)


def check_interactions(scope: Scope, model: Recommender, interactions: Table, *path: str | int) -> None:
    """Notes PG021 or PG138 for each column that the interactions lack and the model was trained with."""
    known = ((model.user.name, PLAIN), (model.item_column, PLAIN), (model.time_column, TIMES))
    for name, families in known:
        with scope.going_on():
            column_for(scope, interactions, name, families, *path)


def check_content_type(scope: Scope, reference: str, content_type: str | None, *path: str | int) -> None:
    """Raises: SpecError with PG138 if a table, which is Parquet, is said to be something else at `path`."""
    found = scope.artifact(reference, Artifact, *path)
    if isinstance(found, Table) and content_type not in (None, PARQUET):
        message = f"'{reference}' is a table, whose files are Parquet, and not {content_type}"
        raise scope.fault("PG138", message, f"write `content_type: {PARQUET}`, or refer to a folder", *path)
