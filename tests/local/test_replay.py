"""Which completed states still count: after a failure, after a crash, and for a run that starts from a step."""

from typing import Any

from pipelinegen.local.replay import Machine, entries_for_retry, entries_for_start, scope_ends, valid_entries

FAILED = {"Tell": {"Type": "Task", "Next": "Fail"}, "Fail": {"Type": "Fail"}}
CATCH = [{"ErrorEquals": ["States.ALL"], "Next": "Tell"}]


def task(then: str | None = None, **rest: Any) -> dict[str, Any]:
    return {"Type": "Task", **({"Next": then} if then else {"End": True}), **rest}


#: Train and Tidy side by side, then a poll of a query, then a gate that may refuse.
DEFINITION = {
    "StartAt": "Start",
    "States": {
        "Start": {"Type": "Pass", "Next": "Train and Tidy"},
        "Train and Tidy": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Train", "States": {"Train": task("Check"), "Check": task()}},
                {"StartAt": "Tidy", "States": {"Tidy": task()}},
            ],
            "Catch": CATCH,
            "Next": "Query",
        },
        "Query": task("Query: wait", Catch=CATCH),
        "Query: wait": {"Type": "Wait", "Seconds": 1, "Next": "Query: ask"},
        "Query: ask": task("Query: over?", Catch=CATCH),
        "Query: over?": {"Type": "Choice", "Choices": [{"Next": "Gate"}], "Default": "Query: wait"},
        "Gate": {"Type": "Pass", "Next": "Gate: go on?"},
        "Gate: go on?": {"Type": "Choice", "Choices": [{"Next": "Promote"}], "Default": "Gate: refused"},
        "Gate: refused": {"Type": "Pass", "Next": "Tell"},
        "Promote": task("Done", Catch=CATCH),
        "Done": {"Type": "Succeed"},
        **FAILED,
    },
}
STEPS = {
    **{name: name.lower() for name in ("Train", "Check", "Tidy", "Promote")},
    **dict.fromkeys(("Query", "Query: wait", "Query: ask", "Query: over?"), "query"),
    **dict.fromkeys(("Gate", "Gate: go on?", "Gate: refused"), "gate"),
}
MACHINE = Machine.of(DEFINITION, STEPS)


def entry(state: str, then: str | None, scope: str = "", *, caught: bool = False) -> dict[str, Any]:
    return {"scope": scope, "state": state, "output": {}, "assigned": {}, "caught": caught, "next": then}


START = entry("Start", "Train and Tidy")
TRAIN = entry("Train", "Check", "/Train and Tidy[0]")
CHECK = entry("Check", None, "/Train and Tidy[0]")
TIDY = entry("Tidy", None, "/Train and Tidy[1]")
BOTH = entry("Train and Tidy", "Query")
QUERY = [
    entry("Query", "Query: wait"),
    entry("Query: wait", "Query: ask"),
    entry("Query: ask", "Query: over?"),
    entry("Query: over?", "Query: wait"),
]
ANSWERED = [*QUERY, QUERY[1], QUERY[2], entry("Query: over?", "Gate")]
GATE = [entry("Gate", "Gate: go on?"), entry("Gate: go on?", "Promote")]


def states(entries: Any) -> list[str]:
    return [item["state"] for item in entries]


def test_doom_is_where_no_good_end_is_left() -> None:
    assert MACHINE.doomed("") == {"Gate: refused", "Tell", "Fail"}
    assert MACHINE.doomed("/Train and Tidy[1]") == frozenset()


def test_a_failed_branch_is_run_again_and_its_neighbour_is_not() -> None:
    lines = [START, TIDY, TRAIN, entry("Train and Tidy", "Tell", caught=True), entry("Tell", "Fail")]
    assert entries_for_retry(lines, MACHINE) == [START, TIDY, TRAIN]


def test_a_task_that_failed_is_run_again() -> None:
    lines = [START, TRAIN, CHECK, TIDY, BOTH, *ANSWERED, *GATE, entry("Promote", "Tell", caught=True)]
    assert entries_for_retry(lines, MACHINE) == lines[:-1]


def test_a_poll_that_was_interrupted_starts_over() -> None:
    lines = [START, TRAIN, CHECK, TIDY, BOTH, *QUERY]
    assert entries_for_retry(lines, MACHINE) == lines[:5]
    assert entries_for_retry([START, TRAIN, CHECK, TIDY, BOTH, *ANSWERED], MACHINE)[5:] == ANSWERED


