"""The one Jinja environment: strict, sandbox-free of surprises, with our literal filters and nothing else."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path

from jinja2 import (
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateSyntaxError,
)
from jinja2.bccache import Bucket
from jinja2.loaders import BaseLoader

from pipelinegen.errors import Span, fault, suggest
from pipelinegen.render.hcl import format_hcl
from pipelinegen.render.literals import hcl_literal, json_literal, laid_out, python_literal

BUILT_IN_PREFIX = "builtin"


class Renderer:
    """Renders templates found in an organisation's folder first, in ours second."""

    def __init__(self, built_in: Path, overrides: Path | None = None, cache: Path | None = None) -> None:
        """`cache` keeps compiled templates. Raises: SpecError with PG034 if an override overrides nothing."""
        self._built_in = built_in
        self._overrides = overrides
        if overrides:
            _refuse_unknown_overrides(built_in, overrides)
        ours = FileSystemLoader(built_in)
        loaders: list[BaseLoader] = [ours, PrefixLoader({BUILT_IN_PREFIX: ours})]
        if overrides:
            loaders.insert(0, FileSystemLoader(overrides))
        self._environment = Environment(
            loader=ChoiceLoader(loaders),
            bytecode_cache=_BytecodeCache(cache) if cache else None,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
        )
        self._environment.filters.clear()
        self._environment.filters.update({"hcl": hcl_literal, "json": json_literal, "py": python_literal})

    def render(self, template: str, context: object, /, **extra: object) -> str:
        """The template's text for a context. Raises: SpecError with PG034 where the template is at fault."""
        try:
            text = self._environment.get_template(template).render(**_as_mapping(context), **extra)
        except TemplateSyntaxError as error:
            raise self._fault(error.name or template, error.lineno, error.message or "syntax error") from error
        except Exception as error:  # a template calls, adds and looks up: any exception may come out of it
            raise self._fault(template, _line_of(error, template), str(error) or type(error).__name__) from error
        if template.endswith((".tf.j2", ".hcl.j2")):
            return format_hcl(text)
        return self._format_json(template, text) if template.endswith(".json.j2") else text.rstrip("\n") + "\n"

    def _format_json(self, template: str, text: str) -> str:
        try:
            return laid_out(json.loads(text)) + "\n"
        except ValueError as error:
            raise self._fault(template, 1, f"gives no JSON: {error}") from error

    def _fault(self, template: str, line: int, message: str) -> Exception:
        folder = self._overrides if self._overrides and (self._overrides / template).is_file() else self._built_in
        span = Span((folder / template).as_posix(), line, 1, 2)
        return fault(span, "PG034", f"template: {message}", "mend the template")


class _BytecodeCache(BytecodeCache):
    """Compiled templates by the hash of their source; a folder that cannot be used costs time and nothing else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError, EOFError, ValueError, TypeError), self._path(bucket).open("rb") as stream:
            bucket.load_bytecode(stream)

    def dump_bytecode(self, bucket: Bucket) -> None:
        import tempfile

        path = self._path(bucket)
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as stream:
                bucket.write_bytecode(stream)
            Path(stream.name).replace(path)

    def _path(self, bucket: Bucket) -> Path:
        return self._folder / f"{bucket.key}-{bucket.checksum[:12]}.cache"


def _as_mapping(context: object) -> Mapping[str, object]:
    if is_dataclass(context):
        return {item.name: getattr(context, item.name) for item in fields(context)}
    assert isinstance(context, Mapping)
    return context


def _line_of(error: Exception, template: str) -> int:
    line, trace = 1, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename.endswith(template):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


@cache
def template_names(folder: Path) -> frozenset[str]:
    """Every template below a folder, by its relative path."""
    return frozenset(path.relative_to(folder).as_posix() for path in folder.rglob("*.j2"))


def _refuse_unknown_overrides(built_in: Path, overrides: Path) -> None:
    if not overrides.is_dir():
        raise fault(None, "PG034", f"'{overrides.as_posix()}' is no folder of templates", "give an existing folder")
    known = template_names(built_in)
    for name in sorted(template_names(overrides) - known):
        span = Span((overrides / name).as_posix(), 1, 1, 2)
        raise fault(span, "PG034", f"'{name}' overrides no template", suggest(name, known, "templates"))
