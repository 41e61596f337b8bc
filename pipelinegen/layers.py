"""Layers of a spec: shared files that it includes lie beneath it, whatever overrides it lies upon it."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from pathlib import Path

from pipelinegen.errors import Diagnostic, Note, Span, SpecError, choices, did_you_mean
from pipelinegen.source import MAX_BYTES, Data, Inclusion, Source, SpanTree, read_source

INCLUDE = "include"
MAX_INCLUDED = 50
#: What generated files can cite.
_PATH = re.compile(r"[\w./ @+=,-]+")

Layer = tuple[Data, SpanTree]


def merge(base: Data, base_spans: SpanTree, over: Data, over_spans: SpanTree, *, places: str = "base") -> Layer:
    """`over` laid upon `base`, each value with the span of the text it came from.

    Mappings merge key by key and null removes the key beneath it; anything else, lists too, replaces. A null with
    nothing beneath stays, for the models to judge. What both have is placed where `places` says: in `base` or `over`.
    """
    if not isinstance(base, Mapping) or not isinstance(over, Mapping):
        return over, over_spans
    data = dict(base)
    children = dict(base_spans.children)
    for key, value in over.items():
        if value is None and key in data:
            del data[key]
            children.pop(key, None)
        elif key in data:
            data[key], children[key] = merge(data[key], base_spans.at(key), value, over_spans.at(key), places=places)
        else:
            data[key], children[key] = value, over_spans.at(key)
    place = over_spans if places == "over" else base_spans
    return data, SpanTree(place.value, place.key, children)


def read_spec(path: Path, read: Callable[[Path], Source] = read_source) -> Source:
    """The spec at `path`, with what it includes laid beneath it, the later file upon the earlier.

    Raises: SpecError with PG001–PG006, PG110 for a file that cannot be included, PG111 for files that include
    each other.
    """
    source = read(path)
    reader = _Includes(project_of(path), read)
    data, spans = reader.beneath(source, (path,))
    if reader.faults:
        raise with_inclusions(SpecError(reader.faults), reader.included)
    return replace(source, data=data, spans=spans, included=reader.included)


def project_of(spec: Path) -> Path:
    """The folder that includes may not leave: the checkout, else the current folder, else that of the spec."""
    folder = spec.resolve().parent
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            return parent
    here = Path.cwd()
    return here if folder.is_relative_to(here) else folder


def with_inclusions(error: SpecError, included: Mapping[str, Inclusion]) -> SpecError:
    """The same faults; those in an included file say who includes it."""
    return SpecError((_explained(item, included) for item in error.diagnostics), error.exit_code)


def _explained(item: Diagnostic, included: Mapping[str, Inclusion]) -> Diagnostic:
    notes = list(item.notes)
    file = item.span.file if item.span else ""
    while file in included:
        place = included[file].place
        notes.append(Note(place, f"'{file}' is included here"))
        file = place.file
    return replace(item, notes=tuple(notes)) if len(notes) > len(item.notes) else item


@dataclass(slots=True)
class _Includes:
    """Follows `include:` from file to file."""

    project: Path
    read: Callable[[Path], Source]
    faults: list[Diagnostic] = field(default_factory=list)
    included: dict[str, Inclusion] = field(default_factory=dict)
    taken: int = 0
    bytes: int = 0

    def beneath(self, source: Source, chain: tuple[Path, ...]) -> Layer:
        """What a file says, laid upon what it includes."""
        own: Layer = source.data, source.spans
        if not isinstance(source.data, dict) or source.data.get(INCLUDE) is None:
            return own
        layers = [layer for name, span in self.named(source) for layer in self.layer(name, span, chain)]
        return reduce(lambda below, above: merge(*below, *above, places="over"), [*layers, own])

    def named(self, source: Source) -> Iterator[tuple[str, Span]]:
        """The paths that a file includes, where each stands; what is no list of paths is the model's to refuse."""
        assert isinstance(source.data, dict)
        given, spans = source.data[INCLUDE], source.spans.at(INCLUDE)
        if isinstance(given, str):
            yield given, spans.value
        for index, item in enumerate(given if isinstance(given, list) else ()):
            if isinstance(item, str):
                yield item, spans.at(index).value

    def layer(self, name: str, span: Span, chain: tuple[Path, ...]) -> Iterator[Layer]:
        """The layer of one included file; none if it cannot be taken, which is noted."""
        path = Path(os.path.normpath(chain[-1].parent / name))
        fact, help = self.refusal(name, path)
        if fact:
            self.report(span, "PG110", f"'{name}' {fact}", help)
        elif any(path.resolve() == other.resolve() for other in chain):
            circle = " -> ".join(item.as_posix() for item in (*chain, path))
            self.report(span, "PG111", f"files include each other: {circle}", "remove one of these includes")
        else:
            yield from self.take(path, span, chain)

    def refusal(self, name: str, path: Path) -> tuple[str | None, str]:
        """Why a path may not be included, if so, and what to do."""
        if not _PATH.fullmatch(name) or name.startswith("/"):
            help = "give a path of letters, digits and './_-' that starts at the file which includes it"
            return "is no relative path", help
        if not path.resolve().is_relative_to(self.project.resolve()):
            return "lies outside the project", f"include files below '{self.project.name}' only"
        if path.is_dir():
            return "is a folder", "name the files"
        if not path.is_file():
            return "is not there", _nearest(path)
        if self.taken >= MAX_INCLUDED:
            return f"is one include too many: {MAX_INCLUDED} are read at most", "include fewer files"
        return None, ""

    def take(self, path: Path, span: Span, chain: tuple[Path, ...]) -> Iterator[Layer]:
        """Reads a file and what it includes itself."""
        self.taken += 1
        self.included.setdefault(path.as_posix(), Inclusion("", span))
        try:
            source = self.read(path)
        except SpecError as error:
            self.faults.extend(error.diagnostics)
            return
        self.included[path.as_posix()] = replace(self.included[path.as_posix()], text=source.text)
        self.bytes += len(source.text)
        self.faults.extend(source.faults)
        if not isinstance(source.data, dict):
            self.report(source.spans.value, "PG110", f"'{path.as_posix()}' holds no keys", "write `key: value` lines")
        elif self.bytes > MAX_BYTES:
            fact = f"all included files together are larger than {MAX_BYTES // 1024} KiB"
            self.report(span, "PG110", fact, "include less")
        else:
            data, spans = self.beneath(source, (*chain, path))
            assert isinstance(data, dict)
            yield {key: value for key, value in data.items() if key != INCLUDE}, spans

    def report(self, span: Span, id: str, message: str, help: str) -> None:
        """Notes a fault; the others are looked for all the same."""
        self.faults.append(Diagnostic(span, id, message, help))


def _nearest(path: Path) -> str:
    """The help for a file that is not there: the nearest of those that are."""
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder '{folder.as_posix()}' either"
    names = sorted(item.name for item in folder.iterdir() if item.suffix in (".yaml", ".yml"))
    return did_you_mean(path.name, names) or f"files there: {choices(names) or 'none'}"


def cited_inclusions(source: Source, cited: str) -> dict[str, str]:
    """How generated files name what a spec includes: from the folder that `cited`, the spec's own name, starts at."""
    base, folder = os.path.dirname(source.file), os.path.dirname(cited)  # noqa: PTH120 - of names, not of files
    return {
        file: Path(os.path.normpath(Path(folder) / os.path.relpath(file, base or "."))).as_posix()
        for file in source.included
    }
