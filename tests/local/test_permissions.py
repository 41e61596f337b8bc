"""Every permission is needed: docs/permissions.md says by what, and some of its rows are proven again."""

import random
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.local.command_line import run_command
from tests.local.mutation_proof import DATES, FOLDER, OUT, PAGE, files_below, start
from tests.local.mutation_table import Part, missed_by_check, parts_of, read, unproven
from tests.oracle.needs import needs_of


def test_the_page_names_every_part_of_the_present_policies() -> None:
    files = files_below(OUT / FOLDER)
    missing, gone = unproven(PAGE.read_text(encoding="utf-8"), parts_of(files))
    assert ([part.key for part in missing], gone) == ([], []), "run `python -m tests.local.mutation_proof --write`"


def test_what_the_page_leaves_to_a_check_is_missed_by_it() -> None:
    files = files_below(OUT / FOLDER)
    rows, needs = read(PAGE.read_text(encoding="utf-8")), needs_of(files)
    checked = [part for part in parts_of(files) if rows[part.key][0] == "check"]
    assert len(checked) > 150
    assert all(
        missed_by_check(part, files, needs) == rows[part.key][1] for part in random.Random(0).sample(checked, 40)
    )


def test_a_statement_without_its_last_action_goes_as_a_whole() -> None:
    policy = {"Statement": [{"Sid": "Read", "Action": ["s3:GetObject"], "Resource": ["a", "b"]}]}
    assert Part("role", "Read", "Resource", 0, "a").taken_from(policy)["Statement"][0]["Resource"] == ["b"]
    assert Part("role", "Read", "Action", 0, "s3:GetObject").taken_from(policy) == {"Statement": []}


@pytest.mark.slow
def test_a_run_breaks_without_what_it_needs(tmp_path: Path) -> None:
    """A seeded choice for a small recommender; `python -m tests.local.mutation_proof` takes all of the reference's."""
    shutil.copytree(Path(__file__).parent / "chaos_specs", tmp_path / "specs")
    assert run_command("generate", folder=tmp_path).code == 0
    with ExitStack() as stack:
        proof = start(tmp_path / "state", stack, tmp_path / "specs" / "shop.yaml", tmp_path / "generated")
        proof.run_days(DATES[-1:], again=False)
        used = [part for part in parts_of(proof.files) if proof.lost(part)]
        chosen = random.Random(0).sample(used, 4)
        assert [(part.key, proof.verdict(part).how) for part in chosen] == [(part.key, "run") for part in chosen]
