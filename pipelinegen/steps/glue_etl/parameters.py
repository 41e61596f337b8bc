"""Parameters of the run in a Glue job: those that its SQL and the windows of its inputs name."""

import re
from collections.abc import Mapping

from pipelinegen.ir.expressions import expression
from pipelinegen.ir.model import Dataset, Json, Jsonata, Table
from pipelinegen.steps.base import Scope

#: What the job binds by itself, and of which type it is.
BUILT_IN: Mapping[str, str] = {"run_date": "date"}
#: Types of parameters as SQL knows them, an int as Spark binds those below 2 ** 31; lists are for loops. A moment is
#: bound as the text that it is, which Spark compares with timestamps.
SQL_TYPES = {"string": "string", "int": "int", "double": "double", "boolean": "boolean", "timestamp": "string"}


def sql_parameters(scope: Scope) -> dict[str, str]:
    """Every parameter that SQL may name, with its type in SQL."""
    given = {name: SQL_TYPES[type] for name, type in scope.around.parameters.items() if type in SQL_TYPES}
    return {**given, **BUILT_IN}


def used_parameters(scope: Scope, sql: str, inputs: Mapping[str, Dataset | Table]) -> dict[str, str]:
    """The parameters that the job needs, by name, with their types in the spec."""
    named = set(re.findall(r"(?<![\w:]):([a-z][a-z0-9_]*)", sql))
    windows = [item.window for item in inputs.values() if isinstance(item, Dataset) and item.window]
    named.update(window.days for window in windows if isinstance(window.days, str))
    known = scope.around.parameters
    return {name: known[name] for name in known if name in named and known[name] in SQL_TYPES}


def parameters_argument(parameters: Mapping[str, str]) -> dict[str, Json]:
    """The job's argument that holds them: a JSON object, so that every value keeps its type."""
    if not parameters:
        return {}
    values: Json = {name: Jsonata(f"$parameters.{name}") for name in parameters}
    return {"--parameters": Jsonata(f"$string({expression(values)})")}
