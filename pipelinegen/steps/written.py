"""What a step's own program leaves in S3: any files, or Parquet files with the columns of a dataset."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from pipelinegen.errors import SpecError
from pipelinegen.ir.model import Artifact, Dataset, Folder, Location, Table
from pipelinegen.spec.fields import IDENTIFIER, SpecValueError
from pipelinegen.steps.base import REFERENCE, Scope
from pipelinegen.steps.protection import ARROW, clear_outputs

FOLDER = "folder"


def _target(value: str) -> str:
    found = REFERENCE.fullmatch(value)
    if value != FOLDER and not (found and found.group(1).startswith("datasets.")):
        help = "write ${datasets.<name>} for Parquet files with its columns, or folder for any files"
        raise SpecValueError(f"'{value[:60]}' is neither a dataset nor a folder", help, "PG018")
    return value


Target = Annotated[
    str,
    AfterValidator(_target),
    WithJsonSchema({"type": "string", "pattern": rf"^(folder|\$\{{datasets\.{IDENTIFIER}\}})$"}),
]


def written(scope: Scope, targets: Mapping[str, str], inputs: Mapping[str, Artifact]) -> dict[str, Folder | Table]:
    """What the program leaves behind, each output in a folder of its own below the step's.

    Raises: SpecError with PG017 for a target that is no dataset, PG134 if a sensitive column would be written.
    """
    found: dict[str, Folder | Table] = {}
    for name, target in targets.items():
        location = scope.data.below(name)
        if target == FOLDER:
            found[name] = Folder(location)
        else:
            dataset = _inherit_protection(scope.artifact(target, Dataset, "outputs", name), inputs.values())
            _refuse_clear_text(scope, name, dataset, location, inputs)
            found[name] = Table(dataset, location)
    return found


def _refuse_clear_text(scope: Scope, name: str, dataset: Dataset, location: Location, inputs: Iterable[str]) -> None:
    read = " and ".join(inputs)
    start = f"{read}{ARROW}" if read else ""
    ways = {item.name: f"{start}the step's own program{ARROW}{dataset.name}.{item.name}" for item in dataset.columns}
    help = "let a glue_etl step read it with `protect: hash` or `tokenise`, under the same name; or leave it out"
    faults = list(clear_outputs(scope.spans.at("outputs", name).value, dataset, location, ways, id="PG134", help=help))
    if faults:
        raise SpecError(faults)


def _inherit_protection(output: Dataset, inputs: Iterable[Artifact]) -> Dataset:
    """The output, its columns protected where a column of the same name was in a table that the program reads."""
    columns = [column for item in inputs if isinstance(item, Table) for column in item.dataset.columns]
    protected = {column.name: column.protect for column in columns if column.protect}
    return replace(
        output,
        columns=tuple(replace(column, protect=protected.get(column.name)) for column in output.columns),
    )
