"""The user's own code in an image that the pipeline builds: a folder beside the spec, and the packages it wants."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Protocol

from pydantic import Field, JsonValue

from pipelinegen.ir import arns
from pipelinegen.ir.images import pytorch_training_image
from pipelinegen.ir.model import Image, OutputFile
from pipelinegen.spec.conditions import Scalar
from pipelinegen.spec.fields import SpecValueError
from pipelinegen.steps.base import Scope
from pipelinegen.steps.sagemaker_images import JobImage, job_image

if TYPE_CHECKING:
    from pipelinegen.steps.algorithm_step import Searched

#: Folders below that of the spec: no segment starts with a dot, so none leads out.
FOLDER = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"
REQUIREMENT = (
    r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._-]+\])?([<>=!~]=?[A-Za-z0-9.*+!]+(,[<>=!~]=?[A-Za-z0-9.*+!]+)*)?$"
)
CodeFolder = Annotated[str, Field(pattern=FOLDER, max_length=200, description="Folder of the code, beside the spec")]
Requirements = Annotated[
    list[Annotated[str, Field(pattern=REQUIREMENT, max_length=100)]],
    Field(max_length=50, description="Packages that the code wants, as pip names them"),
]

#: Where an image has the user's code, and the runtime's.
CODE_ROOT = "/opt/ml/code"
PROGRAM_FOLDER = f"{CODE_ROOT}/program"


#: For the schema: an image of one's own has its code in it.
IMAGE_OR_CODE: dict[str, JsonValue] = {
    "not": {
        "required": ["image", "code"],
        "properties": {name: {"not": {"type": "null"}} for name in ("image", "code")},
    },
    "if": {"required": ["requirements"], "properties": {"requirements": {"minItems": 1}}},
    "then": {"required": ["code"], "properties": {"code": {"not": {"type": "null"}}}},
}


def check_image_or_code(image: str | None, code: str | None, requirements: Sequence[str]) -> None:
    """Raises: SpecValueError if code is given twice, or packages without code."""
    if image and code:
        raise SpecValueError("an image of your own has its code in it", "give `image:` or `code:`, one of them")
    if requirements and not code:
        raise SpecValueError("`requirements:` are packages that `code:` wants", "give `code:`, or remove them")


@dataclass(frozen=True, slots=True)
class OwnImageContext:
    """An image with the user's code, with parts of our runtime, or with both.

    `install` are pip's words, `entrypoint` is ENTRYPOINT's JSON.
    """

    base: str
    install: str | None
    packages: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    has_code: bool
    work_folder: str
    entrypoint: str | None


def shell_words(requirements: Sequence[str]) -> str | None:
    """Packages as words of a shell, in which the quotes keep < and > from redirecting; None for none."""
    return " ".join(f'"{requirement}"' for requirement in requirements) or None


def top_level_names(text: str) -> frozenset[str] | None:
    """The names that a module gives to others, conditional ones too; None where they cannot be told."""
    names: set[str] = set()
    try:
        waiting: list[ast.AST] = list(ast.parse(text).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(item.asname or item.name.partition(".")[0] for item in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        else:
            waiting.extend(ast.iter_child_nodes(node))
    return None if "*" in names else frozenset(names)


def read_own_code(scope: Scope, folder: str, wanted: str | None = None) -> Mapping[str, str]:
    """The files of the step's `code:`. Raises: SpecError with PG062 if it cannot be taken, or has no file `wanted`."""
    files = scope.code(folder, "code")
    if wanted is not None and wanted not in files:
        message = f"the folder '{folder}' has no {wanted}"
        raise scope.fault("PG062", message, f"add {wanted}, or name the folder that has it", "code")
    return files


def own_image(
    scope: Scope,
    name: str,
    context: OwnImageContext,
    code: Mapping[str, str] | None = None,
) -> JobImage:
    """An image of the pipeline's own by the name `name`, an identifier; `code` are its files of the user's."""
    image = Image(name, f"containers/{name}", context.base, context.packages)
    return JobImage(
        uri=f"${{image_{name}}}",
        repository_arn=arns.arn("ecr", f"repository/{scope.names.repository(name)}"),
        built=image,
        dockerfile=OutputFile(f"{image.folder}/Dockerfile", "containers/own.Dockerfile.j2", context),
        copies={f"{image.folder}/code/{path}": text for path, text in (code or {}).items()},
    )


