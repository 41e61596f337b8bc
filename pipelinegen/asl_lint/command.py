"""`pipelinegen lint-asl`: diagnostics for files with state machines, whoever wrote them."""

import json
import re
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from pipelinegen.asl_lint.lint import lint
from pipelinegen.errors import Diagnostic, ExitCode, Span, SpecError

#: Larger files are no state machines: AWS takes definitions of at most 1 MB.
_MOST_BYTES = 1_048_576


def lint_asl(options: Namespace) -> int:
    """Says that every file is sound. Raises: SpecError with PG106 for faults, PG107 for files that are no machine."""
    found: list[Diagnostic] = []
    for path in options.files:
        try:
            text, machine = _read(path)
        except SpecError as error:
            found.extend(error.diagnostics)
            continue
        findings = lint(machine)
        for note in findings.notes:
            print(f"{path.as_posix()}: note: {note}", file=sys.stderr)
        help = "see the Amazon States Language and the developer guide of Step Functions"
        found.extend(Diagnostic(_place(path, text, item), "PG106", item, help) for item in findings.faults)
    if found:
        raise SpecError(found)
    print(f"{len(options.files)} state machine{'s are' if len(options.files) > 1 else ' is'} sound")
    return ExitCode.CLEAN


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    start = Span(path.as_posix(), 1, 1, 1)
    help = "give a file with a state machine in JSON"
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _refused(start, "the file has more than the 1 MB that a definition may have", help)
        text = path.read_text(encoding="utf-8")
        machine = json.loads(text)
    except OSError as error:
        raise _refused(start, f"the file cannot be read: {error.strerror}", help) from None
    except UnicodeDecodeError:
        raise _refused(start, "the file is not UTF-8", help) from None
    except json.JSONDecodeError as error:
        place = Span(path.as_posix(), error.lineno, error.colno, error.colno + 1)
        raise _refused(place, f"the file is not JSON: {error.msg}", help) from None
    except RecursionError:
        raise _refused(start, "the file nests too deeply", help) from None
    if not isinstance(machine, dict):
        raise _refused(start, "the file holds no JSON object", help)
    return text, machine


def _refused(span: Span, message: str, help: str) -> SpecError:
    return SpecError([Diagnostic(span, "PG107", message, help)])


def _place(path: Path, text: str, fault: str) -> Span:
    """The line of the state that a fault names, or else the first one."""
    best = Span(path.as_posix(), 1, 1, 1)
    longest = 0
    for number, line in enumerate(text.split("\n"), 1):
        key = re.match(r'\s*("(?:[^"\\]|\\.)*")\s*:\s*\{', line)
        name = json.loads(key.group(1)) if key else ""
        if key and len(name) > longest and re.match(rf"{re.escape(name)}(?![\w ])", fault.removeprefix("statelint: ")):
            best, longest = Span(path.as_posix(), number, key.start(1) + 1, key.end(1) + 1), len(name)
    return best
