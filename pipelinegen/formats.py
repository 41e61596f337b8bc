"""Diagnostics as text for people and as JSON, workflow annotations and SARIF for machines."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pipelinegen import __version__
from pipelinegen.catalogue import CATALOGUE
from pipelinegen.errors import Diagnostic, Span

FORMATS = ("text", "json", "github", "sarif")
HOME = "https://github.com/pipelinegen/pipelinegen"

#: Faults of values that are not shown.
SECRETS = frozenset({"PG115"})

#: Gives a file's line, or None where it is not to be had.
LineOf = Callable[[str, int], str | None]

#: SGR parameters (ECMA-48) by what they show.
_SHADES = {"place": "1", "error": "1;31", "note": "1;36", "caret": "31", "help": "36"}


def documents(diagnostics: Sequence[Diagnostic], format: str) -> str:
    """The diagnostics in one of the formats for machines, line ends included; none of them is a document as well."""
    return {"json": as_json, "github": as_github, "sarif": as_sarif}[format](diagnostics)


def as_text(diagnostics: Sequence[Diagnostic], line_of: LineOf, *, colour: bool = False) -> str:
    """What a person reads. Help that whole files share, such as those of `check`, is said once."""
    texts = []
    for item, following in zip(diagnostics, [*diagnostics[1:], None], strict=True):
        is_repeated = item.span is not None and item.span.line == 0 and following is not None
        text = format_diagnostic(item, line_of, colour=colour)
        shared = is_repeated and following is not None and (following.id, following.help) == (item.id, item.help)
        texts.append(text.rpartition("\n")[0] if shared and item.help else text)
    return "".join(f"{text}\n" for text in texts)


def format_diagnostic(diagnostic: Diagnostic, line_of: LineOf, *, colour: bool = False) -> str:
    """The lines of one diagnostic: place and fact, the source line with a caret, notes, and the action to take."""
    paint = _painter(colour)
    lines = [
        f"{paint('place', _place(diagnostic.span))}{paint('error', f'error {diagnostic.id}:')} "
        f"{printable(diagnostic.message)}",
        *_excerpt(diagnostic.span, line_of, paint, hidden=diagnostic.id in SECRETS),
    ]
    for note in diagnostic.notes:
        lines.append(f"{paint('place', _place(note.span))}{paint('note', 'note:')} {printable(note.message)}")
        lines.extend(_excerpt(note.span, line_of, paint))
    if diagnostic.help:
        lines.append(f"   {paint('help', 'help:')} {printable(diagnostic.help)}")
    return "\n".join(lines)


def as_json(diagnostics: Iterable[Diagnostic]) -> str:
    """One document; a fault of no file has null for a file, a fault of a whole file null for a line."""
    found = [
        {
            "id": item.id,
            "severity": "error",
            "message": item.message,
            "help": item.help,
            **_json_place(item.span),
            "notes": [{"message": note.message, **_json_place(note.span)} for note in item.notes],
        }
        for item in diagnostics
    ]
    return _json({"schema_version": 1, "generator": f"pipelinegen {__version__}", "diagnostics": found})


def as_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Workflow commands, one a line, which GitHub Actions shows beside the changed lines."""
    return "".join(f"{_workflow_command(item)}\n" for item in diagnostics)


def as_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """A SARIF 2.1.0 log of one run, every rule of the catalogue included."""
    places = {id: place for place, id in enumerate(CATALOGUE)}
    driver = {
        "name": "pipelinegen",
        "version": __version__,
        "informationUri": HOME,
        "rules": [
            {"id": id, "shortDescription": {"text": text}, "defaultConfiguration": {"level": "error"}}
            for id, text in CATALOGUE.items()
        ],
    }
    results = [_sarif_result(item, places.get(item.id)) for item in diagnostics]
    return _json(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
        }
    )


