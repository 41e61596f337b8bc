"""Rules of EventBridge that start the pipeline, and the queue of events that did not."""

import json
from dataclasses import dataclass

from pipelinegen.emit.base import Workbench
from pipelinegen.ir.model import Trigger
from pipelinegen.render.literals import plain_json


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `pattern` and `input` are JSON."""

    label: str
    name: str
    description: str
    bus: str
    pattern: str
    input: str


@dataclass(frozen=True, slots=True)
class TriggersContext:
    """All rules."""

    triggers: tuple[Rule, ...]
    queue: str
    retries: int
    event_age_seconds: int


def triggers_context(bench: Workbench) -> TriggersContext:
    """The rules of a pipeline, none if it waits for no event."""
    return TriggersContext(
        triggers=tuple(_rule(bench, trigger) for trigger in bench.pipeline.triggers),
        queue=bench.names.untaken_events(),
        retries=24,
        event_age_seconds=3600,
    )


def _rule(bench: Workbench, trigger: Trigger) -> Rule:
    return Rule(
        label=trigger.label,
        name=bench.names.trigger(trigger.label),
        description=f"Starts {bench.names.stem} on an event: {trigger.label}",
        bus=trigger.bus,
        pattern=json.dumps(plain_json(trigger.pattern), ensure_ascii=False),
        input=_input(trigger),
    )


def _input(trigger: Trigger) -> str:
    """What the execution is given: the trigger's name and the whole event, from which the first state takes values."""
    return f'{{"trigger": {json.dumps(trigger.label)}, "event": <aws.events.event.json>}}'
