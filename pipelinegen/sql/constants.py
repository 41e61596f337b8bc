"""PG133: arguments that Spark wants to know before it reads a row."""

from sqlglot import exp

from pipelinegen.sql.dialect import Call, call_of
from pipelinegen.sql.lambdas import variable_place
from pipelinegen.sql.signatures import Signature

#: What differs from call to call, so that it is no constant though it depends on no row.
_UNSTABLE = frozenset({"rand", "randn", "uuid", "shuffle", "monotonically_increasing_id", "input_file_name"})


def constant_fault(call: Call, known: Signature) -> tuple[str, str] | None:
    """An argument that depends on rows where Spark takes none that does."""
    arguments = call.arguments or ()
    for place in known.constants(len(arguments)):
        if not is_constant(arguments[place]):
            which = ("first", "second", "third", "fourth")[place] if place < 4 else f"{place + 1}th"
            fact = f"'{call.name}' wants a value as its {which} argument that does not depend on rows"
            return fact, "write the value itself, or a parameter"
    return None


def is_stable(value: exp.Expression) -> bool:
    """Whether a value is the same each time it is reckoned."""
    calls = (call_of(node) for node in value.walk())
    return not any(call is not None and call.name in _UNSTABLE for call in calls)


def is_constant(value: exp.Expression) -> bool:
    """Whether Spark can reckon a value without rows."""
    for node in value.walk():
        call = call_of(node)
        if isinstance(node, exp.Column | exp.Query | exp.Window | exp.AggFunc) or (call and call.name in _UNSTABLE):
            return False
        if isinstance(node, exp.Identifier) and variable_place(node) is not None:
            return False
    return True
