"""Glue job: Spark SQL over tables of the warehouse and of earlier steps."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.glue_etl.model import GlueEtlSpec, lower

KIND = StepKind(
    name="glue_etl",
    summary="A Glue (Spark) job that reads tables, checks them, and writes the result of a query or of a script to S3.",
    spec=GlueEtlSpec,
    outputs=("output",),
    lower=lower,
)
