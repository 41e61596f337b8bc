"""A question about a query, its answer, and the answers of earlier runs: reading SQL takes longer than the rest."""

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from pipelinegen.assets import keep

#: Column name to type; the type is None where nothing is known of it.
Columns = Mapping[str, str | None]
#: An input's name and one of its columns.
Origin = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """A query, the tables it may read, the columns of them that are not read at all, and what it must give.

    `parameters` are those that are bound, with their types.
    """

    sql: str
    inputs: Mapping[str, Columns]
    dropped: Mapping[str, tuple[str, ...]]
    output: Columns
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of a query; `start` and `end` are offsets in the SQL, None where no single word is at fault."""

    id: str
    message: str
    help: str
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The faults, and for each column of the result that could be traced, the columns it is made of.

    `copies` are the columns of the result that hold the values of their one origin unchanged; `texts` are what the
    outermost SELECT says that gives each column.
    """

    findings: tuple[Finding, ...] = ()
    origins: Mapping[str, tuple[Origin, ...]] = field(default_factory=dict)
    copies: frozenset[str] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict)
    doubts: tuple[Finding, ...] = ()


def answer(question: Question, kept: Path | None) -> Answer:
    """The answer, from the folder `kept` if it is there; a folder that cannot be used costs time and nothing else."""
    text = json.dumps(asdict(question), sort_keys=True)
    path = kept / f"{hashlib.sha256(f'{_version()}{text}'.encode()).hexdigest()}.json" if kept else None
    if path:
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            return _from_json(path.read_text(encoding="utf-8"))
    from pipelinegen.sql.check import check_query

    found = check_query(question)
    if path:
        keep(path, json.dumps(asdict(found) | {"copies": sorted(found.copies)}))
    return found


@cache
def _version() -> str:
    """Changes with the code that finds answers, so that no answer outlives it."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _from_json(text: str) -> Answer:
    found = json.loads(text)
    return Answer(
        tuple(Finding(**item) for item in found["findings"]),
        {name: tuple((table, column) for table, column in origins) for name, origins in found["origins"].items()},
        frozenset(found["copies"]),
        dict(found["texts"]),
        tuple(Finding(**item) for item in found["doubts"]),
    )
