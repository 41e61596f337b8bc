"""Renews the compiler's table of SageMaker instance types: `python -m tests.oracle.renew_instance_types`."""

import json
from typing import Final

import botocore
import botocore.session

from pipelinegen.steps.sagemaker_instances import TABLE

#: Job of the compiler → shape of botocore's SageMaker model.
SHAPES: Final = {
    "training": "TrainingInstanceType",
    "processing": "ProcessingInstanceType",
    "transform": "TransformInstanceType",
    "endpoint": "ProductionVariantInstanceType",
    "notebook": "InstanceType",
}


def listed_types(job: str) -> list[str]:
    """The instance types that AWS lists for a job, in its order."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    return list(model.shape_for(SHAPES[job]).enum)


def table() -> dict[str, object]:
    """The whole table: sizes by family, and where it comes from."""
    found: dict[str, object] = {"source": f"botocore {botocore.__version__}, service model of sagemaker"}
    for job in SHAPES:
        families: dict[str, list[str]] = {}
        for name in listed_types(job):
            family, size = name.removeprefix("ml.").split(".")
            families.setdefault(family, []).append(size)
        found[job] = {family: " ".join(sizes) for family, sizes in families.items()}
    return found


if __name__ == "__main__":
    TABLE.write_text(json.dumps(table(), indent=2) + "\n", encoding="utf-8")
