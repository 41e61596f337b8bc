"""The state between passes; each pass answers one question and returns a new draft."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from pipelinegen.code_folders import CodeReader, no_code
from pipelinegen.errors import Diagnostic, Span, SpecError
from pipelinegen.ir.infrastructure import Infrastructure
from pipelinegen.ir.model import Dataset, PolicyChange, Role, Step, Trigger
from pipelinegen.ir.names import Names
from pipelinegen.resolve.blocks import Blocks
from pipelinegen.source import Data, SpanTree
from pipelinegen.spec.pipeline import EnvironmentSpec, PipelineSpec
from pipelinegen.steps.base import StepKind, StepSpec


@dataclass(frozen=True, slots=True)
class TypedStep:
    """A step that its kind's model has accepted."""

    kind: StepKind
    spec: StepSpec


@dataclass(frozen=True, slots=True)
class Draft:
    """A pipeline in one environment, as far as the passes have come."""

    spec: PipelineSpec
    data: Mapping[str, Data]
    spans: SpanTree
    source: str
    environment: str
    kinds: Mapping[str, StepKind]
    names: Names
    read_code: CodeReader = no_code
    raw_steps: Mapping[str, Data] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    #: Steps that the environment's overrides remove, and where.
    removed: Mapping[str, Span] = field(default_factory=dict)
    blocks: Blocks = field(default_factory=Blocks)
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    typed: Mapping[str, TypedStep] = field(default_factory=dict)
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Steps that cannot be made, because they, or what they refer to, are at fault.
    unsound: frozenset[str] = frozenset()
    unsound_datasets: frozenset[str] = frozenset()
    #: Whether the spec has all that steps are made from; if not, they are only checked by themselves.
    makes_steps: bool = True
    steps: tuple[Step, ...] = ()
    roles: tuple[Role, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    infrastructure: Infrastructure | None = None
    policy_changes: tuple[PolicyChange, ...] = ()
    faults: tuple[Diagnostic, ...] = ()

    @property
    def place(self) -> EnvironmentSpec:
        """The account and region."""
        return self.spec.environments[self.environment]

    def reporting(self, faults: Iterable[Diagnostic]) -> "Draft":
        """The draft with further faults; passes go on until `stop_at_faults`, so that readers hear of all at once."""
        return replace(self, faults=(*self.faults, *faults))


Pass = Callable[[Draft], Draft]


def stop_at_faults(draft: Draft) -> Draft:
    """The draft itself. Raises: SpecError with every fault the passes before this one have found."""
    if draft.faults:
        raise SpecError(draft.faults)
    return draft
