"""Terraform's template variables, as the local cloud fills them."""

import pytest

from pipelinegen.local.variables import fill, fill_all

KNOWN = {"region": "eu-central-1"}


@pytest.mark.parametrize(
    ("given", "filled"),
    [
        ("arn:${region}:x", "arn:eu-central-1:x"),
        ("${ region }", "eu-central-1"),
        ("${private_subnet_a}", "local-private_subnet_a"),
        ("${data_key_arn}", "arn:aws:local:::local-data_key_arn"),
        ("$${aws:username}", "${aws:username}"),
        ("%%{ if }", "%{ if }"),
        ("{% $states.input %}", "{% $states.input %}"),
        ("$states and $ and {}", "$states and $ and {}"),
    ],
)
def test_one_text(given: str, filled: str) -> None:
    assert fill(given, KNOWN) == filled


def test_every_text_of_a_document() -> None:
    given = {"${region}": ["${region}", 1, {"x": "${region}"}], "n": None}
    assert fill_all(given, KNOWN) == {"${region}": ["eu-central-1", 1, {"x": "eu-central-1"}], "n": None}