def wants_colour(environment: Mapping[str, str], *, terminal: bool) -> bool:
    """Whether text may be coloured: on a terminal that can, unless NO_COLOR is set (no-color.org)."""
    return terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def printable(text: str) -> str:
    """The text with control characters escaped, so that nothing a spec says moves the cursor or forges a line."""
    return "".join(
        item if item.isprintable() or item == "\t" else item.encode("unicode_escape").decode() for item in text
    )


def _painter(colour: bool) -> Callable[[str, str], str]:
    def paint(shade: str, text: str) -> str:
        return f"\x1b[{_SHADES[shade]}m{text}\x1b[0m" if colour and text else text

    return paint


def _place(span: Span | None) -> str:
    if span is None:
        return ""
    return printable(f"{span.file}: " if span.line == 0 else f"{span.file}:{span.line}:{span.column}: ")


def _excerpt(
    span: Span | None, line_of: LineOf, paint: Callable[[str, str], str], *, hidden: bool = False
) -> list[str]:
    text = line_of(span.file, span.line) if span and span.line else None
    if span is None or text is None:
        return []
    start, width = span.column - 1, max(1, span.end_column - span.column)
    if hidden:
        text, width = _masked(text, start), 8
    if len(text) > 140:
        cut = max(0, min(start - 20, len(text) - 120))
        text, start = text[cut : cut + 120], start - cut
    gutter = f"   {span.line} | "
    width = max(1, min(width, len(text) - start))
    indent = "".join("\t" if item == "\t" else " " for item in text[:start]).ljust(start)
    return [printable(f"{gutter}{text}"), f"{' ' * (len(gutter) - 2)}| {indent}{paint('caret', '^' * width)}"]


def _masked(text: str, start: int) -> str:
    """A line without its values: logs of CI are read by more people than a spec, and a secret seldom comes alone."""
    key = re.match(r"\s*(- )?([\w.-]+: ?)?", text)
    shown = min(key.end() if key else 0, start)
    return text[:shown] + "*" * (start + 8 - shown)


def _json_place(span: Span | None) -> dict[str, Any]:
    if span is None or span.line == 0:
        return {"file": span.file if span else None, "line": None, "column": None, "end_column": None}
    return {"file": span.file, "line": span.line, "column": span.column, "end_column": span.end_column}


def _workflow_command(item: Diagnostic) -> str:
    properties: dict[str, str | int] = {}
    if item.span:
        properties["file"] = item.span.file
    if item.span and item.span.line:
        properties.update(
            line=item.span.line, endLine=item.span.line, col=item.span.column, endColumn=item.span.end_column
        )
    properties["title"] = f"pipelinegen {item.id}"
    listed = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in properties.items())
    notes = [f"{_place(note.span)}note: {note.message}" for note in item.notes]
    message = "\n".join([item.message, *notes, *([f"help: {item.help}"] if item.help else [])])
    return f"::error {listed}::{_escaped(message)}"


def _escaped(text: str, also: str = "") -> str:
    """As the runner's toolkit escapes it: a property must not end early, a message must stay one line."""
    for character in f"%\r\n{also}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def _sarif_result(item: Diagnostic, rule: int | None) -> dict[str, Any]:
    """A result; `rule` is None for an id that a plug-in brings, which the catalogue cannot know."""
    text = f"{item.message}\nhelp: {item.help}" if item.help else item.message
    result: dict[str, Any] = {"ruleId": item.id, "level": "error", "message": {"text": text}}
    if rule is not None:
        result["ruleIndex"] = rule
    if item.span:
        result["locations"] = [_sarif_location(item.span)]
    if item.notes:
        result["relatedLocations"] = [
            {**_sarif_location(note.span), "message": {"text": note.message}} for note in item.notes
        ]
    return result


def _sarif_location(span: Span) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(span.file)}}
    if span.line:
        place["region"] = {"startLine": span.line, "startColumn": span.column, "endColumn": span.end_column}
    return {"physicalLocation": place}


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
