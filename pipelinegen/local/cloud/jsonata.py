"""JSONata as Step Functions evaluates it: jsonata-python plus the functions that AWS adds, without any of moto."""

import copy
import hashlib
import json
import random
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from jsonata import Jsonata
from jsonata.jexception import JException
from jsonata.utils import Utils

#: A single evaluation may take this long; AWS does not publish its own limit.
TIMEOUT_MILLISECONDS: Final = 10_000

_HASHES: Final = {
    "MD5": hashlib.md5,
    "SHA-1": hashlib.sha1,
    "SHA-256": hashlib.sha256,
    "SHA-384": hashlib.sha384,
    "SHA-512": hashlib.sha512,
}


class QueryError(Exception):
    """An expression that fails or gives nothing: States.QueryEvaluationError on AWS."""


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """The JSON value of an expression; `variables` are named without the leading dollar sign.

    Raises: QueryError if the expression fails, gives nothing (undefined), or gives something that is not JSON.
    """
    try:
        program = Jsonata(expression, timeout=TIMEOUT_MILLISECONDS)
        # Without this, JSONata's null and undefined both come back as None, and only one of them is an error.
        program.set_output_convert_nulls(False)
        program.set_validate_input(False)
        for name, function in AWS_FUNCTIONS.items():
            program.register_lambda(name, function)
        bound = {name: Utils.NULL_VALUE if value is None else copy.deepcopy(value) for name, value in variables.items()}
        result = program.evaluate(None, bound)
    except QueryError:
        raise
    except Exception as error:
        # AWS's sentence, but for the field that the expression is written in.
        fact = f"The JSONata expression '{expression}' threw an error during evaluation"
        raise QueryError(f"{fact}{f'. {error.error}' if isinstance(error, JException) else ''}: {error}") from error
    if result is None:
        raise QueryError(f"The JSONata expression '{expression}' returned nothing (undefined).")
    return _plain(result, expression)


def _plain(value: Any, expression: str) -> Any:
    """The value in JSON's own types. Raises: QueryError for functions, NaN and the like."""
    if value is Utils.NULL_VALUE or value is None or isinstance(value, bool | int | str):
        return None if value is Utils.NULL_VALUE else value
    if isinstance(value, float):
        # JSONata has one kind of number: 3.0 is written 3.
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, Mapping):
        return {str(key): _plain(item, expression) for key, item in value.items()}
    if isinstance(value, list | tuple | range):
        return [_plain(item, expression) for item in value]
    if hasattr(value, "__iter__"):
        return [_plain(item, expression) for item in value]
    raise QueryError(f"The JSONata expression '{expression}' returned an unsupported result type.")


def _parse(text: str) -> Any:
    """`$parse`: the value of a JSON text."""
    try:
        parsed = json.loads(text)
    except (TypeError, ValueError) as error:
        raise QueryError(f"$parse: the argument is not JSON: {error}") from error
    return Utils.NULL_VALUE if parsed is None else parsed


def _uuid() -> str:
    """`$uuid`: a random version 4 UUID."""
    return str(uuid.uuid4())


def _hash(value: Any, algorithm: str = "SHA-256") -> str:
    """`$hash`: the hexadecimal digest of a text; MD5, SHA-1, SHA-256, SHA-384 or SHA-512."""
    if algorithm not in _HASHES:
        raise QueryError(f"$hash: '{algorithm}' is none of {', '.join(_HASHES)}")
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return _HASHES[algorithm](text.encode()).hexdigest()


def _partition(values: list[Any], size: float) -> list[list[Any]]:
    """`$partition`: the list in pieces of `size`, the last one may be shorter."""
    length = int(size)
    if length < 1:
        raise QueryError("$partition: the size must be at least 1")
    listed = list(values) if isinstance(values, list) else [values]
    return [listed[start : start + length] for start in range(0, len(listed), length)]


def _range(first: float, last: float, step: float = 1) -> list[int]:
    """`$range`: first, first+step, … up to and including `last`; at most 1000 numbers, as on AWS."""
    if int(step) == 0:
        raise QueryError("$range: the step must not be 0")
    numbers = list(range(int(first), int(last) + (1 if step > 0 else -1), int(step)))
    if len(numbers) > 1000:
        raise QueryError("$range: more than 1000 numbers")
    return numbers


def _random(seed: float | None = None) -> float:
    """`$random`: a number in [0, 1); the same one for the same seed."""
    return random.Random(seed).random()


#: Functions of Step Functions that JSONata itself does not have. `$random` exists there, but takes no seed.
AWS_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "parse": _parse,
    "uuid": _uuid,
    "hash": _hash,
    "partition": _partition,
    "range": _range,
    "random": _random,
}
