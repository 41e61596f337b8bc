"""Checks across steps."""

from pipelinegen.errors import Diagnostic, SpecError
from pipelinegen.ir.expressions import FAILURE, RUN_VARIABLES
from pipelinegen.ir.graph import ancestors
from pipelinegen.ir.model import Model
from pipelinegen.resolve.draft import Draft
from pipelinegen.steps.base import REFERENCE


def check_gates(draft: Draft) -> Draft:
    """The draft itself. Raises: SpecError with PG022 if a model is promoted past a gate or an approval of it."""
    gates: dict[str, list[str]] = {}
    for step in draft.steps:
        model = step.outputs.get("model")
        if isinstance(model, Model) and model.gated_by[-1:] == (step.name,):
            gates.setdefault(model.uri.text, []).append(step.name)
    kinds = {step.name: "approval" if step.kind == "approval" else "gate" for step in draft.steps}
    faults = [
        Diagnostic(
            draft.spans.at("steps", name, "model").value,
            "PG022",
            f"'{name}' promotes the model past its {kinds[gate]} '{gate}'",
            f"promote ${{steps.{gate}.model}}",
        )
        for name, gate in _promotions_past_gates(draft, gates)
    ]
    if faults:
        raise SpecError(faults)
    return draft


def _promotions_past_gates(draft: Draft, gates: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Each promotion that leaves out a gate or an approval of its model, with the last one left out."""
    found = []
    for step in draft.steps:
        raw = draft.raw_steps[step.name]
        if step.kind != "promote_model" or not isinstance(raw, dict):
            continue
        reference = REFERENCE.fullmatch(str(raw["model"]))
        assert reference is not None
        _, producer, output = reference.group(1).split(".", 2)
        model = next(other for other in draft.steps if other.name == producer).outputs[output]
        assert isinstance(model, Model)
        left_out = [gate for gate in gates.get(model.uri.text, ()) if gate not in model.gated_by]
        if left_out:
            found.append((step.name, left_out[-1]))
    return found


def check_ends(draft: Draft) -> Draft:
    """The draft itself. Raises: SpecError with PG061 if a step comes after one that always fails the run."""
    ends = {step.name for step in draft.steps if step.kind == "fail" and not step.ran}
    faults = [
        Diagnostic(
            draft.spans.at("steps", step.name).label,
            "PG061",
            f"'{step.name}' would come after '{need}', which always fails the run",
            f"let '{step.name}' need something else, or nothing",
        )
        for step in draft.steps
        for need in step.needs
        if need in ends and need not in draft.blocks.inside(step.name)
    ]
    if faults:
        raise SpecError(faults)
    return draft


#: Variables of the run itself, those included that only the states around the steps use.
_TAKEN = frozenset({*RUN_VARIABLES, FAILURE, "input_faults", "resume"})


def check_own_variables(draft: Draft) -> Draft:
    """The draft itself. Raises: SpecError with PG127 if raw states set a variable that the pipeline has.

    AWS refuses a variable that is assigned both inside a Parallel state and outside of it.
    """
    faults = [
        Diagnostic(
            draft.spans.at("steps", step.name).label,
            "PG127",
            f"the states of '{step.name}' set the variable '{name}', which is the pipeline's own",
            f"call it something else, such as 'my_{name}'"[:100],
        )
        for step in draft.steps
        for name in step.own_variables
        if name in _TAKEN or any(name.startswith(f"{prefix}_") for prefix in ("branch", *draft.raw_steps))
    ]
    if faults:
        raise SpecError(faults)
    return draft


def check_alone(draft: Draft) -> Draft:
    """The draft itself. Raises: SpecError with PG129 if states of JSONPath would run in a loop or beside others."""
    before = ancestors({step.name: step.needs for step in draft.steps})
    # What is in a loop or handles failures comes where the step that it belongs to does, or after all others.
    others = {step.name for step in draft.steps if step.state and not step.block}

    def is_in_order(name: str, other: str) -> bool:
        return name == other or name in before[other] or other in before[name]

    faults = [
        Diagnostic(
            draft.spans.at("steps", step.name).label,
            "PG129",
            f"'{step.name}' holds states of JSONPath, and would run in a loop or at the same time as others",
            "write them in JSONata, or let `needs:` put the step before or behind all others",
        )
        for step in draft.steps
        if step.runs_alone and (step.block or not all(is_in_order(step.name, name) for name in others))
    ]
    if faults:
        raise SpecError(faults)
    return draft
