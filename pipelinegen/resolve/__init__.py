"""From a spec to the IR of one environment; the compiler on one screen."""

from pipelinegen.resolve.checks import check_alone, check_ends, check_gates, check_own_variables
from pipelinegen.resolve.datasets import lower_datasets
from pipelinegen.resolve.draft import Draft, Pass, stop_at_faults
from pipelinegen.resolve.iam import derive_roles
from pipelinegen.resolve.iam_by_hand import apply_iam
from pipelinegen.resolve.infrastructure import lay_out_network
from pipelinegen.resolve.parameters import check_parameters
from pipelinegen.resolve.refs import resolve_refs
from pipelinegen.resolve.steps import lower_steps, select_steps, type_steps
from pipelinegen.resolve.triggers import lower_triggers

PASSES: tuple[Pass, ...] = (
    select_steps,
    lower_datasets,
    check_parameters,
    lower_triggers,
    lay_out_network,
    type_steps,
    resolve_refs,
    lower_steps,
    stop_at_faults,
    check_gates,
    check_ends,
    check_own_variables,
    check_alone,
    derive_roles,
    apply_iam,
)

__all__ = ["PASSES", "Draft", "Pass"]