def test_a_poll_that_failed_starts_over() -> None:
    lines = [START, TRAIN, CHECK, TIDY, BOTH, *QUERY[:2], entry("Query: ask", "Tell", caught=True)]
    assert entries_for_retry(lines, MACHINE) == lines[:5]


def test_a_decision_to_fail_is_taken_again_with_what_its_step_did() -> None:
    refused = [entry("Gate", "Gate: go on?"), entry("Gate: go on?", "Gate: refused"), entry("Gate: refused", "Tell")]
    lines = [START, TRAIN, CHECK, TIDY, BOTH, *ANSWERED, *refused, entry("Tell", "Fail")]
    assert entries_for_retry(lines, MACHINE) == [START, TRAIN, CHECK, TIDY, BOTH, *ANSWERED]


def test_an_interruption_between_states_loses_nothing() -> None:
    for end in range(6):
        lines = [START, TIDY, TRAIN, CHECK, BOTH][:end]
        assert entries_for_retry(lines, MACHINE) == lines


def test_what_a_branch_did_before_it_began_anew_does_not_count() -> None:
    other = entry("Train", "Check", "/Train and Tidy[0]")
    assert valid_entries([START, TRAIN, TIDY, {"begin": "/Train and Tidy[0]"}, other]) == [START, TIDY, other]
    inner = entry("Deep", None, "/Train and Tidy[0]/Each[3]")
    assert valid_entries([inner, {"begin": "/Train and Tidy[0]"}]) == []
    assert valid_entries([inner, {"begin": "/Train and Tidy[0]/Each[30]"}]) == [inner]


def test_a_run_from_a_step_takes_over_all_that_does_not_follow_it() -> None:
    lines = [START, TRAIN, CHECK, TIDY, BOTH, *ANSWERED, *GATE, entry("Promote", "Done"), entry("Done", None)]
    from_gate = entries_for_start(lines, MACHINE, {"gate", "promote"})
    assert from_gate == lines[: 5 + len(ANSWERED)]
    # Nothing depends on tidy but what comes after it; train does not, and the Parallel state is entered again.
    from_tidy = entries_for_start(lines, MACHINE, {"tidy", "query", "gate", "promote"})
    assert from_tidy == [START, TRAIN, CHECK]


def test_a_step_that_does_not_follow_is_taken_over_though_its_states_come_later() -> None:
    lines = [START, TRAIN, CHECK, TIDY, BOTH, *ANSWERED, *GATE, entry("Promote", "Done"), entry("Done", None)]
    assert states(entries_for_start(lines, MACHINE, {"tidy", "gate", "promote"})) == [
        *("Start", "Train", "Check"),
        *states(ANSWERED),
    ]


def test_a_failed_step_is_never_taken_over() -> None:
    lines = [START, TRAIN, CHECK, TIDY, BOTH, entry("Query", "Tell", caught=True), entry("Tell", "Fail")]
    assert entries_for_start(lines, MACHINE, {"promote"}) == lines[:5]


def test_a_run_up_to_a_step_ends_where_nothing_leads_to_it() -> None:
    gate, query = ["Gate", "Gate: go on?"], ["Query", "Query: ask", "Query: over?", "Query: wait"]
    assert list(scope_ends(MACHINE, {"train"})) == ["Check", "Done", *gate, "Promote", *query, "Tidy"]
    assert list(scope_ends(MACHINE, {"gate", "tidy"})) == ["Check", "Done", "Promote", "Train"]


def test_a_branch_that_ends_early_hands_out_what_it_has() -> None:
    def branch(name: str) -> dict[str, Any]:
        out = {
            "Type": "Pass",
            "Output": {f"{name}_ran": f"{{% $branch_{name}_ran %}}", "day": "{% $x & '' %}"},
            "End": True,
        }
        return {"StartAt": name, "States": {name: {"Type": "Task", "Next": f"{name} out"}, f"{name} out": out}}

    both = {"Type": "Parallel", "Branches": [branch("note"), branch("rest")], "Next": "Done"}
    definition = {"StartAt": "Both", "States": {"Both": both, "Done": {"Type": "Succeed"}}}
    machine = Machine.of(definition, {"note": "note", "rest": "rest"})
    handed = {"note_ran": "branch_note_ran", "rest_ran": "branch_rest_ran"}
    ends = dict.fromkeys(("note out", "rest", "rest out"), handed)
    assert scope_ends(machine, {"note"}) == {"Done": {}, **ends}
