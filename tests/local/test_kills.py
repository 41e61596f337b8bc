"""A handful of the kills of tests/local/chaos.py; fifty of them: `python -m tests.local.chaos`."""

import random
from pathlib import Path

import pytest

from tests.local.chaos import VICTIMS, Moment, disturb, kill_at, make_project, undisturbed
from tests.local.command_line import run_command


@pytest.mark.slow
def test_whoever_is_killed_a_retry_ends_as_if_nothing_had_been(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    expected, events = undisturbed(project)
    assert sum(name.startswith("redis ") for name in expected) > 20
    for number, victim in enumerate(VICTIMS[:3]):
        trial = disturb(project, number, random.Random(number), events, expected, victim)
        assert trial.good, trial


@pytest.mark.slow
def test_a_dead_cloud_is_named_whatever_it_was_asked_for(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    done = kill_at(project, "cloud", Moment(0, 0.0))
    said = ("error: the local cloud ended unexpectedly", "error: the local cloud did not start: it said nothing")
    assert done.code == 1
    assert done.err.split("\n")[0] in said
    assert "Traceback" not in run_command("retry", folder=project).err
