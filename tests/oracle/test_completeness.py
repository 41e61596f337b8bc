"""Everything that is generated is needed, and all that is needed is there: roles, statements, endpoints, rules."""

import pytest

from tests.compiling import REFERENCE_SPEC
from tests.oracle.cases import Case, all_cases, as_parameters
from tests.oracle.completeness import faults
from tests.oracle.mutations import verdicts


@pytest.mark.parametrize("case", as_parameters(all_cases()))
def test_every_call_is_allowed_and_within_reach(case: Case) -> None:
    assert faults(case.files()) == []


@pytest.mark.slow
@pytest.mark.parametrize("case", as_parameters(all_cases()))
def test_nothing_can_be_taken_away_unnoticed(case: Case) -> None:
    """Each endpoint, role, statement and rule of the network in turn; `python -m tests.oracle.mutations` prints all."""
    assert [item.mutant.name for item in verdicts(case.files()) if not item.noticed_by] == []


def test_only_these_need_a_local_run_to_be_missed() -> None:
    """Their paths are known at run time only; a local run with enforced policies is denied without them."""
    found = verdicts(Case(REFERENCE_SPEC, "prod").files())
    assert {
        item.mutant.name.split(": ")[1].removesuffix("List") for item in found if item.noticed_by == "local run"
    } <= {
        "KeepCheckpoints",
        "ReadInputsListModels",
        "ReadPredictions",
        "WriteOutput",
    }
