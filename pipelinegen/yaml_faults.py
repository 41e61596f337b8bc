"""Why a text is no YAML, in the reader's words: where the parser stumbles is often not where the cause lies."""

import re
import unicodedata

from pipelinegen.errors import Diagnostic, Note, Span, SpecError

_HELP = 'mend the YAML; a reference inside { } or [ ] needs quotes: "${steps.train.model}"'
_STARTS = {
    "&": "names a part of the YAML",
    "*": "refers to a part of the YAML that has a name",
    "!": "begins a tag",
    "%": "begins a directive",
    "@": "is kept for later",
    "`": "is kept for later",
}
#: As in the parser's own words.
_COLON = "mapping values are not allowed"


def not_yaml(file: str, text: str, line: int, column: int, problem: str) -> SpecError:
    """The fault of a text that the parser gave up on at a line and column, both from 1."""
    lines = text.split("\n")
    span = Span(file, line, column, column + 1)
    for look in (
        _strange_blank,
        _tab,
        _special_start,
        _reference,
        _open_quote,
        _open_bracket,
        _colon,
        _dash,
        _indentation,
    ):
        found = look(file, lines, line, column, problem)
        if found:
            return SpecError([found])
    return SpecError([Diagnostic(span, "PG002", f"not YAML: {problem}", _HELP)])


def _strange_blank(file: str, lines: list[str], line: int, column: int, problem: str) -> Diagnostic | None:
    """White space that looks like a blank and is none, before the first word of this line or one near it."""
    for number in range(line, max(line - 3, 0), -1):
        text = lines[number - 1] if number <= len(lines) else ""
        for place, character in enumerate(text[: len(text) - len(text.lstrip(" \u200b\ufeff" + _blanks(text)))]):
            if character not in " \t":
                name = unicodedata.name(character, "a character").lower()
                message = f"the line begins with U+{ord(character):04X}, {name}, where YAML wants blanks"
                span = Span(file, number, place + 1, place + 2)
                return Diagnostic(span, "PG002", message, "replace it by a blank")
    return None


def _blanks(text: str) -> str:
    return "".join({character for character in text if unicodedata.category(character) in ("Zs", "Cf")})


def _tab(file: str, lines: list[str], line: int, column: int, problem: str) -> Diagnostic | None:
    text = lines[line - 1] if line <= len(lines) else ""
    found = re.match(r" *\t", text)
    if not found:
        return None
    span = Span(file, line, found.end(), found.end() + 1)
    return Diagnostic(span, "PG002", "the line is indented with a tab", "indent with blanks, never with tabs")


def _special_start(file: str, lines: list[str], line: int, column: int, problem: str) -> Diagnostic | None:
    """A text without quotes that begins with a character of YAML's own."""
    text = lines[line - 1] if line <= len(lines) else ""
    for place in (column - 1, column - 2):
        before = text[: max(place, 0)].rstrip(" ")
        if 0 <= place < len(text) and text[place] in _STARTS and before[-1:] in tuple(":-,[{"):
            message = f"'{text[place]}' at the start of a text {_STARTS[text[place]]}"
            return Diagnostic(Span(file, line, place + 1, place + 2), "PG002", message, "put the text in quotes")
    return None


def _reference(file: str, lines: list[str], line: int, column: int, problem: str) -> Diagnostic | None:
    """A reference without quotes inside braces or brackets, whose own brace ends there."""
    text = lines[line - 1] if line <= len(lines) else ""
    for found in re.finditer(r"\$\{[^{}]*\}", text):
        before = text[: found.start()]
        near = found.start() <= column <= found.end() + 1
        if near and not _quoted(before) and re.search(r"[\[{][^\]}]*$", before):
            message = f"not YAML: {problem}"
            span = Span(file, line, found.start() + 1, found.end() + 1)
            return Diagnostic(
                span, "PG002", message, f'a reference inside {{ }} or [ ] needs quotes: "{found.group()}"'
            )
    return None


def _quoted(before: str) -> bool:
    return before.count('"') % 2 == 1


