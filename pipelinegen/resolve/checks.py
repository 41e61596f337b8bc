"""Checks across steps."""

from pipelinegen.errors import Diagnostic, SpecError
from pipelinegen.ir.model import Model
from pipelinegen.resolve.draft import Draft
from pipelinegen.steps.base import REFERENCE


def check_gates(draft: Draft) -> Draft:
    """The draft itself. Raises: SpecError with PG022 if a model is promoted past its gate."""
    gated: dict[str, str] = {}
    for step in draft.steps:
        model = step.outputs.get("model")
        if isinstance(model, Model) and model.gated_by == step.name:
            gated[model.uri.text] = step.name
    faults = [
        Diagnostic(
            draft.spans.at("steps", name, "model").value,
            "PG022",
            f"'{name}' promotes the model past its gate '{gate}'",
            f"promote ${{steps.{gate}.model}}",
        )
        for name, gate in _promotions_past_gates(draft, gated)
    ]
    if faults:
        raise SpecError(faults)
    return draft


def _promotions_past_gates(draft: Draft, gated: dict[str, str]) -> list[tuple[str, str]]:
    found = []
    for step in draft.steps:
        raw = draft.raw_steps[step.name]
        if step.kind != "promote_model" or not isinstance(raw, dict):
            continue
        reference = REFERENCE.fullmatch(str(raw["model"]))
        assert reference is not None
        _, producer, output = reference.group(1).split(".", 2)
        model = next(other for other in draft.steps if other.name == producer).outputs[output]
        gate = gated.get(model.uri.text) if isinstance(model, Model) and model.gated_by is None else None
        if gate:
            found.append((step.name, gate))
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
        if need in ends
    ]
    if faults:
        raise SpecError(faults)
    return draft
