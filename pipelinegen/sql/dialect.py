"""Spark SQL as sqlglot reads it, with every call remembered as it was written: sqlglot knows many by other names."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.dialects.spark import Spark
from sqlglot.tokens import TokenType

_CALL = "pipelinegen_call"
#: Functions that sqlglot reads by methods of their own, and whose parts are their arguments in order.
_PLAIN = frozenset(
    {"APPROX_PERCENTILE", "CEIL", "FLOOR", "MAX_BY", "MIN_BY", "PERCENTILE", "PERCENTILE_APPROX", "SUBSTR", "SUBSTRING"}
)
#: What Spark's grammar has, and its list of functions has not; hints among it.
_GRAMMAR = frozenset(
    (
        *("AND", "BROADCAST", "BROADCASTJOIN", "MAPJOIN", "MERGE", "MERGEJOIN", "OR"),
        *("SHUFFLEMERGE", "SHUFFLE_HASH", "SHUFFLE_REPLICATE_NL", "TRIM", "TRY_CAST", "CAST", "EXTRACT"),
        *("OVERLAY", "POSITION", "SUBSTRING"),
    )
)


@dataclass(frozen=True, slots=True)
class Call:
    """A function as the query names it, in lower case; the arguments are None where they have a syntax of their own."""

    name: str
    arguments: tuple[exp.Expression, ...] | None

    def __deepcopy__(self, memo: dict[int, Any]) -> "Call":
        """Itself: a copy of a node must not copy the whole query with it, by way of its arguments' parents."""
        return self


def call_of(node: exp.Expression) -> Call | None:
    """The call a node was read from, if it was one."""
    if isinstance(node, exp.Anonymous):
        return Call(str(node.this).lower(), _flat(node.expressions))
    if isinstance(node, exp.Transform):
        return Call("transform", tuple(node.iter_expressions()))
    found = node.meta.get(_CALL)
    return found if isinstance(found, Call) else None


def written(node: exp.Expression, **options: Any) -> str:
    """An expression as Spark SQL; what sqlglot cannot write, such as a call without its arguments, as nothing much."""
    try:
        return str(node.sql(dialect="spark", **options))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return "…"


def parse(sql: str) -> list[exp.Expression]:
    """Every statement. Raises: SqlglotError if it cannot be read."""
    return [item for item in sqlglot.parse(sql, read=_dialect()) if item is not None]


@cache
def _dialect() -> type[Dialect]:
    class Parser(Spark.Parser):  # type: ignore[misc]
        """Spark's, remembering calls."""

        FUNCTIONS = {name: _remembering(name, make) for name, make in Spark.Parser.FUNCTIONS.items()}
        FUNCTION_PARSERS = {name: _remembering_parser(name, read) for name, read in _own_parsers().items()}

        def _parse_cube_or_rollup(self, with_prefix: bool = False) -> Any:
            """Any expressions, comparisons among them, which sqlglot does not read there."""
            kinds = {TokenType.CUBE: exp.Cube, TokenType.ROLLUP: exp.Rollup}
            kind = next((kind for token, kind in kinds.items() if self._match(token)), None)
            if kind is None:
                return None
            return kind(expressions=[] if with_prefix else self._parse_wrapped_csv(self._parse_disjunction))

        def _parse_grouping_set(self) -> Any:
            return self._parse_grouping_sets() or self._parse_cube_or_rollup() or self._parse_disjunction()

        def _parse_lateral(self) -> Any:
            """Names of columns behind that of the view without AS, too."""
            found = super()._parse_lateral()
            alias = found.args.get("alias") if found is not None and found.args.get("view") else None
            if alias is not None and not alias.columns and self._curr and self._curr.token_type == TokenType.VAR:
                alias.set("columns", self._parse_csv(self._parse_id_var))
            return found

    return type("RememberingSpark", (Spark,), {"Parser": Parser})


def _own_parsers() -> dict[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = Spark.Parser.FUNCTION_PARSERS
    return found


def _remembering(name: str, make: Callable[..., Any]) -> Callable[..., Any]:
    def made(arguments: list[Any], dialect: Any = None) -> Any:
        given = _flat(arguments)
        try:
            node = make(arguments) if dialect is None else make(arguments, dialect=dialect)
        except TypeError:
            # sqlglot tries without a dialect first; some of its functions want one, and others take none.
            if dialect is None:
                raise
            node = make(arguments)
        except (AttributeError, IndexError, KeyError, ValueError):
            # Too few arguments, or of a sort that sqlglot does not expect there: Spark's own rules will tell.
            return exp.Anonymous(this=name.lower(), expressions=list(given))
        return _remember(node, Call(name.lower(), given))

    return made


def _remembering_parser(name: str, read: Callable[..., Any]) -> Callable[..., Any]:
    def parsed(parser: Any) -> Any:
        node = read(parser)
        if name in _GRAMMAR and name not in _PLAIN:
            return node
        arguments = tuple(node.iter_expressions()) if name in _PLAIN and isinstance(node, exp.Expression) else None
        return _remember(node, Call(name.lower(), arguments))

    return parsed


def _remember(node: Any, call: Call) -> Any:
    if isinstance(node, exp.Expression):
        node.meta[_CALL] = call
    return node


def _flat(arguments: list[Any]) -> tuple[exp.Expression, ...]:
    """The arguments; those behind DISTINCT are arguments, too."""
    if len(arguments) == 1 and isinstance(arguments[0], exp.Distinct):
        return tuple(arguments[0].expressions)
    return tuple(item for item in arguments if isinstance(item, exp.Expression))
