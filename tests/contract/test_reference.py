"""The reference says what the code says, and every key of the language says what it is for."""

import json

import pytest

from pipelinegen.reference import built_in_pages, main
from pipelinegen.tree import schema_text
from tests.compiling import ROOT

SCHEMA = json.loads(schema_text())


@pytest.mark.parametrize("name", sorted(built_in_pages()))
def test_the_committed_page_is_current(name: str) -> None:
    committed = (ROOT / "docs/reference" / name).read_text(encoding="utf-8")
    assert committed == built_in_pages()[name], "run `python -m pipelinegen.reference --out docs/reference`"


def test_there_is_no_other_page() -> None:
    assert sorted(path.name for path in (ROOT / "docs/reference").iterdir()) == sorted(built_in_pages())


def test_the_module_writes_the_pages(tmp_path_factory: pytest.TempPathFactory) -> None:
    out = tmp_path_factory.mktemp("reference") / "new"
    assert main(["--out", str(out)]) == 0
    assert {path.name: path.read_text(encoding="utf-8") for path in out.iterdir()} == built_in_pages()


def test_every_key_of_the_language_has_a_description() -> None:
    parts = {"the spec": SCHEMA, **{name: part for name, part in SCHEMA["$defs"].items() if name != "step"}}
    silent = [
        f"{part}.{key}"
        for part, definition in parts.items()
        for key, value in definition.get("properties", {}).items()
        if not value.get("description")
    ]
    assert silent == [], "give each a Field(description=…)"


def test_a_table_survives_what_descriptions_say() -> None:
    for line in (line for text in built_in_pages().values() for line in text.splitlines() if line.startswith("|")):
        assert line.replace("\\|", "").count("|") == 5, line
