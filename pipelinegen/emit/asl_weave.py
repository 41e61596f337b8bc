"""From a plan of steps to fragments in series: branches in Parallel states, rounds in Map states."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipelinegen.emit.asl_failure import ended_inside, failing, handled
from pipelinegen.emit.asl_fragments import INNER, PASSED_ON, Fragment, State, link, renamed
from pipelinegen.emit.asl_plan import plan_block
from pipelinegen.emit.asl_steps import rendered, tolerant
from pipelinegen.emit.base import Workbench
from pipelinegen.ir.expressions import FAILURE, RUN_VARIABLES, in_round
from pipelinegen.ir.graph import ancestors
from pipelinegen.ir.model import Json, Jsonata, Loop, Step
from pipelinegen.ir.plan import Parallel, Plan, Series
from pipelinegen.render.literals import plain_json


@dataclass(frozen=True, slots=True)
class Weaver:
    """All steps with a state, and what each of them comes after."""

    bench: Workbench
    steps: Mapping[str, Step]
    before: Mapping[str, frozenset[str]]

    def block(self, block: str) -> list[Fragment]:
        """The steps of one block, in series; empty if it has none."""
        plan = plan_block(self.steps, self.before, block)
        return self._fragments(plan) if plan else []

    def _fragments(self, plan: Plan) -> list[Fragment]:
        parts = plan.parts if isinstance(plan, Series) else (plan,)
        return [self._parallel(part) if isinstance(part, Parallel) else self._step(part) for part in parts]

    def _step(self, part: Plan) -> Fragment:
        assert isinstance(part, str)
        step = self.steps[part]
        fragment = rendered(self.bench, step)
        if step.loop:
            fragment = self._with_rounds(step, step.loop, fragment)
        fragment = handled(self.bench, step, failing(fragment, step), self.block(f"{step.name}!"))
        return tolerant(step, fragment)

    def _parallel(self, part: Parallel) -> Fragment:
        """One Parallel state; variables that its branches assign are handed out of it."""
        branches: list[State] = []
        assign: dict[str, Json] = {}
        names: list[str] = []
        for index, branch in enumerate(part.branches):
            members = _members(branch)
            titles = [self.steps[name].title for name in members]
            variables = sorted({variable for name in members for variable in self.steps[name].variables})
            names.extend(titles)
            inside = ended_inside(self._fragments(branch), _named(titles, "branch failed"))
            inside = [renamed(fragment, [*variables, FAILURE]) for fragment in inside]
            if variables:
                inside.append(_hand_out(_named(titles, "hand out"), variables))
                assign.update({variable: Jsonata(f"$states.result[{index}].{variable}") for variable in variables})
            branches.append({"StartAt": inside[0].start, "States": link(inside, end=True)})
        title = " and ".join(names) if len(" and ".join(names)) <= 70 else f"{names[0]} and {len(names) - 1} more"
        state: State = {"Type": "Parallel", "Branches": branches, "Output": plain_json(PASSED_ON)}
        if assign:
            state["Assign"] = plain_json(assign)
        return failing(Fragment(title, {title: state}, (title,)))

    def _with_rounds(self, step: Step, loop: Loop, fragment: Fragment) -> Fragment:
        """The fragment whose Map state has the loop's steps as its rounds."""
        states = dict(fragment.states)
        (name,) = (name for name, state in states.items() if state["Type"] == "Map")
        collect = f"{step.title}: collect"
        end = Fragment(collect, {collect: {"Type": "Pass", "Output": plain_json(loop.collect)}}, (collect,))
        own = sorted(
            {variable for other in self.steps.values() if other.block == step.name for variable in other.variables}
        )
        inside = [*ended_inside(self.block(step.name), f"{step.title}: round failed"), end]
        inside = [_in_round(renamed(item, [*own, FAILURE]), loop.index) for item in inside]
        handed = self._handed(inside, loop) if loop.distributed else []
        inside = [renamed(item, handed) for item in inside] if handed else inside
        rounds = link([self._begin(step, loop, states[name], handed), *inside], end=True)
        mode: State = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"} if loop.distributed else {"Mode": "INLINE"}
        processor = {"ProcessorConfig": mode, "StartAt": next(iter(rounds)), "States": rounds}
        states[name] = _handing(states[name], handed, processor)
        return Fragment(fragment.start, states, fragment.exits)

    def _begin(self, step: Step, loop: Loop, state: State, handed: list[str]) -> Fragment:
        """The first state of a round: what it is about, and what it is handed, become variables."""
        title = f"{step.title}: round"
        batched = "ItemBatcher" in state
        item = "[$states.input.Items.item]" if batched else "$states.input.item"
        index = "$states.input.Items[0].index" if batched else "$states.input.index"
        outer = "$states.input.BatchInput" if batched else "$states.input.outer"
        assign: dict[str, Json] = {loop.item: Jsonata(item), loop.index: Jsonata(index)}
        assign.update({f"{INNER}{variable}": Jsonata(f"{outer}.{variable}") for variable in handed})
        return Fragment(title, {title: {"Type": "Pass", "Assign": plain_json(assign)}}, (title,))

    def _handed(self, inside: Iterable[Fragment], loop: Loop) -> list[str]:
        """The variables from outside that rounds read."""
        known = {*RUN_VARIABLES, *(variable for step in self.steps.values() for variable in step.variables)}
        loops = [step.loop for step in self.steps.values() if step.loop]
        known.update(name for other in loops for name in (other.item, other.index))
        text = json.dumps([dict(item.states) for item in inside])
        used = re.compile(rf"\$((?:{INNER})*(?:{'|'.join(sorted(known))}))\b")
        own = {loop.item, loop.index, *_assigned([dict(item.states) for item in inside])}
        return sorted(set(used.findall(text)) - own)


