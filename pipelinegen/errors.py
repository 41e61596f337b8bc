"""Faults a user can mend: diagnostics with a place, a fact and one action to take."""

import errno
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

#: A full disk, and a quota that is used up.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
#: So many words are no list that anybody reads.
_MANY = 40


class ExitCode(IntEnum):
    """What the process tells its caller."""

    CLEAN = 0
    DIAGNOSTICS = 1
    USAGE = 2
    INTERNAL = 70
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A piece of one line; line and columns start at 1, `end_column` is the first column after it.

    Line 0 stands for a whole file.
    """

    file: str
    line: int
    column: int
    end_column: int


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """A second place that explains a fault, such as the first of two equal keys."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """One fault; sorts by file, line and column. `span` is None where no file is at fault."""

    span: Span | None = field(compare=False)
    id: str = field(compare=False)
    message: str = field(compare=False)
    help: str | None = field(default=None, compare=False)
    notes: tuple[Note, ...] = field(default=(), compare=False)
    sort_key: tuple[str, int, int, str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        place = (self.span.file, self.span.line, self.span.column) if self.span else ("", 0, 0)
        object.__setattr__(self, "sort_key", (*place, self.id, self.message))


class SpecError(Exception):
    """Every fault one stage found, sorted by place, each once."""

    def __init__(self, diagnostics: Iterable[Diagnostic], exit_code: ExitCode = ExitCode.DIAGNOSTICS) -> None:
        self.diagnostics = tuple(sorted({item.sort_key: item for item in diagnostics}.values()))
        self.exit_code = exit_code
        super().__init__("\n".join(item.message for item in self.diagnostics))


def fault(
    span: Span | None, id: str, message: str, help: str | None = None, *, code: ExitCode = ExitCode.DIAGNOSTICS
) -> SpecError:
    """A SpecError of one diagnostic."""
    return SpecError([Diagnostic(span, id, message, help)], code)


def joined(errors: Iterable[SpecError]) -> SpecError:
    """Several errors as one, with the gravest exit code. There is at least one."""
    found = tuple(errors)
    return SpecError((item for error in found for item in error.diagnostics), max(error.exit_code for error in found))


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """`did you mean 'x'?` for the nearest known word, or None."""
    from difflib import get_close_matches

    words = sorted(known)
    alike = [other for other in words if other.lower() == word.lower()]
    matches = alike or get_close_matches(word, words, n=1, cutoff=0.6)
    return f"did you mean '{matches[0]}'?" if matches else None


def choices(known: Iterable[str], limit: int = 8) -> str:
    """The known words, sorted, at most `limit` of them."""
    words = sorted(known)
    return ", ".join(words[:limit]) + (f" and {len(words) - limit} more" if len(words) > limit else "")


def suggest(word: str, known: Iterable[str], label: str) -> str:
    """The help text for an unknown word: the nearest match first, then what is known, of many what is most like it."""
    words = sorted(known)
    hint = did_you_mean(word, words)
    listed = f"{label}: {_alike(word, words) if len(words) > _MANY else choices(words)}" if words else f"{label}: none"
    return f"{hint} {listed}" if hint else listed


def _alike(word: str, words: list[str]) -> str:
    from difflib import get_close_matches

    nearest = sorted(get_close_matches(word, words, n=5, cutoff=0.3)) or words[:5]
    return f"{', '.join(nearest)} and {len(words) - len(nearest)} more"
