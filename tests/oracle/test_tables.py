"""The committed tables of what AWS has, held against AWS's own lists; renew with `tests.oracle.renew_tables`."""

import json
from pathlib import Path

import pytest

from pipelinegen.spec.tables import FOLDER
from tests.oracle.provider.renew_replacement import TABLE, table_of, table_text
from tests.oracle.renew_tables import TABLES, timezones


@pytest.mark.parametrize("name", sorted(set(TABLES) - {"timezones"}))
def test_the_table_is_what_aws_lists(name: str) -> None:
    entries, _ = TABLES[name]
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if not line.startswith("#")] == entries()


def test_every_table_has_a_source_and_there_are_no_others() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == sorted(TABLES)
    assert all(path.read_text(encoding="utf-8").startswith("# ") for path in FOLDER.glob("*.txt"))


def test_what_cannot_change_in_place_is_as_the_source_of_the_provider_says() -> None:
    """`tests.oracle.provider.renew_replacement` asks a provider for the rest, which takes a download."""
    folder = Path(__file__).parent / "provider"
    newer = json.loads((folder / "replacement_in_6.json").read_text(encoding="utf-8"))
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    answers = {type: paths for type, paths in table["arguments"].items() if type not in newer["types"]}
    assert table_text(table_of(answers, newer)) == TABLE.read_text(encoding="utf-8")


def test_time_zones_are_those_of_this_machine_but_for_a_few_newer_or_older_ones() -> None:
    """The database changes a few times a year, and machines have different ages of it."""
    known = {line for line in (FOLDER / "timezones.txt").read_text().splitlines() if not line.startswith("#")}
    assert len(known ^ set(timezones())) < 12
    assert {"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"} <= known
