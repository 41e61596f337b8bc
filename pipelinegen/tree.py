"""The tree of generated folders: what every spec gives, compared with what lies there, and written."""

import contextlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipelinegen.assets import cache_folder, keep, language_digest, templates_folder
from pipelinegen.code_folders import code_beside
from pipelinegen.compiler import compile_source
from pipelinegen.errors import ExitCode, SpecError, fault, joined
from pipelinegen.ir.model import Pipeline
from pipelinegen.layers import read_spec
from pipelinegen.source import Source
from pipelinegen.spec.layer_schema import LAYER_FILE, LAYER_SCHEMA, SPEC_FILE
from pipelinegen.steps.base import StepKind
from pipelinegen.steps.registry import BuiltInKinds, registered_kinds
from pipelinegen.write import MANIFEST, Difference, commit, compare, plan, plan_file, read_manifest

#: No line break that would end a comment, nothing that Terraform, JSONata or Markdown reads as its own.
_CITABLE = re.compile(r"[\w./ @+=,-]+")

Folders = Mapping[Path, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Compiled:
    """One spec and its pipelines, one an environment."""

    source: Source
    pipelines: tuple[Pipeline, ...]


def compile_specs(
    paths: Iterable[Path], out: Path, environment: str | None = None, instance: str | None = None
) -> tuple[Compiled, ...]:
    """Every spec compiled. Raises: SpecError with the faults of all of them."""
    kinds = registered_kinds()
    found: list[Compiled] = []
    faults: list[SpecError] = []
    for path in paths:
        try:
            source = read_spec(path)
            cited = cited_path(path, out)
            found.append(
                Compiled(source, compile_source(source, kinds, cited, environment, code_beside(path), instance))
            )
        except SpecError as error:
            faults.append(error)
    if faults:
        raise joined(faults)
    _refuse_same_name(found)
    return tuple(found)


def cited_path(spec: Path, out: Path) -> str:
    """How generated files name their spec: from the folder that holds the output folder, the same on every machine."""
    resolved = spec.resolve()
    bases = [base for base in (out.resolve().parent, Path.cwd()) if base != Path(base.anchor)]
    base = next((base for base in bases if resolved.is_relative_to(base)), spec.resolve().parent)
    cited = resolved.relative_to(base).as_posix()
    if not _CITABLE.fullmatch(cited):
        help = "generated files name their spec; give it a path of letters, digits and '._-'"
        raise fault(
            None, "PG001", f"'{cited}' has characters that generated files cannot cite", help, code=ExitCode.USAGE
        )
    return cited


def generate_folders(
    compiled: Iterable[Compiled], out: Path, templates: Path | None = None
) -> dict[Path, Mapping[str, str]]:
    """Every folder with its files. Raises: SpecError with PG034 for a template at fault."""
    # `validate` renders nothing, and importing what does takes a fifth of its time.
    from pipelinegen.generate import generate_files
    from pipelinegen.render.env import Renderer

    renderer = Renderer(templates_folder(), templates, cache_folder() / "templates")
    return {
        out / pipeline.name / pipeline.environment: generate_files(
            pipeline,
            renderer,
            item.source.text,
            included={file: inclusion.text for file, inclusion in item.source.included.items()},
        )
        for item in compiled
        for pipeline in item.pipelines
    }


def add_abandoned(
    folders: dict[Path, Mapping[str, str]], compiled: Iterable[Compiled], out: Path, *, whole: bool
) -> dict[Path, Mapping[str, str]]:
    """`folders`, and empty ones for what the same specs gave before and no longer give.

    With `whole`, when all specs of a project are compiled, also for specs that are not there any more.
    """
    specs = {pipeline.source for item in compiled for pipeline in item.pipelines}
    found = dict(folders)
    for manifest in sorted(out.glob(f"*/*/{MANIFEST}")):
        spec = _spec_of(manifest)
        if manifest.parent not in found and (spec in specs or (whole and spec and _is_gone(spec, out))):
            found[manifest.parent] = {}
    return found


def compare_tree(folders: Folders, out: Path) -> list[Difference]:
    """Every file that is not as it should be, schemas included, sorted by path."""
    differences = [item for folder, files in folders.items() for item in compare(folder, files)]
    for name, text in schema_texts().items():
        schema = out / name
        if not schema.is_file():
            differences.append(Difference(schema, "missing"))
        elif schema.read_text(encoding="utf-8", errors="replace") != text:
            differences.append(Difference(schema, "changed"))
    differences.extend(Difference(path, "foreign") for path in _strays(folders, out))
    return sorted(differences, key=lambda item: item.path)


def write_tree(folders: Folders, out: Path, *, force: bool = False) -> list[Difference]:
    """Makes every folder hold its files, or raises before anything is touched. Raises: SpecError with PG030–PG032."""
    help = "move it away: everything in this folder is generated"
    faults = [fault(None, "PG030", f"'{path.as_posix()}' is not ours", help) for path in _strays(folders, out)]
    changes = []
    for folder, files in folders.items():
        try:
            changes.append(plan(folder, files, force=force))
        except SpecError as error:
            faults.append(error)
    for name, text in schema_texts().items():
        try:
            changes.append(plan_file(out, name, text))
        except SpecError as error:
            faults.append(error)
    if faults:
        raise joined(faults)
    return commit(changes)


def schema_texts() -> dict[str, str]:
    """The schemas for editors by file name: of specs, and of the files that specs include."""
    return {SPEC_FILE: schema_text(), LAYER_FILE: _text(LAYER_SCHEMA)}


@cache
def schema_text() -> str:
    """The JSON Schema of the spec language; kept between runs as long as the language's own code stays what it is."""
    registered = registered_kinds()
    if not isinstance(registered, BuiltInKinds):
        return _made_schema(registered)
    kept = cache_folder() / "schema" / f"{language_digest()}.json"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return kept.read_text(encoding="utf-8")
    text = _made_schema(registered)
    keep(kept, text)
    return text


def _made_schema(kinds: Mapping[str, StepKind]) -> str:
    from pipelinegen.spec.schema import pipeline_schema  # takes pydantic's schemas along, which nothing else needs

    return _text(pipeline_schema({name: kind.shape for name, kind in kinds.items()}))


def _text(schema: Mapping[str, object]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _strays(folders: Folders, out: Path) -> list[Path]:
    """Files beside the generated folders, where nothing of anybody's belongs."""
    places = {out, *(folder.parent for folder in folders)}
    paths = [path for place in places if place.is_dir() for path in place.iterdir() if not path.is_dir()]
    ours = {out / name for name in schema_texts()}
    return sorted(path for path in paths if path not in ours and not path.name.startswith("."))


def _is_gone(spec: str, out: Path) -> bool:
    return not any((base / spec).exists() for base in (out.resolve().parent, Path.cwd()))


def _spec_of(manifest: Path) -> str | None:
    if not read_manifest(manifest.parent):
        return None
    spec = json.loads(manifest.read_text(encoding="utf-8")).get("spec")
    return spec.get("path") if isinstance(spec, dict) else None


def _refuse_same_name(compiled: Iterable[Compiled]) -> None:
    seen: dict[str, Source] = {}
    for item in compiled:
        for pipeline in item.pipelines:
            stem = f"{pipeline.name}-{pipeline.environment}"
            first = seen.setdefault(stem, item.source)
            if first is not item.source:
                span = item.source.spans.at("name").value
                message = f"resources are named '{stem}-…' here and in '{first.file}'"
                raise fault(span, "PG026", message, "give each pipeline a name of its own")
