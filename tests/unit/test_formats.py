"""Diagnostics in every format: whole texts and whole documents."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from jsonschema import Draft4Validator

from pipelinegen import __version__
from pipelinegen.catalogue import CATALOGUE
from pipelinegen.cli import main
from pipelinegen.errors import Diagnostic, Note, Span
from pipelinegen.formats import as_text, documents, format_diagnostic, wants_colour
from tests.compiling import ROOT

FAULTS = (
    Diagnostic(None, "PG050", "100% broken", None),
    Diagnostic(
        Span("a b,c.yaml", 4, 1, 12),
        "PG003",
        "'name' is given\ntwice",
        "remove it",
        (Note(Span("b.yaml", 3, 1, 5), "here"),),
    ),
    Diagnostic(Span("generated/x", 0, 0, 0), "PG033", "stale", "run it"),
)


def line_of(file: str, number: int) -> str | None:
    lines = {1: "name: demo", 2: "\tinputs: [featurs]", 3: "x" * 100 + " here " + "y" * 100}
    return lines.get(number) if file == "a.yaml" else None


def test_a_diagnostic_shows_place_fact_line_and_action() -> None:
    text = format_diagnostic(Diagnostic(Span("a.yaml", 1, 7, 11), "PG012", "no 'demo'", "write 'x'"), line_of)
    assert text == ("a.yaml:1:7: error PG012: no 'demo'\n   1 | name: demo\n     |       ^^^^\n   help: write 'x'")


def test_tabs_do_not_move_the_caret() -> None:
    text = format_diagnostic(Diagnostic(Span("a.yaml", 2, 11, 18), "PG012", "no"), line_of)
    assert text.splitlines()[1:] == ["   2 | \tinputs: [featurs]", "     | \t         ^^^^^^^"]


def test_a_long_line_is_cut_around_the_place() -> None:
    text = format_diagnostic(Diagnostic(Span("a.yaml", 3, 102, 106), "PG012", "no"), line_of)
    _, line, caret = text.splitlines()
    assert len(line) <= 130
    assert line[caret.index("^") : caret.rindex("^") + 1] == "here"


def test_a_line_that_is_gone_is_left_out() -> None:
    text = format_diagnostic(Diagnostic(Span("gone.yaml", 9, 1, 2), "PG012", "no"), line_of)
    assert text == "gone.yaml:9:1: error PG012: no"


def test_a_fault_of_no_file_has_no_place() -> None:
    assert format_diagnostic(Diagnostic(None, "PG050", "no", "do"), line_of) == "error PG050: no\n   help: do"


def test_a_note_cites_the_second_place() -> None:
    note = Note(Span("a.yaml", 1, 1, 5), "first 'name' is here")
    text = format_diagnostic(Diagnostic(Span("b.yaml", 1, 1, 2), "PG003", "twice", notes=(note,)), line_of)
    assert text.splitlines() == [
        "b.yaml:1:1: error PG003: twice",
        "a.yaml:1:1: note: first 'name' is here",
        "   1 | name: demo",
        "     | ^^^^",
    ]


def test_control_characters_of_a_spec_never_reach_the_terminal() -> None:
    text = format_diagnostic(Diagnostic(None, "PG010", "unknown key '\x1b[31mred\nerror: forged'", "\x07"), line_of)
    assert text == "error PG010: unknown key '\\x1b[31mred\\nerror: forged'\n   help: \\x07"


def test_help_that_whole_files_share_is_said_once() -> None:
    stale = [Diagnostic(Span(name, 0, 0, 0), "PG033", "stale", "run it") for name in "ab"]
    assert as_text(stale, line_of) == "a: error PG033: stale\nb: error PG033: stale\n   help: run it\n"
    assert as_text(stale[:1], line_of) == "a: error PG033: stale\n   help: run it\n"


def test_colour_changes_nothing_but_colour() -> None:
    fault = Diagnostic(Span("a.yaml", 1, 7, 11), "PG012", "no", "do", (Note(Span("a.yaml", 1, 1, 5), "here"),))
    assert format_diagnostic(fault, line_of, colour=True) == (
        "\x1b[1ma.yaml:1:7: \x1b[0m\x1b[1;31merror PG012:\x1b[0m no\n"
        "   1 | name: demo\n"
        "     |       \x1b[31m^^^^\x1b[0m\n"
        "\x1b[1ma.yaml:1:1: \x1b[0m\x1b[1;36mnote:\x1b[0m here\n"
        "   1 | name: demo\n"
        "     | \x1b[31m^^^^\x1b[0m\n"
        "   \x1b[36mhelp:\x1b[0m do"
    )


@pytest.mark.parametrize(
    ("environment", "terminal", "wanted"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(environment: dict[str, str], terminal: bool, wanted: bool) -> None:
    assert wants_colour(environment, terminal=terminal) is wanted


def test_json() -> None:
    nowhere = {"line": None, "column": None, "end_column": None}
    assert json.loads(documents(FAULTS, "json")) == {
        "schema_version": 1,
        "generator": f"pipelinegen {__version__}",
        "diagnostics": [
            {"id": "PG050", "severity": "error", "message": "100% broken", "help": None, "file": None, **nowhere}
            | {"notes": []},
            {
                "id": "PG003",
                "severity": "error",
                "message": "'name' is given\ntwice",
                "help": "remove it",
                "file": "a b,c.yaml",
                "line": 4,
                "column": 1,
                "end_column": 12,
                "notes": [{"message": "here", "file": "b.yaml", "line": 3, "column": 1, "end_column": 5}],
            },
            {"id": "PG033", "severity": "error", "message": "stale", "help": "run it", "file": "generated/x", **nowhere}
            | {"notes": []},
        ],
    }


def test_annotations_escape_what_would_end_them() -> None:
    assert documents(FAULTS, "github") == (
        "::error title=pipelinegen PG050::100%25 broken\n"
        "::error file=a b%2Cc.yaml,line=4,endLine=4,col=1,endColumn=12,title=pipelinegen PG003::"
        "'name' is given%0Atwice%0Ab.yaml:3:1: note: here%0Ahelp: remove it\n"
        "::error file=generated/x,title=pipelinegen PG033::stale%0Ahelp: run it\n"
    )


def test_no_fault_is_a_document_as_well() -> None:
    assert json.loads(documents((), "json"))["diagnostics"] == []
    assert documents((), "github") == ""
    assert json.loads(documents((), "sarif"))["runs"][0]["results"] == []


def test_sarif() -> None:
    log = json.loads(documents(FAULTS, "sarif"))
    (run,) = log.pop("runs")
    assert log == {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0"}
    rules = run["tool"]["driver"].pop("rules")
    assert rules == [
        {"id": id, "shortDescription": {"text": text}, "defaultConfiguration": {"level": "error"}}
        for id, text in CATALOGUE.items()
    ]
    assert run.pop("tool")["driver"].keys() == {"name", "version", "informationUri"}
    results = run.pop("results")
    assert run == {"columnKind": "unicodeCodePoints"}
    assert [rules[item.pop("ruleIndex")]["id"] for item in results] == ["PG050", "PG003", "PG033"]
    assert results == [
        {"ruleId": "PG050", "level": "error", "message": {"text": "100% broken"}},
        {
            "ruleId": "PG003",
            "level": "error",
            "message": {"text": "'name' is given\ntwice\nhelp: remove it"},
            "locations": [sarif_place("a%20b%2Cc.yaml", 4, 1, 12)],
            "relatedLocations": [sarif_place("b.yaml", 3, 1, 5) | {"message": {"text": "here"}}],
        },
        {
            "ruleId": "PG033",
            "level": "error",
            "message": {"text": "stale\nhelp: run it"},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": "generated/x"}}}],
        },
    ]


SARIF = Draft4Validator(json.loads((ROOT / "tests/schemas/sarif-2.1.0.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("faults", [FAULTS, ()], ids=["of every form", "none"])
def test_sarif_is_what_the_standard_says(faults: Sequence[Diagnostic]) -> None:
    log = json.loads(documents(faults, "sarif"))
    assert [error.message for error in SARIF.iter_errors(log)] == []
    log["runs"][0]["results"].append({"text": "a result without a message"})
    assert len(list(SARIF.iter_errors(log))) > 0


def test_the_log_of_a_spec_with_twenty_faults_is_what_the_standard_says(capsys: pytest.CaptureFixture[str]) -> None:
    spec = ROOT / "tests/errors/PG010-twenty-faults-at-once/spec.yaml"
    assert main(["validate", str(spec), "--format", "sarif"]) == 1
    log = json.loads(capsys.readouterr().out)
    assert [error.message for error in SARIF.iter_errors(log)] == []
    assert len(log["runs"][0]["results"]) >= 20


def sarif_place(uri: str, line: int, column: int, end_column: int) -> dict[str, Any]:
    region = {"startLine": line, "startColumn": column, "endColumn": end_column}
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}


def test_a_plug_ins_own_id_has_no_rule_index() -> None:
    log = json.loads(documents([Diagnostic(None, "XX001", "no")], "sarif"))
    assert log["runs"][0]["results"] == [{"ruleId": "XX001", "level": "error", "message": {"text": "no"}}]
