"""YAML text to plain data and, beside it, a tree of spans; nothing of YAML that surprises survives this room."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from pipelinegen.errors import Diagnostic, ExitCode, Note, Span, SpecError, fault

Data = dict[str, "Data"] | list["Data"] | str | int | float | bool | None

MAX_BYTES = 1_048_576
MAX_DEPTH = 64
MAX_NODES = 50_000
#: Faults of one file's YAML; who has more has taken the wrong file.
MAX_FAULTS = 100
MAX_INTEGER_DIGITS = 18

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?")
#: What YAML 1.2 does not allow unescaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class SpanTree:
    """Where a value stands: its span, its key's span, and the same for everything inside it."""

    value: Span
    key: Span | None = None
    children: Mapping[str | int, "SpanTree"] = field(default_factory=dict)
    #: The whole text of the file, where the value is text.
    file_text: str = field(default="", repr=False, compare=False)

    def at(self, *path: str | int) -> "SpanTree":
        """The tree at `path`, or the nearest ancestor there is."""
        tree = self
        for part in path:
            child = tree.children.get(part)
            if child is None:
                return tree
            tree = child
        return tree

    def having(self, key: str, child: "SpanTree") -> "SpanTree":
        """The tree with another one at `key`."""
        return SpanTree(self.value, self.key, {**self.children, key: child}, self.file_text)

    def part(self, value: str, start: int | None, end: int | None) -> Span:
        """Where `value[start:end]` stands, for a text of this place; the span of the whole text if that cannot be told.

        YAML changes nothing of a text but its white space, unless it is quoted and holds escapes, so that
        characters are found again by counting those that are no white space.
        """
        if start is None or end is None or not value[start:end].strip():
            return self.value
        lines = self.file_text.split("\n")
        row, column = self.value.line - 1, self.value.column - 1
        anchor = re.match(r"&\S+\s+", lines[row][column:]) if row < len(lines) else None
        column += anchor.end() if anchor else 0
        mark = lines[row][column : column + 1] if row < len(lines) else ""
        if mark in ("|", ">"):
            row, column = row + 1, 0
        elif mark in ("'", '"'):
            column += 1
        wanted = "".join(value[:end].split())
        before = len("".join(value[:start].split()))
        places = _solid(lines, row, column, len(wanted))
        if "".join(lines[at][place] for at, place in places) != wanted:
            return self.value
        (line, first), (last_line, last) = places[before], places[-1]
        return Span(self.value.file, line + 1, first + 1, (last if line == last_line else first) + 2)

    @property
    def label(self) -> Span:
        """The key where there is one, otherwise the value."""
        return self.key or self.value


