"""A strategy over the spec language: every value is a valid spec, as plain data."""

import re
from typing import Any

import yaml
from hypothesis import strategies as st

from pipelinegen.source import parse
from pipelinegen.spec.fields import RESERVED_STEP_NAMES
from pipelinegen.steps.base import REFERENCE

Spec = dict[str, Any]

#: What some target reads as code, and what breaks naive quoting.
TRICKY = [
    "${",
    "%{",
    "{%",
    "%}",
    "{{",
    "}}",
    "{#",
    '"',
    "'",
    "\\",
    "\n",
    "$",
    "%",
    "$${",
    "#",
    "|",
    "`",
    "é",
    "😀",
    "\u2028",
    "\x07",
]

names = st.from_regex(re.compile(r"[a-z][a-z0-9]{0,6}(_[a-z0-9]{1,6}){0,2}"), fullmatch=True).filter(
    lambda name: name not in RESERVED_STEP_NAMES and not name.endswith("_front")
)
texts = st.lists(st.sampled_from([*TRICKY, "word", " ", "a", "7"]), min_size=1, max_size=12).map("".join)
#: A step's text takes `${…}` for a reference, so it holds no other.
step_texts = texts.filter(lambda text: not REFERENCE.search(text))

USER, ITEM = {"type": "string"}, {"type": "string"}
INTERACTIONS = {"user_id": USER, "item_id": ITEM, "chosen_at": {"type": "timestamp"}}
ITEMS = {"item_id": ITEM, "make": {"type": "string"}, "price": {"type": "double"}}


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    """Tables, then as much of training, gate, promotion, prediction, load, API and notification as is drawn."""
    protected = draw(st.booleans())
    spec: Spec = {
        "version": 1,
        "name": draw(st.sampled_from(["p", "demo", "a-rather-long-name-of-a-pipe"])),
        "description": draw(texts),
        "owner": {"team": "team", "email": "team@example.com"},
        "warehouse": {
            "kind": draw(st.sampled_from(["redshift", "postgresql", "mysql"])),
            "secret": "w/s",
            "database": "d",
        },
        "datasets": _datasets(draw, protected),
        "steps": {},
        "environments": {"dev": {"account_id": "111111111111", "region": "eu-central-1"}},
    }
    if protected:
        spec["protection"] = {"secret": "p/s"}
    if draw(st.booleans()):
        spec["schedule"] = {"cron": "0 4 * * ? *", "timezone": "Europe/Berlin"}
    if draw(st.booleans()):
        spec["on_failure"] = {"notify": "team@example.com"}
    steps = _steps(draw, notifies="on_failure" in spec)
    spec["steps"] = {name: steps[name] for name in draw(st.permutations(list(steps)))}
    if draw(st.booleans()):
        spec["environments"]["prod"] = {"account_id": "222222222222", "region": "us-east-1"}
        spec["environments"]["prod"]["overrides"] = {"tags": {"cost": "prod"}}
    return spec


def _datasets(draw: st.DrawFn, protected: bool) -> Spec:
    user = {"type": "string", "sensitive": True, "protect": "hash"} if protected else USER
    window = {"window": {"column": "chosen_at", "days": draw(st.integers(1, 30))}} if draw(st.booleans()) else {}
    checks = draw(
        st.lists(st.sampled_from([{"min_rows": 1}, {"not_null": ["item_id"]}, {"unique": ["item_id"]}]), max_size=2)
    )
    return {
        "clicks": {"from": {"table": "a.clicks", **window}, "columns": {**INTERACTIONS, "user_id": user}},
        "stock": {"from": {"table": "stock"}, "columns": ITEMS, "checks": checks},
        "chosen": {"columns": INTERACTIONS, "checks": checks},
        "offered": {"columns": ITEMS},
    }


