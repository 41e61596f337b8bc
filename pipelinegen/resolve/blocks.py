"""Blocks: steps inside steps, such as the body of a loop; flattened, so that each pass sees one mapping of steps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from pipelinegen.errors import Diagnostic
from pipelinegen.ir.expressions import FAILURE
from pipelinegen.ir.model import Artifact, DatedFiles, Location, PerItem
from pipelinegen.source import Data, SpanTree

#: The block of steps that are in no other.
MAIN = ""
#: What the name of a block of handlers ends with; that of the whole pipeline is only this.
HANDLERS = "!"


@dataclass(frozen=True, slots=True)
class Blocks:
    """Which block each step is in: `MAIN`, the name of the loop around it, or the name of the step it handles and `!`.

    `items` gives, by step, the names that stand for an item of a loop around it, outermost first.
    """

    block_of: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def around(self, step: str) -> tuple[str, ...]:
        """The blocks a step is in, innermost first, `MAIN` last."""
        found = [self.block_of.get(step, MAIN)]
        # A name that is given twice, which is a fault, may make a block lie in itself.
        while (owner := owner_of(found[-1])) and (block := self.block_of.get(owner, MAIN)) not in found:
            found.append(block)
        return tuple(dict.fromkeys((*found, MAIN)))

    def items_inside(self, step: str) -> tuple[str, ...]:
        """The names that stand for an item in a step, those of its own loop among them."""
        own = self.items.get(step, ())
        return max((self.items[inner] for inner in self.inside(step)), key=len, default=own)

    def in_handlers_of_run(self, step: str) -> bool:
        """Whether a step is one that cleans up after a failed run."""
        return HANDLERS in self.around(step)

    def inside(self, owner: str) -> tuple[str, ...]:
        """The steps of a step's own blocks."""
        return tuple(step for step, block in self.block_of.items() if owner and owner_of(block) == owner)

    def as_seen_from(self, step: str, other: str) -> str:
        """What `step` waits for when it needs `other`: that itself, or the outermost step around it that is no step
        around `step`."""
        around, seen = self.around(step), other
        while self.block_of.get(seen, MAIN) not in around and (owner := owner_of(self.block_of[seen])):
            seen = owner
        return seen


def owner_of(block: str) -> str:
    """The step whose body or handlers a block is; empty for those of the pipeline."""
    return block.removesuffix(HANDLERS)


def flatten_steps(
    data: Mapping[str, Data], spans: SpanTree
) -> tuple[dict[str, Data], SpanTree, Blocks, list[Diagnostic]]:
    """All steps of a spec by name, those inside others before them; their spans by the same names; repeated names."""
    found = _Flat(spans.at("steps"))
    handlers = data.get("on_failure")
    handling = handlers.get("steps") if isinstance(handlers, dict) else None
    steps = data.get("steps")
    if isinstance(steps, dict):
        found.add(steps, spans.at("steps"), MAIN, ())
    if isinstance(handling, dict):
        found.add(handling, spans.at("on_failure", "steps"), HANDLERS, (FAILURE,))
    place = spans.at("steps")
    tree = SpanTree(place.value, place.key, found.trees, place.file_text)
    return found.raw, tree, Blocks(found.block_of, found.items), found.faults


class _Flat:
    """What has been found so far."""

    def __init__(self, steps: SpanTree) -> None:
        self.raw: dict[str, Data] = {}
        self.trees: dict[str | int, SpanTree] = dict(steps.children)
        self.block_of: dict[str, str] = {}
        self.items: dict[str, tuple[str, ...]] = {}
        self.faults: list[Diagnostic] = []

    def add(self, steps: Mapping[str, Data], place: SpanTree, block: str, known: tuple[str, ...]) -> None:
        """Steps of one block, each after those inside it."""
        for name, step in steps.items():
            for inner, below, path, more in _blocks(name, step, known):
                self.add(below, place.at(name, *path), inner, more)
            if name in self.raw:
                message = f"there are two steps with the name '{name}'; those inside others count, too"
                help = "give each step a name of its own: roles and jobs are named after it"
                self.faults.append(Diagnostic(place.at(name).label, "PG100", message, help))
                continue
            self.raw[name], self.trees[name] = step, place.at(name)
            self.block_of[name], self.items[name] = block, known


def _blocks(
    name: str, step: Data, known: tuple[str, ...]
) -> Iterator[tuple[str, Mapping[str, Data], tuple[str, ...], tuple[str, ...]]]:
    """The blocks of a step: their names, their steps, where these stand below it, and the items they know of."""
    if not isinstance(step, dict):
        return
    inner = step.get("steps")
    if step.get("kind") == "for_each" and isinstance(inner, dict):
        item = step.get("as", "item")
        yield name, inner, ("steps",), (*known, item) if isinstance(item, str) else known
    handler = step.get("on_failure")
    handling = handler.get("steps") if isinstance(handler, dict) else None
    if isinstance(handling, dict):
        yield f"{name}{HANDLERS}", handling, ("on_failure", "steps"), (*known, FAILURE)


def own_part(step: Data) -> Data:
    """What a step says itself, without the steps inside it."""
    if not isinstance(step, dict):
        return step
    own = {key: value for key, value in step.items() if not (key == "steps" and step.get("kind") == "for_each")}
    handler = own.get("on_failure")
    if isinstance(handler, dict):
        own["on_failure"] = {key: value for key, value in handler.items() if key != "steps"}
    return own


def outer_view(
    outputs: Mapping[str, Mapping[str, Artifact]], step: str, blocks: Blocks
) -> Mapping[str, Mapping[str, Artifact]]:
    """What other steps give, as one step sees it: of a loop it is not in only whole folders, of handlers nothing."""
    around = blocks.around(step)
    hidden = {name for name in outputs if blocks.block_of.get(name, MAIN) not in around}
    if not hidden or not any(blocks.block_of.get(name) for name in hidden):
        return outputs
    return {
        name: {output: _from_outside(item, blocks.as_seen_from(step, name)) for output, item in given.items()}
        if name in hidden and step != owner_of(blocks.block_of[name])
        else given
        for name, given in outputs.items()
    }


def _from_outside(artifact: Artifact, loop: str) -> Artifact:
    location = getattr(artifact, "location", None)
    if isinstance(artifact, DatedFiles) and isinstance(location, Location) and location.part:
        whole: Artifact = replace(artifact, location=replace(location, part=None))  # type: ignore[type-var]
        return whole
    return PerItem(loop)
