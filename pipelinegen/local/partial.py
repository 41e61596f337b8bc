"""`run --from STEP --until STEP`: a part of the pipeline, over the recorded results of what lies before it.

What lies before a step is every step that does not follow from it: their states give again what they gave in the last
run of the date. The state machine is the deployed one, and runs from its start to its end in either case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelinegen.errors import did_you_mean
from pipelinegen.ir.graph import ancestors
from pipelinegen.ir.model import Pipeline
from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.prepare import Prepared
from pipelinegen.local.replay import Entry, Machine, entries_for_start, scope_ends, valid_entries
from pipelinegen.local.run_folders import RunFolders
from pipelinegen.local.world import Planned, new_planned


@dataclass(frozen=True, slots=True)
class Part:
    """The part of the pipeline that a command asks for; either step may be missing."""

    start: str | None
    until: str | None
    machine: Machine
    #: By step: the steps it needs, directly or through others.
    before: Mapping[str, frozenset[str]]

    @property
    def again(self) -> frozenset[str]:
        """The steps that a run from `start` runs: that one and all that follow from it."""
        return frozenset(step for step, needed in self.before.items() if self.start in (step, *needed))

    @property
    def runs(self) -> frozenset[str]:
        """The steps that are run: those from `start` on that lead to `until`."""
        leading = {self.until, *self.before[self.until]} if self.until else set(self.before)
        return frozenset(step for step in self.before if step in leading and (not self.start or step in self.again))

    @property
    def ends(self) -> dict[str, dict[str, str]]:
        """The states at which a run up to `until` is over, and what branches that end there hand out."""
        return scope_ends(self.machine, {self.until, *self.before[self.until]}) if self.until else {}


@dataclass(frozen=True, slots=True)
class Reused:
    """What a run takes over: from which run, which steps, and their completed states."""

    run: str = ""
    steps: Sequence[str] = ()
    entries: Sequence[Entry] = ()


NOTHING_REUSED = Reused()


def part_of(prepared: Prepared, start: str | None, until: str | None) -> Part:
    """The part between two steps. Raises: LocalCloudError if one does not exist, runs nothing, or lies behind."""
    steps = {step["name"]: step["states"] for step in prepared.deployment["steps"]}
    for option, name in (("--from", start), ("--until", until)):
        if name is not None and not steps.get(name):
            known = [step for step, states in steps.items() if states]
            fact = f"the step '{name}' runs nothing" if name in steps else f"there is no step '{name}'"
            hint = did_you_mean(name, known)
            raise LocalCloudError(
                f"{fact}, as {option} would have it", f"{hint + ' ' if hint else ''}steps: {', '.join(known)}"
            )
    before = steps_before(prepared.pipeline)
    if start and until and start != until and start not in before[until]:
        raise LocalCloudError(
            f"'{until}' does not follow from '{start}', so that nothing lies between them",
            f"end with '{start}' or a step that follows from it",
        )
    states = {state: name for name, found in steps.items() for state in found}
    return Part(start, until, Machine.of(prepared.definition, states), before)


def steps_before(pipeline: Pipeline) -> dict[str, frozenset[str]]:
    """By step: what it needs. The steps of a loop's body need what the loop needs, and the loop is over after them."""
    body: dict[str, list[str]] = {}
    for step in pipeline.steps:
        if step.block:
            body.setdefault(step.block, []).append(step.name)
    needs = {step.name: step.needs for step in pipeline.steps}
    block_of = {step.name: step.block for step in pipeline.steps}

    def loops(step: str) -> list[str]:
        """The loops around a step, innermost first."""
        block = block_of[step]
        return [block, *loops(block)] if block in needs else []

    def all_needs(step: str) -> tuple[str, ...]:
        # A loop needs what is inside of it; what is inside needs what the loop does, but for what is inside, too.
        outer = (need for loop in loops(step) for need in needs[loop] if loop not in loops(need))
        return tuple(dict.fromkeys((*needs[step], *outer, *body.get(step, ()))))

    return ancestors({step: all_needs(step) for step in needs})


def reused_of(part: Part, runs: RunFolders, world: str, date: str) -> tuple[Reused, Planned]:
    """What a run from the part's start takes over from the last run of a date, and the run that is to do so.

    Raises: LocalCloudError if the date was not run, or its last run did not come as far.
    """
    assert part.start is not None
    found = runs.last_of(date, world)
    if found is None:
        days = sorted({record.date for _, record in runs.all() if record.world == world})
        known = f"there are runs of {', '.join(days[-8:])}; " if days else ""
        raise LocalCloudError(
            f"there is no run of {date} whose results '{part.start}' could start from",
            f"{known}run the whole date first, without --from",
        )
    folder, record = found
    journal = valid_entries(folder.journal())
    done = _completed(journal, part.machine, record.failed_step)
    missing = [step for step in part.before if step in part.before[part.start] and step not in done]
    if missing:
        raise LocalCloudError(
            f"the last run of {date} ('{record.id}') did not complete '{missing[0]}', which '{part.start}' needs",
            f"start from it: --from {missing[0]}",
        )
    entries = entries_for_start(journal, part.machine, part.again)
    steps = [step for step in part.before if step in done and step not in part.again]
    return Reused(record.id, steps, entries), new_planned(date, record.input, record.schedule)


def _completed(journal: Sequence[Entry], machine: Machine, failed_step: str) -> set[str]:
    """Steps that an execution went through; what left by a failure, or was still at work, does not count."""
    steps = {machine.step_of[entry["state"]] for entry in journal if entry["state"] in machine.step_of}
    at_work = {machine.step_of.get(_resume(journal, scope)) for scope in {entry["scope"] for entry in journal}}
    return steps - at_work - {failed_step}


def _resume(journal: Sequence[Entry], scope: str) -> str:
    """The state that a scope was to go on with, empty at its end."""
    last = next(entry for entry in reversed(journal) if entry["scope"] == scope)
    return last["next"] or ""