def _steps(draw: st.DrawFn, *, notifies: bool) -> Spec:
    steps: Spec = {}
    free = iter(draw(st.lists(names, min_size=12, max_size=12, unique=True)))

    def add(kind: str, **keys: Any) -> str:
        name = next(free)
        step = {"kind": kind, **keys}
        earlier = draw(st.lists(st.sampled_from(list(steps)), max_size=2, unique=True)) if steps else []
        if earlier:
            step["needs"] = earlier
        if draw(st.integers(0, 3)) == 0:
            step["description"] = draw(step_texts)
        steps[name] = step
        return name

    def say(*references: str) -> None:
        if notifies and draw(st.booleans()):
            message = draw(step_texts) + draw(st.sampled_from(["", "${run.date}", *references])) + draw(step_texts)
            if not REFERENCE.sub("", message).count("${") or len(REFERENCE.findall(message)) <= 1:
                add("notify", subject="ready", message=_only_known(message))

    chosen = add(
        "glue_etl", inputs={"clicks": "${datasets.clicks}"}, sql=_sql(draw, "clicks"), output="${datasets.chosen}"
    )
    offered = add(
        "glue_etl", inputs={"stock": "${datasets.stock}"}, sql=_sql(draw, "stock"), output="${datasets.offered}"
    )
    if draw(st.booleans()):
        inputs = {"again": f"${{steps.{offered}.output}}"}
        offered = add("glue_etl", inputs=inputs, sql="SELECT * FROM again", output="${datasets.offered}")
    say(f"${{steps.{chosen}.output}}")
    if draw(st.booleans()):
        _model_steps(draw, add, say, chosen, offered)
    return steps


def _model_steps(draw: st.DrawFn, add: Any, say: Any, chosen: str, offered: str) -> None:
    metric, goal = draw(
        st.sampled_from([("ndcg_at_20", "maximize"), ("recall_at_20", "maximize"), ("loss", "minimize")])
    )
    train = add(
        "sagemaker_training",
        inputs={"interactions": f"${{steps.{chosen}.output}}", "items": f"${{steps.{offered}.output}}"},
        columns={"user": "user_id", "item": "item_id", "time": "chosen_at"},
        warm_start=draw(st.sampled_from(["never", "promoted"])),
        metrics={metric: goal},
    )
    model = f"${{steps.{train}.model}}"
    say(model, f"${{steps.{train}.metrics.{metric}}}")
    if draw(st.booleans()):
        bound = draw(st.sampled_from([{"of_promoted": 0.98}, {"value": 0.1}, {"of_promoted": 1, "value": 1e-07}]))
        gate = add(
            "quality_gate",
            metric=f"${{steps.{train}.metrics.{metric}}}",
            on_reject=draw(st.sampled_from(["keep_promoted", "fail"])),
            **{"at_least" if goal == "maximize" else "at_most": bound},
        )
        model = f"${{steps.{gate}.model}}"
        say(f"${{steps.{gate}.accepted}}")
    if draw(st.booleans()):
        model = f"${{steps.{add('promote_model', model=model)}.model}}"
    if draw(st.booleans()):
        predict = add(
            "batch_predictions", model=model, items=f"${{steps.{offered}.output}}", top_k=draw(st.integers(1, 1000))
        )
        if draw(st.booleans()):
            publish = add("redis_load", predictions=f"${{steps.{predict}.output}}", key="k:{user_id}")
            say(f"${{steps.{publish}.rows}}")
            if draw(st.booleans()):
                add("api", reads=f"${{steps.{publish}.hashes}}", domain="a.example.com")


def _sql(draw: st.DrawFn, table: str) -> str:
    comment = draw(step_texts.filter(lambda text: "${" not in text and "\n" not in text and "\u2028" not in text))
    return f"SELECT * -- {comment}\nFROM {table} WHERE :run_date IS NOT NULL"


def _only_known(message: str) -> str:
    """The message without what looks like a reference by accident, where two pieces met."""
    return REFERENCE.sub(lambda found: found[0] if re.match(r"(steps|run)\.", found[1]) else "", message)


def as_yaml(spec: Spec) -> str:
    """The spec as a user might have written it."""
    text = yaml.safe_dump(spec, sort_keys=False, allow_unicode=True, width=1000)
    assert parse(text, "spec.yaml").data == spec
    return str(text)