def _open_quote(file: str, lines: list[str], line: int, column: int, problem: str) -> Diagnostic | None:
    """A text in quotes that ends too late: the first line before with one quote too many."""
    for number in range(1, min(line, len(lines)) + 1):
        text = re.sub(r"(^|\s)#.*", "", lines[number - 1]).replace('\\"', "")
        if re.search(r"[|>][+-]?\s*$", text) and '"' not in text:
            continue
        found = re.search(r'(?::|-|,|\[|\{)\s*(")[^"]*$', text)
        if found and text.count('"') % 2 == 1:
            start = lines[number - 1].rfind('"') + 1
            message = "a text in quotes begins here, and does not end in its line"
            span = Span(file, number, start, start + 1)
            note = Note(Span(file, line, column, column + 1), "here the YAML cannot be read any more")
            return Diagnostic(span, "PG002", message, "close the quotes", (note,))
    return None


def _open_bracket(file: str, lines: list[str], line: int, column: int, problem: str) -> Diagnostic | None:
    """A brace or bracket that is not closed before the parser stumbled."""
    if "',' or" not in problem and "flow" not in problem:
        return None
    opened: list[tuple[int, int, str]] = []
    for number, text in enumerate(lines[: line - 1], 1):
        plain = re.sub(r"\"[^\"]*\"|'[^']*'|\$\{[^{}]*\}|(?:^|\s)#.*", lambda part: " " * len(part.group()), text)
        for place, character in enumerate(plain):
            if character in "{[":
                opened.append((number, place, character))
            elif character in "}]" and opened:
                opened.pop()
    if not opened:
        return None
    number, place, character = opened[-1]
    message = f"'{character}' is not closed"
    note = Note(Span(file, line, column, column + 1), "here the YAML cannot be read any more")
    span = Span(file, number, place + 1, place + 2)
    return Diagnostic(span, "PG002", message, f"add '{'}' if character == '{' else ']'}'", (note,))


def _colon(file: str, lines: list[str], line: int, column: int, problem: str) -> Diagnostic | None:
    """A colon inside a text without quotes."""
    text = lines[line - 1] if line <= len(lines) else ""
    if not problem.startswith(_COLON) or not re.match(r"\s*(- )?[^\s:]+:\s+\S[^:]*:(\s|$)", text[: column + 1]):
        return None
    span = Span(file, line, column, column + 1)
    return Diagnostic(span, "PG002", "': ' inside a text begins a key in YAML", "put the whole text in quotes")


def _dash(file: str, lines: list[str], line: int, column: int, problem: str) -> Diagnostic | None:
    """An item of a list among the keys of a mapping."""
    text = lines[line - 1] if line <= len(lines) else ""
    if not text.lstrip(" ").startswith("- ") or "expected key" not in problem:
        return None
    span = Span(file, line, column, column + 1)
    return Diagnostic(
        span, "PG002", "'- ' begins an item of a list, among keys", "write `key: value`, without the dash"
    )


def _indentation(file: str, lines: list[str], line: int, column: int, problem: str) -> Diagnostic | None:
    """A key that stands between the levels of the keys around it."""
    text = lines[line - 1] if line <= len(lines) else ""
    own = len(text) - len(text.lstrip(" "))
    before = [item for item in lines[: line - 1] if item.strip() and not item.lstrip().startswith("#")]
    levels = _levels(before)
    if not text.strip() or own in levels or not levels or column != own + 1:
        return None
    near = ", ".join(str(level) for level in sorted(levels))
    message = f"the line is indented by {own}, and the keys around it by {near}"
    help = "indent it like the keys it belongs to"
    return Diagnostic(Span(file, line, column, column + 1), "PG002", message, help)


def _levels(before: list[str]) -> set[int]:
    """The indentations of the keys that are still open."""
    found: set[int] = set()
    least = 1_000_000
    for item in reversed(before):
        indent = len(item) - len(item.lstrip(" "))
        if indent < least:
            found.add(indent)
            least = indent
        if indent == 0:
            break
    return found
