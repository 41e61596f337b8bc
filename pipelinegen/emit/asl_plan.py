"""Which steps of a block run together, and which wait for others though they need nothing of them."""

from collections.abc import Mapping

from pipelinegen.ir.graph import ancestors
from pipelinegen.ir.model import Pipeline, Step
from pipelinegen.ir.plan import Plan, added_waits, plan_steps

#: What a step takes that says nothing of its time.
_SECONDS = 60.0


def plan_block(steps: Mapping[str, Step], before: Mapping[str, frozenset[str]], block: str) -> Plan | None:
    """The plan of a block's steps with a state, each as long as it may take; None if there are none."""
    needs = _needs(steps, before, block)
    return plan_steps(needs, {name: _seconds(steps[name]) for name in needs})


def barriers(pipeline: Pipeline) -> list[tuple[str, str]]:
    """The pairs `(a, b)` in which `b` waits for `a` only because a state machine cannot say otherwise."""
    steps = {step.name: step for step in pipeline.steps if step.state}
    before = ancestors({step.name: step.needs for step in pipeline.steps})
    found = []
    for block in dict.fromkeys(step.block for step in steps.values()):
        found.extend(added_waits(plan_block(steps, before, block), _needs(steps, before, block)))
    return found


def _needs(steps: Mapping[str, Step], before: Mapping[str, frozenset[str]], block: str) -> dict[str, list[str]]:
    names = [name for name, step in steps.items() if step.block == block]
    return {name: [need for need in names if need in before[name]] for name in names}


def _seconds(step: Step) -> float:
    """How long a step may take, as its state says."""
    return float(getattr(step.state.context if step.state else None, "timeout_seconds", 0) or _SECONDS)
