"""States of JSONPath: none beside them, and yet loops before them and a clean-up after all."""

from tests.compiling import pipelines_of

SPEC = """\
version: 1
name: demo
description: Raw states between a loop and a clean-up.
owner: {team: demo, email: demo@example.com}
on_failure: {steps: {tidy: {kind: wait, seconds: 1}}}
steps:
  rounds: {kind: for_each, items: [a, b], steps: {rest: {kind: wait, seconds: 1}}}
  raw: {kind: asl, language: jsonpath, needs: [rounds], states: {Only: {Type: Pass, End: true}}}
environments: {dev: {account_id: "111111111111", region: eu-central-1}}
"""


def test_what_is_inside_of_others_is_not_beside() -> None:
    (pipeline,) = pipelines_of(SPEC)
    assert [step.name for step in pipeline.steps if step.runs_alone] == ["raw"]
