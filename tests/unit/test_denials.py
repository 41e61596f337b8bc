"""What a refusal tells: who, what, on what, and the place in the spec that could grant it."""

from pathlib import Path
from typing import Any

from pipelinegen.local.denials import explain_denials
from pipelinegen.local.deploy import Deployment

SETTINGS: dict[str, Any] = {
    "pipeline": "shop",
    "roles": [{"name": "shop-states", "step": None}, {"name": "shop-score-lambda", "step": "score"}],
    "steps": [
        {"name": "score", "states": ["Score"], "source": "specs/shop.yaml:41"},
        {"name": "tell", "states": ["Tell"], "source": "specs/base.yaml:7"},
    ],
}
DEPLOYMENT = Deployment(Path(), SETTINGS, "", {}, {}, {})


def denial(**given: Any) -> dict[str, Any]:
    entry = {"at": "2026-11-20T04:00:05.000+00:00", "role": "shop-score-lambda", "state": None}
    return {**entry, "action": "s3:GetObject", "resource": "arn:aws:s3:::shop/x", **given}


def test_a_jobs_own_call_is_its_steps() -> None:
    (told,) = explain_denials([denial(), denial()], DEPLOYMENT, "2026-11-20T04:00:00.000Z")
    assert told == (
        "denied: the role 'shop-score-lambda' may not s3:GetObject on arn:aws:s3:::shop/x\n"
        "   specs/shop.yaml:41: the step 'score' makes this call; if it is to, add to the step:\n"
        '   iam: {extra: [{actions: [s3:GetObject], resources: ["arn:aws:s3:::shop/x"], reason: …}]}'
    )


def test_a_call_of_the_state_machine_is_the_states_step() -> None:
    given = denial(role="shop-states", state="Tell", action="sns:Publish", resource="arn:aws:sns:eu-central-1:1:t")
    (told,) = explain_denials([given], DEPLOYMENT, "2026-11-20")
    assert told.splitlines()[1].strip().startswith("specs/base.yaml:7: the step 'tell'")


def test_earlier_refusals_and_unknown_ones() -> None:
    early = denial(at="2026-11-20T03:59:59.999+00:00")
    foreign = denial(role="shop-states")
    (told,) = explain_denials([early, foreign], DEPLOYMENT, "2026-11-20T04:00:00.000Z")
    assert told.endswith("it is the pipeline's own role")


def test_what_the_spec_takes_away_is_named_with_its_reason() -> None:
    taken = {
        "roles": ["shop-score-lambda"],
        "resources": ["arn:aws:s3:::shop/x*"],
        "reason": "Rule 7.",
        "source": "s:9",
    }
    deny = {**taken, "what": "deny", "actions": ["s3:Get*"]}
    limit = {**taken, "what": "limit", "actions": ["s3:PutObject"]}
    settings = {**SETTINGS, "taken_by_hand": [deny, limit]}
    deployment = Deployment(Path(), settings, "", {}, {}, {})
    told = explain_denials(
        [
            denial(),
            denial(action="s3:PutObject"),
            denial(action="s3:PutObject", resource="arn:aws:s3:::shop/y"),
            denial(role="shop-states", state="Tell"),
        ],
        deployment,
        "2026-11-20",
    )
    assert [item.splitlines()[1].strip().split(" ")[0] for item in told] == [
        "s:9:",
        "specs/shop.yaml:41:",
        "s:9:",
        "specs/base.yaml:7:",
    ]
    assert told[0].endswith("s:9: `iam: {narrow: …}` takes it away (deny): Rule 7.")