def _handing(state: State, handed: list[str], processor: State) -> State:
    """The Map state with its rounds, to which it hands variables."""
    outer = plain_json({variable: Jsonata(f"${variable}") for variable in handed})
    if not handed:
        return {**state, "ItemProcessor": processor}
    if "ItemBatcher" in state:
        return {**state, "ItemBatcher": {**state["ItemBatcher"], "BatchInput": outer}, "ItemProcessor": processor}
    return {**state, "ItemSelector": {**state["ItemSelector"], "outer": outer}, "ItemProcessor": processor}


def _assigned(value: Any) -> set[str]:
    """Every variable that states assign, however deep."""
    if isinstance(value, list):
        return {name for item in value for name in _assigned(item)}
    if not isinstance(value, dict):
        return set()
    own = set(value["Assign"]) if isinstance(value.get("Assign"), dict) else set()
    return own.union(*(_assigned(item) for item in value.values()))


def _in_round(fragment: Fragment, index: str) -> Fragment:
    def distinct(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: distinct(item) for key, item in value.items()}
        if isinstance(value, list):
            return [distinct(item) for item in value]
        return in_round(value, f"${index}") if isinstance(value, str) else value

    return Fragment(fragment.start, {name: distinct(state) for name, state in fragment.states.items()}, fragment.exits)


def weaver(bench: Workbench) -> Weaver:
    """The weaver of a pipeline's steps."""
    steps = {step.name: step for step in bench.pipeline.steps if step.state}
    return Weaver(bench, steps, ancestors({step.name: step.needs for step in bench.pipeline.steps}))


def _members(plan: Plan) -> list[str]:
    if isinstance(plan, str):
        return [plan]
    parts = plan.parts if isinstance(plan, Series) else plan.branches
    return [name for part in parts for name in _members(part)]


def _named(titles: list[str], what: str) -> str:
    """At most 76 characters; no branch inside this one has both its first and its last step."""
    return f"{titles[-1]}: {what}" + (f" from {titles[0]}" if len(titles) > 1 else "")


def _hand_out(title: str, variables: list[str]) -> Fragment:
    output = plain_json({variable: Jsonata(f"${INNER}{variable}") for variable in variables})
    return Fragment(title, {title: {"Type": "Pass", "Output": output}}, (title,))
