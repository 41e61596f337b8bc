"""What emitters work with: the pipeline, the renderer, and the files made so far."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pipelinegen.assets import runtime_digest
from pipelinegen.ir.model import GlueJob, Image, Json, LambdaFunction, Pipeline, Resource
from pipelinegen.ir.names import Names
from pipelinegen.render.env import Renderer
from pipelinegen.render.literals import json_literal

ResourceT = TypeVar("ResourceT", bound=Resource)

#: Digits of a content hash in a tag or object key: 48 bits.
DIGEST_DIGITS = 12

GLUE_PACKAGES = ("common", "glue")


@dataclass(frozen=True, slots=True)
class File:
    """A finished file: its path below the environment's folder, its text, and the template that made it."""

    path: str
    text: str
    template: str | None = None


#: Packages of the runtime to a hash of their code.
CodeDigest = Callable[[tuple[str, ...]], str]


@dataclass(frozen=True, slots=True)
class Workbench:
    """One environment of one pipeline while its files are made."""

    pipeline: Pipeline
    renderer: Renderer
    files: Mapping[str, File] = field(default_factory=dict)
    code_digest: CodeDigest = runtime_digest

    @property
    def names(self) -> Names:
        """The names of AWS resources."""
        return Names(self.pipeline.name, self.pipeline.environment, self.pipeline.account_id)

    def render(self, path: str, template: str, context: object) -> File:
        """The file of a template, its header filled in."""
        return File(
            path, self.renderer.render(template, context, source=self.pipeline.source, template=template), template
        )

    def resources(self, kind: type[ResourceT]) -> tuple[ResourceT, ...]:
        """The resources of one kind over all steps, each once, in the order of steps."""
        found: list[ResourceT] = []
        for step in self.pipeline.steps:
            found.extend(item for item in step.resources if isinstance(item, kind) and item not in found)
        return tuple(found)

    def digest(self, *paths: str, packages: tuple[str, ...] = ()) -> str:
        """A hash over generated files and packages of the runtime, for tags and object keys."""
        digest = hashlib.sha256(self.code_digest(packages).encode() if packages else b"")
        for path in sorted(paths):
            digest.update(f"{path}\0{self.files[path].text}".encode())
        return digest.hexdigest()[:DIGEST_DIGITS]

    def image_uri(self, image: Image) -> str:
        """The image's address with the tag of its content."""
        registry = "${account_id}.dkr.ecr.${region}.amazonaws.com"
        return f"{registry}/{self.names.repository(image.name)}:{self.image_tag(image)}"

    def image_tag(self, image: Image) -> str:
        """The tag of an image: what is in it."""
        settings = [path for path in self.files if path.startswith((f"{image.name}/", f"{image.folder}/code/"))]
        return self.digest(f"{image.folder}/Dockerfile", *settings, packages=image.packages)

    def function_key(self, function: LambdaFunction) -> str:
        """The object key of a function's bundle."""
        paths = [path for path in self.files if path.startswith(f"{function.folder}/")]
        return f"lambda/{function.step}-{self.digest(*paths, packages=function.packages)}.zip"

    def script_key(self, script: str) -> str:
        """The object key of a Glue script."""
        return f"{script.removesuffix('.py')}-{self.digest(script)}.py"

    def glue_arguments(self, job: GlueJob) -> Mapping[str, str]:
        """The job's default arguments, the runtime's library among them, sorted."""
        keys = [self.glue_library_key(), *filter(None, [self.glue_code_key(job)])]
        libraries = ",".join(f"s3://{self.names.bucket('code')}/{key}" for key in keys)
        return dict(sorted({**job.arguments, "--extra-py-files": libraries}.items()))

    def glue_code_key(self, job: GlueJob) -> str | None:
        """The object key of a job's own code, None where it has none."""
        if job.code is None:
            return None
        paths = [path for path in self.files if path.startswith(f"{job.code}/")]
        return f"glue/{job.step}-code-{self.digest(*paths)}.zip"

    def glue_library_key(self) -> str:
        """The object key of the runtime that Glue scripts import."""
        return f"glue/runtime-{self.digest(packages=GLUE_PACKAGES)}.zip"


Emitter = Callable[[Workbench], Iterable[File]]


def json_text(value: Json) -> str:
    """A JSON file's text."""
    return json_literal(value) + "\n"
