"""Names of AWS resources: deterministic, and within each service's limit for the longest names the spec takes."""

import re
from collections.abc import Callable

import pytest

from pipelinegen.ir.model import RoleKey, Service
from pipelinegen.ir.names import Names, fit
from pipelinegen.spec.fields import MAX_ENVIRONMENT_NAME, MAX_PIPELINE_NAME, MAX_STEP_NAME

STEP = "s" * MAX_STEP_NAME
LONGEST = Names("p" * MAX_PIPELINE_NAME, "e" * MAX_ENVIRONMENT_NAME, "111111111111")
SHORT = Names("demo", "dev", "111111111111")

#: A name, its limit, and the characters the service takes (from the API reference of each).
LIMITS: dict[str, tuple[Callable[[Names, str], str], int, str]] = {
    "s3 bucket, code": (lambda names, _: names.bucket("code"), 63, r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
    "s3 bucket, models": (lambda names, _: names.bucket("models"), 63, r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
    "iam role": (lambda names, step: names.role(RoleKey(Service.SAGEMAKER, step)), 64, r"[\w+=,.@-]+"),
    "iam role with a purpose": (lambda names, step: names.role(RoleKey(Service.ECS, step, "task")), 64, r"[\w+=,.@-]+"),
    "glue job": (lambda names, step: names.glue_job(step), 255, r"[a-z0-9_-]+"),
    "lambda function": (lambda names, step: names.function(step), 64, r"[a-zA-Z0-9_-]+"),
    "sagemaker job": (
        lambda names, step: f"{names.job_prefix(step)}-20261122-{'0' * 12}",
        63,
        r"[a-zA-Z0-9](-*[a-zA-Z0-9])*",
    ),
    "state machine": (lambda names, _: names.state_machine(), 80, r"[a-zA-Z0-9_-]+"),
    "sns topic": (lambda names, _: names.topic(), 256, r"[a-zA-Z0-9_-]+"),
    "ecr repository": (lambda names, _: names.repository("training"), 256, r"[a-z0-9]+(-[a-z0-9]+)*"),
    "elasticache group": (lambda names, _: names.redis(), 40, r"[a-z](-?[a-z0-9])*"),
    "load balancer": (lambda names, step: names.load_balancer(step), 32, r"[a-zA-Z0-9](-?[a-zA-Z0-9])*"),
}


@pytest.mark.parametrize("what", LIMITS)
def test_the_longest_names_fit(what: str) -> None:
    make, limit, characters = LIMITS[what]
    for names, step in ((LONGEST, STEP), (SHORT, "train"), (SHORT, "train_2_a"), (LONGEST, "t")):
        name = make(names, step)
        assert len(name) <= limit, name
        assert re.fullmatch(characters, name), name


@pytest.mark.parametrize("limit", [20, 32, 63])
def test_a_name_is_shortened_at_its_limit_and_not_before(limit: int) -> None:
    exact, longer = "a" * limit, "a" * (limit + 1)
    assert fit(exact, limit) == exact
    assert len(fit(longer, limit)) == limit
    assert fit(longer, limit) != fit(longer + "b", limit)
    assert fit(longer, limit) == fit(longer, limit)


def test_a_shortened_name_has_no_doubled_hyphen() -> None:
    assert "--" not in fit("abcdefghijklm-nopqrstuvw", 21)


def test_short_names_are_plain() -> None:
    assert SHORT.bucket("data") == "demo-dev-data-111111111111"
    assert SHORT.role(RoleKey(Service.GLUE, "two_words")) == "demo-dev-two-words-glue"
    assert SHORT.role(RoleKey(Service.STATES)) == "demo-dev-states"
    assert SHORT.job_prefix("train") == "demo-dev-train"
    assert SHORT.promoted_parameter() == "/demo/dev/promoted-model"


def test_roles_of_different_keys_have_different_names() -> None:
    keys = [RoleKey(service, step, None) for service in Service for step in ("a", "a_b", STEP, STEP[:-1] + "t")]
    for names in (SHORT, LONGEST):
        assert len({names.role(key) for key in keys}) == len(keys)
