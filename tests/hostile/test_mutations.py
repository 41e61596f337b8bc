"""Ten thousand spoilt specs, and not one traceback."""

import pytest

from tests.hostile.mutations import corpus, run_all, run_cases, spoilt

MEMORY_MIB = 300


def test_a_case_is_always_the_same() -> None:
    assert [spoilt(corpus(), 7, index) for index in range(10)] == [spoilt(corpus(), 7, index) for index in range(10)]


def test_a_few_spoilt_specs_give_files_or_diagnostics() -> None:
    tally = run_cases(1, range(300))
    assert tally.broken == []
    assert tally.compiled > 15, "most cases must not end at the first check"


@pytest.mark.slow
def test_spoilt_specs_give_files_or_diagnostics() -> None:
    tally = run_all(10_000, seed=0, jobs=2)
    assert tally.broken == []
    assert tally.cases == 10_000
    assert tally.compiled > 100, "most cases must not end at the first check"
    assert len(tally.ids) > 20
    assert tally.peak_mib < MEMORY_MIB