ProgramFile = Annotated[
    str | None, Field(pattern=r"^[A-Za-z0-9_]+\.py$", max_length=100, description="The file of `code:` that is run")
]
#: For the schema: a job trains by an image or by a program, and what belongs to a program comes with `code:`.
EITHER_IMAGE_OR_CODE: dict[str, JsonValue] = {
    "oneOf": [{"required": [key], "properties": {key: {"type": "string"}}} for key in ("image", "code")],
    "if": {
        "anyOf": [
            {"required": ["requirements"], "properties": {"requirements": {"minItems": 1}}},
            {"required": ["program"], "properties": {"program": {"not": {"type": "null"}}}},
        ]
    },
    "then": {"required": ["code"], "properties": {"code": {"type": "string"}}},
}


class TrainingProgram(Protocol):
    """What the spec says of what trains: an image, or a folder of code with the file to run and its packages."""

    @property
    def image(self) -> str | None:
        """The address of an image."""

    @property
    def code(self) -> str | None:
        """The folder of the code."""

    @property
    def program(self) -> str | None:
        """The file in it; train.py if None."""

    @property
    def requirements(self) -> list[str]:
        """Packages."""


def check_either_image_or_code(given: TrainingProgram) -> None:
    """Raises: SpecValueError if neither or both are given, or what belongs to a program without one."""
    if given.image is not None and given.code is not None:
        raise SpecValueError(
            "a job trains by `image:` or by `code:`, and both are given", "remove one of them", path=("image",)
        )
    if given.image is None and given.code is None:
        raise SpecValueError("a job trains by an image or by a program", "give either `image:` or `code:`")
    if given.code is None and (given.program or given.requirements):
        raise SpecValueError("a program and packages belong to a folder of code", "give `code:`")


def program_image(scope: Scope, given: TrainingProgram, instance_type: str) -> JobImage:
    """The image that is given, or one around the user's program, which SageMaker's toolkit starts.

    Raises: SpecError with PG025, PG062, PG071.
    """
    if given.code is None:
        return job_image(scope, given.image, of_training=True)
    program = given.program or "train.py"
    context = OwnImageContext(
        base=base_image(scope, instance_type),
        install=shell_words(given.requirements),
        packages=(),
        environment=(
            ("PYTHONPATH", PROGRAM_FOLDER),
            ("PYTHONUNBUFFERED", "1"),
            ("SAGEMAKER_SUBMIT_DIRECTORY", CODE_ROOT),
            ("SAGEMAKER_PROGRAM", f"{PROGRAM_FOLDER.removeprefix(f'{CODE_ROOT}/')}/{program}"),
        ),
        has_code=True,
        work_folder=CODE_ROOT,
        entrypoint=None,
    )
    return own_image(scope, f"training_{scope.step}", context, read_own_code(scope, given.code, program))


def check_program(
    scope: Scope, given: TrainingProgram, hyperparameters: Mapping[str, Scalar], search: "Mapping[str, Searched]"
) -> None:
    """Raises: SpecError with PG146 for hyperparameters that the user's program certainly refuses."""
    if given.code is not None:
        from pipelinegen.steps.program_arguments import check_hyperparameters  # most specs have no such program

        program = given.program or "train.py"
        text = read_own_code(scope, given.code)[program]
        check_hyperparameters(scope, f"{given.code}/{program}", text, hyperparameters, search)


def base_image(scope: Scope, instance_type: str) -> str:
    """AWS's PyTorch image for the machine. Raises: SpecError with PG025 where AWS has none."""
    gpu = instance_type.startswith(("ml.g", "ml.p"))
    base = pytorch_training_image(scope.around.region, gpu=gpu)
    if base is None:
        message = f"AWS offers no SageMaker PyTorch image in '{scope.around.region}'"
        raise scope.fault("PG025", message, "choose another region, or give `image:`", "kind")
    return base
