"""What comes before a step, for runs of a part of a pipeline: loops and what is inside of them."""

from pipelinegen.local.partial import steps_before
from tests.compiling import pipelines_of

SPEC = """\
version: 1
name: demo
description: A loop in a loop between two steps.
owner: {team: demo, email: demo@example.com}
steps:
  first: {kind: wait, seconds: 1}
  outer:
    kind: for_each
    items: [a, b]
    needs: [first]
    steps:
      before: {kind: wait, seconds: 1}
      inner: {kind: for_each, items: [1, 2], as: number, needs: [before], steps: {rest: {kind: wait, seconds: 1}}}
  last: {kind: wait, seconds: 1, needs: [outer]}
environments: {dev: {account_id: "111111111111", region: eu-central-1}}
"""


def test_loops_come_after_what_is_inside_and_that_after_what_they_need() -> None:
    (pipeline,) = pipelines_of(SPEC)
    assert {step: sorted(found) for step, found in steps_before(pipeline).items()} == {
        "first": [],
        "before": ["first"],
        "rest": ["before", "first"],
        "inner": ["before", "first", "rest"],
        "outer": ["before", "first", "inner", "rest"],
        "last": ["before", "first", "inner", "outer", "rest"],
    }