@dataclass(frozen=True, slots=True)
class Inclusion:
    """A file that another one includes: its text, and the place that names it."""

    text: str
    place: Span


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its text, what it says, and where it says it; what it includes lies beneath that, by file."""

    file: str
    text: str
    data: Data
    spans: SpanTree
    included: Mapping[str, Inclusion] = field(default_factory=dict)
    #: What is wrong with the YAML but leaves the rest readable, such as a key given twice.
    faults: tuple[Diagnostic, ...] = ()

    def line(self, number: int) -> str | None:
        """Line `number`, counted from 1."""
        lines = self.text.split("\n")
        return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else None


def read_source(path: Path) -> Source:
    """What the file at `path` says, as far as it can be read.

    Raises: SpecError with PG001 if it cannot be read, else PG002–PG006 for what leaves nothing to go on with.
    """
    file = path.as_posix()
    place = Span(file, 1, 1, 1)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise fault(
                None,
                "PG001",
                f"'{file}' is larger than {MAX_BYTES // 1024} KiB",
                "give the path of a spec",
                code=ExitCode.USAGE,
            )
        text = content.decode("utf-8-sig")
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise fault(None, "PG001", f"'{file}': {reason}", "give the path of a spec", code=ExitCode.USAGE) from None
    except UnicodeDecodeError as error:
        raise fault(place, "PG002", f"byte {error.start + 1} is not UTF-8", _encoding_help(content)) from None
    return parse(text, file, leniently=True)


def _encoding_help(content: bytes) -> str:
    """What to do about a file that is not UTF-8; byte order marks say what it is."""
    for mark, name in (
        (b"\xff\xfe\0\0", "UTF-32"),
        (b"\0\0\xfe\xff", "UTF-32"),
        (b"\xff\xfe", "UTF-16"),
        (b"\xfe\xff", "UTF-16"),
    ):
        if content.startswith(mark):
            return f"it is {name}; save the file as UTF-8"
    return "save the file as UTF-8"


def parse(text: str, file: str, *, leniently: bool = False) -> Source:
    """The data and spans of a YAML text. Raises: SpecError with PG002–PG006; leniently, some become `faults`."""
    builder = _Builder(file, text)
    try:
        data, spans = builder.document(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, file, text) from None
    except yaml.reader.ReaderError:
        raise _forbidden_character(text, file) from None
    is_readable = isinstance(data, dict) and all(item.id in ("PG003", "PG005", "PG006") for item in builder.faults)
    if builder.faults and not (leniently and is_readable):
        raise SpecError(builder.faults)
    return Source(file, text, data, spans, faults=tuple(builder.faults))


def _not_yaml(error: yaml.MarkedYAMLError, file: str, text: str) -> SpecError:
    from pipelinegen.yaml_faults import not_yaml  # only needed where something is wrong

    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return not_yaml(file, text, line, column, error.problem or "the text ends too early")


def _forbidden_character(text: str, file: str) -> SpecError:
    """The fault of the first character that YAML does not allow, looked for again since the parser counts in bytes."""
    found = _FORBIDDEN.search(text)
    position = found.start() if found else 0
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    message = f"the character U+{ord(text[position]):04X} may not stand in YAML"
    return fault(Span(file, line, column, column + 1), "PG002", message, "remove it")


def _solid(lines: list[str], row: int, column: int, count: int) -> list[tuple[int, int]]:
    """The places, row and column from 0, of the first `count` characters from a place on that are no white space."""
    found: list[tuple[int, int]] = []
    for number in range(row, len(lines)):
        for place in range(column, len(lines[number])):
            if not lines[number][place].isspace():
                found.append((number, place))
                if len(found) == count:
                    return found
        column = 0
    return found


@dataclass(slots=True)
class _Anchored:
    data: Data
    spans: SpanTree
    nodes: int
    height: int


class _Builder:
    """Builds data and spans from the event stream, so that depth and size are bounded before anything grows."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.faults: list[Diagnostic] = []
        self.nodes = 0
        self.deepest = 0
        self.anchors: dict[str, _Anchored] = {}

    def document(self, events: Iterator[yaml.Event]) -> tuple[Data, SpanTree]:
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                result = self.node(next(events), events, 0)
                next(events)
                following = next(events)
                if isinstance(following, yaml.DocumentStartEvent):
                    self.report(
                        self.span(following), "PG004", "a second document starts here", "keep one spec per file"
                    )
                return result
        raise fault(Span(self.file, 1, 1, 1), "PG004", "the file is empty", "start from `version: 1` and a `name:`")

    def span(self, event: yaml.Event) -> Span:
        start, end = event.start_mark, event.end_mark
        assert start is not None
        assert end is not None
        end_column = end.column + 1 if end.line == start.line else start.column + 2
        return Span(self.file, start.line + 1, start.column + 1, max(end_column, start.column + 2))

    def report(self, span: Span, id: str, message: str, help: str | None = None, notes: tuple[Note, ...] = ()) -> None:
        self.faults.append(Diagnostic(span, id, message, help, notes))
        if len(self.faults) >= MAX_FAULTS:
            raise SpecError(self.faults)

    def node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> tuple[Data, SpanTree]:
        before, deepest = self.nodes, self.deepest
        self.count(event, 1)
        self.descend(event, depth)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, depth)
        assert isinstance(event, yaml.NodeEvent)
        self.refuse_tag(event)
        self.deepest = depth
        if isinstance(event, yaml.MappingStartEvent):
            result = self.mapping(event, events, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            result = self.sequence(event, events, depth)
        else:
            assert isinstance(event, yaml.ScalarEvent)
            result = self.scalar(event), SpanTree(self.span(event), file_text=self.text)
        if event.anchor:
            self.anchors[event.anchor] = _Anchored(*result, self.nodes - before, self.deepest - depth)
        self.deepest = max(deepest, self.deepest)
        return result

    def descend(self, event: yaml.Event, depth: int) -> None:
        """Notes a depth that was reached. Raises: SpecError with PG005 if that is too deep."""
        self.deepest = max(self.deepest, depth)
        if depth > MAX_DEPTH:
            raise fault(self.span(event), "PG005", f"nested deeper than {MAX_DEPTH} levels", "flatten the spec")

    def count(self, event: yaml.Event, nodes: int) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            raise fault(
                self.span(event),
                "PG005",
                f"more than {MAX_NODES} values once aliases are expanded",
                "use fewer aliases",
            )

    def alias(self, event: yaml.AliasEvent, depth: int) -> tuple[Data, SpanTree]:
        anchored = self.anchors.get(event.anchor or "")
        if anchored is None:
            raise fault(
                self.span(event),
                "PG002",
                f"the alias '*{str(event.anchor)[:60]}' has no anchor before it",
                f"add '&{str(event.anchor)[:60]}'",
            )
        self.count(event, anchored.nodes)
        self.descend(event, depth + anchored.height)
        return anchored.data, anchored.spans

    def refuse_tag(self, event: yaml.NodeEvent) -> None:
        tag = getattr(event, "tag", None)
        if tag and tag != "!":
            short = tag.replace("tag:yaml.org,2002:", "!!")
            self.report(self.span(event), "PG005", f"the tag '{short[:60]}' is not allowed in a spec", "remove the tag")

    def mapping(self, start: yaml.Event, events: Iterator[yaml.Event], depth: int) -> tuple[Data, SpanTree]:
        data: dict[str, Data] = {}
        children: dict[str | int, SpanTree] = {}
        span = self.span(start)
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self.key(event, events, depth)
            key_span = self.span(event)
            value, tree = self.node(next(events), events, depth + 1)
            if key is None:
                continue
            if key in data:
                first = Note(children[key].label, f"first '{key}' is here")
                self.report(key_span, "PG003", f"'{key}' is given twice", "remove one of them", (first,))
                continue
            data[key] = value
            children[key] = SpanTree(tree.value, key_span, tree.children, tree.file_text)
        return data, SpanTree(span, None, children)

    def key(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> str | None:
        value, _ = self.node(event, events, depth + 1)
        if value == "<<" and isinstance(event, yaml.ScalarEvent) and not event.style:
            help = "repeat the keys, or put what is shared into a file that is included"
            self.report(self.span(event), "PG005", "merge keys ('<<') are not part of YAML 1.2", help)
            return None
        if isinstance(value, str):
            return value
        if isinstance(event, yaml.ScalarEvent):
            self.report(self.span(event), "PG006", f"the key '{event.value[:60]}' is not text", "put it in quotes")
            return str(event.value)
        self.report(self.span(event), "PG006", "a key is not text but a nested value", "write a plain word as the key")
        return None

    def sequence(self, start: yaml.Event, events: Iterator[yaml.Event], depth: int) -> tuple[Data, SpanTree]:
        data: list[Data] = []
        children: dict[str | int, SpanTree] = {}
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            value, tree = self.node(event, events, depth + 1)
            children[len(data)] = tree
            data.append(value)
        return data, SpanTree(self.span(start), None, children)

    def scalar(self, event: yaml.ScalarEvent) -> Data:
        text = event.value
        if event.style in ("'", '"', "|", ">"):
            return str(text)
        if _NULL.fullmatch(text):
            return None
        if _BOOLEAN.fullmatch(text):
            return str(text).lower() == "true"
        if _INTEGER.fullmatch(text):
            if len(text) > MAX_INTEGER_DIGITS:
                self.report(
                    self.span(event), "PG005", f"an integer of {len(text)} digits", "put it in quotes if it is a name"
                )
                return 0
            return int(text)
        if not _FLOAT.fullmatch(text):
            return str(text)
        if not math.isfinite(float(text)):
            self.report(
                self.span(event), "PG005", f"the number '{text[:40]}' is too large", "put it in quotes if it is a name"
            )
            return 0.0
        return float(text)
