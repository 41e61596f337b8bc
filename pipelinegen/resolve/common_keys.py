"""The keys every kind of step has: `if`, `when`, `retry`, `continue_on_failure`."""

from collections.abc import Iterable
from dataclasses import replace

from pipelinegen.ir.expressions import FAILURE, RUN_DATE, expression
from pipelinegen.ir.model import Json, Jsonata, Retry, Step
from pipelinegen.resolve.value_types import check_condition
from pipelinegen.spec.conditions import ConditionSpec, WhenSpec
from pipelinegen.steps.base import Scope, StepSpec

_COMPARISONS = {"at_least": ">=", "at_most": "<=", "above": ">", "below": "<", "equals": "=", "differs_from": "!="}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def with_common_keys(step: Step, spec: StepSpec, scope: Scope, referred: Iterable[Step]) -> Step:
    """The step with its guard and retry.

    A step without a state has neither. Raises: SpecError with PG017 for a value that cannot be compared, PG027 for a
    key that a step without a state cannot have.
    """
    if step.state is None:
        _refuse_without_state(spec, scope)
        return step
    guards = [] if step.tolerates_skipped else [f"${other.ran}" for other in referred if other.ran]
    if spec.when:
        guards.append(_on_days(spec.when))
    if spec.if_:
        guards.append(_condition(spec.if_, scope, "if"))
    given = spec.retry
    retry = Retry(given.max_attempts, given.interval_seconds, given.backoff_rate, given.jitter) if given else None
    guard = Jsonata(" and ".join(guards)) if guards else None
    notice = _notice(spec, scope)
    step = replace(step, sensitive_data=getattr(spec, "sensitive_data", None))  # of kinds that may be opaque
    return replace(step, guard=guard, retry=retry, may_fail=spec.continue_on_failure, failure_notice=notice)


def _notice(spec: StepSpec, scope: Scope) -> Json:
    """What the owner is told of the step's failure. Raises: SpecError with PG023 if there is nobody to be told."""
    if spec.on_failure is None or spec.on_failure.notify is None:
        return None
    place = ("on_failure", "notify")
    if not scope.around.notifies:
        message = "nobody hears this: the pipeline has no `on_failure: {notify: …}`"
        raise scope.fault("PG023", message, "add `on_failure:` with an address", *place)
    return replace(scope, items=(*scope.items, FAILURE)).text(spec.on_failure.notify, *place)


def _refuse_without_state(spec: StepSpec, scope: Scope) -> None:
    for key, field in {
        "if": "if_",
        "when": "when",
        "retry": "retry",
        "continue_on_failure": "continue_on_failure",
        "on_failure": "on_failure",
    }.items():
        if getattr(spec, field):
            message = f"a step of kind '{spec.kind}' is there all the time, so '{key}' means nothing"
            raise scope.fault(
                "PG027", message, f"remove `{key}:`; to leave it out of an environment, use `only_in:`", key
            )


def _on_days(when: WhenSpec) -> str:
    days = []
    if when.weekdays:
        # The first day of 1970, from which days are counted, was a Thursday.
        weekday = f"($toMillis({RUN_DATE.text} & 'T00:00:00Z') / 86400000 + 3) % 7"
        days.append(f"{weekday} in {[_WEEKDAYS.index(day) for day in when.weekdays]}")
    if when.days_of_month:
        days.append(f"$number($substring({RUN_DATE.text}, 8, 2)) in {list(when.days_of_month)}")
    return f"({' or '.join(days)})" if len(days) > 1 else days[0]


def _condition(spec: ConditionSpec, scope: Scope, *path: str | int) -> str:
    check_condition(spec, scope, *path)
    if spec.is_:
        return f"{scope.value(spec.is_[2:-1], *path, 'is').text} = true"
    if spec.not_:
        return f"$not({_condition(spec.not_, scope, *path, 'not')})"
    for word, joined, conditions in (("all", " and ", spec.all), ("any", " or ", spec.any)):
        if conditions:
            inside = [_condition(item, scope, *path, word, index) for index, item in enumerate(conditions)]
            return f"({joined.join(inside)})"
    assert spec.value is not None
    value = scope.value(spec.value[2:-1], *path, "value").text
    return _compared(spec, value)


def _compared(spec: ConditionSpec, value: str) -> str:
    """Every comparison of one value; a value that is not there fails them all, and never the run."""
    known = f"$exists({value}) and {value} != null"
    if spec.present is not None:
        return f"({known})" if spec.present else f"$not({known})"
    parts = [
        f"{value} {sign} {expression(getattr(spec, name))}"
        for name, sign in _COMPARISONS.items()
        if getattr(spec, name) is not None
    ]
    if spec.starts_with is not None:
        parts.append(f"$substring({value}, 0, {len(spec.starts_with)}) = {expression(spec.starts_with)}")
    if spec.ends_with is not None:
        parts.append(f"$substring({value}, -{len(spec.ends_with)}) = {expression(spec.ends_with)}")
    if spec.contains is not None:
        parts.append(f"$contains($string({value}), {expression(spec.contains)})")
    if spec.matches is not None:
        parts.append(f"$contains($string({value}), /^{_regular(spec.matches)}$/)")
    if spec.one_of is not None:
        parts.append(f"{value} in {expression(spec.one_of)}")
    return f"({known} and {' and '.join(parts)})"


def _regular(pattern: str) -> str:
    """A regular expression for text in which `*` stands for anything."""
    return "".join(
        ".*" if sign == "*" else sign if sign.isalnum() or sign in " _,:=@-" else f"\\{sign}" for sign in pattern
    )
