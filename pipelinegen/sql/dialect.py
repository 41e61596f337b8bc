"""Spark SQL as sqlglot reads it, with every call remembered as it was written: sqlglot knows many by other names."""

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.tokens import TokenType

_CALL = "pipelinegen_call"
#: Functions that sqlglot reads by methods of their own, and whose parts are their arguments in order.
_PLAIN = frozenset(
    (
        *("APPROX_PERCENTILE", "CEIL", "CHAR", "CHR", "DECODE", "FLOOR", "MAX_BY", "MIN_BY", "OVERLAY", "PERCENTILE"),
        *("PERCENTILE_APPROX", "SUBSTR", "SUBSTRING"),
    )
)
#: Which end TRIM (… FROM …) means, by the function that does the same.
_TRIMS = {"LEADING": "ltrim", "TRAILING": "rtrim", "BOTH": "trim"}
#: What Spark's grammar has, and its list of functions has not; hints among it.
_GRAMMAR = frozenset(
    (
        *("AND", "BROADCAST", "BROADCASTJOIN", "MAPJOIN", "MERGE", "MERGEJOIN", "OR"),
        *("SHUFFLEMERGE", "SHUFFLE_HASH", "SHUFFLE_REPLICATE_NL", "TRY_CAST", "CAST", "EXTRACT"),
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
    if isinstance(node, exp.Any) and isinstance(node.this, exp.Paren) and not is_of_like(node):
        return Call("any", (node.this.this,))
    found = node.meta.get(_CALL)
    return found if isinstance(found, Call) else None


def parts_of(node: exp.Expression) -> Iterator[exp.Expression]:
    """What is written in a node: of a call the arguments, and not what sqlglot makes of them."""
    call = call_of(node)
    yield from node.iter_expressions() if call is None or call.arguments is None else call.arguments


def is_of_like(node: exp.Expression) -> bool:
    """Whether this is the ANY or ALL of LIKE ANY (…), whatever stands in its brackets."""
    is_behind = isinstance(node.parent, exp.Like | exp.ILike) and node.arg_key == "expression"
    return is_behind and isinstance(node, exp.Any | exp.All)


def whole_number(value: object) -> int | None:
    """The whole number that is written there, with a minus or without; None for anything else."""
    sign, plain = (-1, value.this) if isinstance(value, exp.Neg) else (1, value)
    is_number = isinstance(plain, exp.Literal) and not plain.is_string and plain.name.isdecimal()
    return sign * int(plain.name) if is_number and isinstance(plain, exp.Literal) else None


def written(node: exp.Expression, **options: Any) -> str:
    """An expression as Spark SQL; what sqlglot cannot write, such as a call without its arguments, as nothing much."""
    try:
        return str(node.sql(dialect="spark", **options))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return "…"


def parse(sql: str) -> list[exp.Expression]:
    """Every statement. Raises: SqlglotError if it cannot be read."""
    return [item for item in sqlglot.parse(sql, read=_Dialect) if item is not None]


def _with_variables(body: exp.Expression, names: Set[str]) -> exp.Expression:
    """What a lambda gives, with identifiers where sqlglot read columns and variables are meant."""
    moved: dict[int, tuple[exp.Expression, exp.Expression]] = {}
    for column in list(body.find_all(exp.Column)):
        if column.parts[0].name.lower() not in names:
            continue
        whole: exp.Expression = column
        while isinstance(whole.parent, exp.Dot):
            whole = whole.parent
        variable = column.to_dot() if column.table or whole is not column else column.this
        if whole is body:
            body = variable
        else:
            whole.replace(variable)
        moved[id(whole)] = whole, variable
    for node in body.walk():
        call = node.meta.get(_CALL)
        if isinstance(call, Call) and call.arguments:
            given = tuple(moved[id(item)][1] if id(item) in moved else item for item in call.arguments)
            _remember(node, Call(call.name, given))
    return body


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
        return _remember(node, _call_in_words(name, node) if isinstance(node, exp.Expression) else None)

    return parsed


def _call_in_words(name: str, node: exp.Expression) -> Call:
    """A call whose arguments may have words between them, as in TRIM(BOTH ' ' FROM name)."""
    if isinstance(node, exp.Trim):
        return Call(_TRIMS[node.args.get("position") or "BOTH"], _given(node, "this", "expression"))
    if isinstance(node, exp.StrPosition):
        return Call("position", _given(node, "substr", "this", "position"))
    if isinstance(node, exp.Initcap):  # sqlglot adds the letters that part words
        return Call("initcap", _given(node, "this"))
    return Call(name.lower(), tuple(node.iter_expressions()) if name in _PLAIN else None)


def _given(node: exp.Expression, *parts: str) -> tuple[exp.Expression, ...]:
    return tuple(item for part in parts if isinstance(item := node.args.get(part), exp.Expression))


def _remember(node: Any, call: Call | None) -> Any:
    if isinstance(node, exp.Expression) and call is not None:
        node.meta[_CALL] = call
    return node


def _flat(arguments: list[Any]) -> tuple[exp.Expression, ...]:
    """The arguments; those behind DISTINCT are arguments, too."""
    if len(arguments) == 1 and isinstance(arguments[0], exp.Distinct):
        return tuple(arguments[0].expressions)
    return tuple(item for item in arguments if isinstance(item, exp.Expression))


class _Parser(Spark.Parser):  # type: ignore[misc]
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

    def _replace_lambda(self, node: Any, expressions: list[Any]) -> Any:
        """Variables instead of columns, in the calls that were remembered, too."""
        return _with_variables(node, {item.name.lower() for item in expressions}) if node else node

    def _parse_transform(self) -> Any:
        """As a function with all its arguments, of which sqlglot keeps two; TRANSFORM … USING as sqlglot does."""
        begin = self._index
        given = self._parse_wrapped_csv(self._parse_lambda) if self._is_open_bracket() else None
        if given is not None and not self._match(TokenType.USING, advance=False):
            return _remember(exp.Transform.from_arg_list(given[:2]), Call("transform", tuple(given)))
        self._retreat(begin)
        return super()._parse_transform()

    def _is_open_bracket(self) -> bool:
        return bool(self._match(TokenType.L_PAREN, advance=False))

    def _parse_lateral(self) -> Any:
        """Names of columns behind that of the view without AS, too."""
        found = super()._parse_lateral()
        alias = found.args.get("alias") if found is not None and found.args.get("view") else None
        if alias is not None and not alias.columns and self._curr and self._curr.token_type == TokenType.VAR:
            alias.set("columns", self._parse_csv(self._parse_id_var))
        return found


class _Dialect(Spark):  # type: ignore[misc]
    """Spark's, with that parser."""

    Parser = _Parser
