"""SQL: one statement in Redshift, through its Data API, or in Athena."""

from pipelinegen.steps.base import StepKind
from pipelinegen.steps.sql.model import SqlSpec, lower

KIND = StepKind(
    name="sql",
    summary="Runs one SQL statement in Redshift or Athena and waits for its end.",
    spec=SqlSpec,
    outputs=("rows", "statement_id"),
    lower=lower,
)
