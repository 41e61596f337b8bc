"""The graph of steps, as Mermaid draws it: loops and what comes after a failure as boxes around their steps."""

from collections.abc import Iterator, Mapping

from pipelinegen.emit.asl_plan import barriers
from pipelinegen.ir.graph import ancestors
from pipelinegen.ir.model import Pipeline, Step

_SHAPES = {
    "quality_gate": ("{{", "}}"),
    "api": ("([", "])"),
    "redis_load": ("[(", ")]"),
}

#: What the block of a step's own handlers ends with; that of the pipeline's is no more than this.
_HANDLERS = "!"


def flowchart(pipeline: Pipeline) -> list[str]:
    """The lines of the flowchart. A dotted arrow is a barrier: an order that no step asks for."""
    lines = ["flowchart TD"]
    starts = "<br/>".join(_starts(pipeline))
    lines += [f'    start>"{starts}"]'] if starts else []
    blocks: dict[str, list[Step]] = {}
    for step in pipeline.steps:
        blocks.setdefault(step.block, []).append(step)
    lines += _nodes(blocks, "", "    ")
    lines += _boxed(blocks, _HANDLERS, "failed", "on failure", "    ")
    before = ancestors({step.name: step.needs for step in pipeline.steps})
    for step in pipeline.steps:
        if starts and not step.needs and step.state and not step.block:
            lines.append(f"    start --> {_node(step.name)}")
        inside = {item.name for block in (step.name, f"{step.name}{_HANDLERS}") for item in blocks.get(block, ())}
        lines += [f"    {_node(need)} --> {_node(step.name)}" for need in _direct(step, before) if need not in inside]
        if f"{step.name}{_HANDLERS}" in blocks:
            lines.append(f"    {_node(step.name)} -. fails .-> failed_{step.name}")
    lines += [f"    {_node(first)} -. barrier .-> {_node(second)}" for first, second in barriers(pipeline)]
    return lines


def _starts(pipeline: Pipeline) -> Iterator[str]:
    """What starts the pipeline; text of events is left out, for Mermaid would read it as code."""
    for schedule in pipeline.schedules:
        yield f"{schedule.expression} {schedule.timezone}"
    for trigger in pipeline.triggers:
        is_new_object = trigger.pattern.get("detail-type") == ["Object Created"]
        yield f"{trigger.label}: {'new object in S3' if is_new_object else 'event'}"


def _nodes(blocks: Mapping[str, list[Step]], block: str, indent: str) -> Iterator[str]:
    """The steps of a block, each with the steps inside it and those that handle its failure."""
    for step in blocks.get(block, ()):
        about = f"{step.kind}, conditional" if step.guard else step.kind
        title = f"{step.name}<br/><small>{about}</small>"
        if step.name in blocks:
            yield from _boxed(blocks, step.name, _node(step.name), f"{step.name}: {step.kind}", indent)
        else:
            left, right = _SHAPES.get(step.kind, ("[", "]"))
            yield f'{indent}{_node(step.name)}{left}"{title}"{right}'
        yield from _boxed(
            blocks, f"{step.name}{_HANDLERS}", f"failed_{step.name}", f"on failure of {step.name}", indent
        )


def _boxed(blocks: Mapping[str, list[Step]], block: str, node: str, title: str, indent: str) -> Iterator[str]:
    """A block as a box; nothing where it has no steps."""
    if block in blocks:
        yield f'{indent}subgraph {node}["{title}"]'
        yield from _nodes(blocks, block, f"{indent}    ")
        yield f"{indent}end"


def _node(name: str) -> str:
    return f"step_{name}"


def _direct(step: Step, before: Mapping[str, frozenset[str]]) -> list[str]:
    """What a step needs, without what those need themselves."""
    return [need for need in step.needs if not any(need in before[other] for other in step.needs)]
