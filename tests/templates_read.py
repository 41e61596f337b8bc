"""Templates as text and as syntax trees, and what is rendered from each for the specs of this repository."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, nodes

from pipelinegen.code_folders import code_beside
from pipelinegen.generate import generate_files
from pipelinegen.render.env import Renderer
from tests.compiling import ROOT, fixed_digest, pipelines_of

FOLDER = ROOT / "templates"
NAMES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.j2"))
_HEAD = re.compile(
    r"\{# (?P<context>\w+)(?: \([^)]*\))? -> (?P<output>[^ ;#:]*[^ ;#:,]|part of [^ ;#:]+)(?P<rest>.*) #\}"
)


def text_of(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def tree_of(name: str) -> nodes.Template:
    return Environment().parse(text_of(name))


def head_of(name: str) -> tuple[str, str]:
    """The context type and the output path that a template's first line names."""
    found = _HEAD.fullmatch(text_of(name).split("\n")[0])
    assert found, f"{name}: the first line names no context and output"
    return found["context"], found["output"]


def is_partial(name: str) -> bool:
    return Path(name).name.startswith("_")


def used_by(name: str) -> set[str]:
    """The templates that one includes or imports."""
    found: list[nodes.Include | nodes.Import] = [
        *tree_of(name).find_all(nodes.Include),
        *tree_of(name).find_all(nodes.Import),
    ]
    return {str(node.template.value) for node in found if isinstance(node.template, nodes.Const)}


@dataclass
class Recorder(Renderer):
    """A real renderer that remembers the type of context each template was given."""

    contexts: dict[str, str] = field(default_factory=dict)

    def __init__(self) -> None:
        super().__init__(FOLDER)
        self.contexts = {}

    def render(self, template: str, context: object, /, **extra: object) -> str:
        self.contexts[template] = type(context).__name__
        return super().render(template, context, **extra)


def rendered() -> tuple[dict[str, str], dict[str, str]]:
    """Template to context type, and output path to template, over the specs of this repository and the goldens."""
    renderer = Recorder()
    outputs: dict[str, str] = {}
    for path in [*sorted((ROOT / "specs").glob("*.yaml")), *sorted((ROOT / "tests/golden").glob("*/spec.yaml"))]:
        for pipeline in pipelines_of(path.read_text(encoding="utf-8"), code_beside(path)):
            files = generate_files(pipeline, renderer, "", fixed_digest)
            listed = json.loads(files["MANIFEST.json"])["files"]
            outputs.update({item["path"]: item["template"] for item in listed if item["template"]})
    return renderer.contexts, outputs
