"""Every check of a state machine together, and what could not be checked for want of a package."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final

from pipelinegen.asl_lint.structure import all_states, language_of, structure_faults
from pipelinegen.asl_lint.timing import timing_faults

#: What statelint 3.1 does not know of the States Language: an expression as a Timestamp, Label and WriterConfig of
#: a distributed Map, and variables that Terraform fills in.
_UNKNOWN_TO_STATELINT: Final = re.compile(r'\.Timestamp is "\{%.*RFC3339|^Field "(Label|WriterConfig)" not allowed')


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong, each fault after its place (`Train.Arguments.RoleArn: ...`), and what was not looked at."""

    faults: tuple[str, ...]
    notes: tuple[str, ...]


def lint(machine: dict[str, Any]) -> Findings:
    """Everything wrong with a machine."""
    structure = structure_faults(machine)
    if structure:  # the other checks walk along `Next`, so a broken graph would only repeat itself in them
        return Findings(tuple(structure), ())
    languages = {language_of(machine), *(str(state.get("QueryLanguage")) for _, state in all_states(machine))}
    faults = _timing(machine)
    notes: list[str] = []
    checks: list[tuple[str, str, Callable[[dict[str, Any]], list[str]]]] = [
        ("botocore", "arguments of tasks", _tasks),
        ("statelint", "what statelint knows", _statelint),
    ]
    if "JSONata" in languages:
        checks.insert(1, ("jsonata", "expressions and variables", _expressions))
    if "JSONPath" in languages:
        notes.append("paths and variables of states in JSONPath mode were not checked")
    for package, what, check in checks:
        if find_spec(package) is None:
            notes.append(f"the package '{package}' is not installed, so nobody checked {what}")
        else:
            faults.extend(check(machine))
    return Findings(tuple(dict.fromkeys(faults)), tuple(notes))


def faults(machine: dict[str, Any]) -> list[str]:
    """Everything wrong with a machine, without statelint. Raises: ImportError if botocore or jsonata is absent."""
    return structure_faults(machine) or [*_timing(machine), *_tasks(machine), *_expressions(machine)]


def _timing(machine: dict[str, Any]) -> list[str]:
    tasks = [(name, state) for name, state in all_states(machine) if state.get("Type") == "Task"]
    return [f"{name}: {fact}" for name, state in tasks for _, fact, _ in timing_faults(state)]


def _tasks(machine: dict[str, Any]) -> list[str]:
    from pipelinegen.asl_lint.tasks import task_faults

    return task_faults(machine)


def _expressions(machine: dict[str, Any]) -> list[str]:
    from pipelinegen.asl_lint.expressions import expression_faults
    from pipelinegen.asl_lint.variables import variable_faults

    return expression_faults(machine) + variable_faults(machine)


def _statelint(machine: dict[str, Any]) -> list[str]:
    from statelint.linter import Linter

    return [f"statelint: {item}" for item in Linter.validate(machine) if not _UNKNOWN_TO_STATELINT.search(item)]
