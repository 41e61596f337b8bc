"""Permissions by hand: what they make of derived policies, and that every report shows them."""

import json
from collections.abc import Mapping
from typing import Any

from tests.compiling import files_of

SPEC = """\
version: 1
name: shop
description: A shop.
owner: {team: shop, email: shop@example.com}
warehouse: {kind: redshift, secret: shop/warehouse, database: shop}
datasets:
  clicks: {from: {table: clicks}, columns: {id: {type: string}}}
  copy: {columns: {id: {type: string}}}
steps:
  load:
    kind: glue_etl
    inputs: {clicks: "${datasets.clicks}"}
    sql: SELECT id FROM clicks
    output: ${datasets.copy}
%s
environments:
  dev: {account_id: "111111111111", region: eu-central-1}
"""
STEP = """\
    iam:
      extra:
        - actions: [s3:GetObject]
          resources: ["arn:{partition}:s3:::lookup-{environment}/*"]
          conditions: {StringEquals: {"aws:ResourceAccount": ["222222222222"]}, Bool: {"aws:SecureTransport": "true"}}
          reason: Prices of the other team.
      narrow:
        - {remove: ["s3:Abort*"], reason: The bucket's lifecycle does it.}
        - {limit: [s3:PutObject], resources: ["arn:aws:s3:::shop-dev-data-111111111111/load/date=*"], reason: Dated.}
        - {deny: ["s3:Delete*"], resources: ["arn:aws:s3:::shop-dev-data-111111111111/keep/*"], reason: Never.}
iam:
  narrow: [{deny: ["iam:*"], role: states, reason: Our rule.}]
"""


def statements(files: Mapping[str, str], role: str) -> dict[str, dict[str, Any]]:
    policy = json.loads(files[f"terraform/policies/{role}.json"])
    return {item["Sid"]: item for item in policy["Statement"]}


def test_extra_statements_narrowed_ones_and_denials_reach_the_right_policies() -> None:
    plain, files = files_of(SPEC % "")["dev"], files_of(SPEC % STEP)["dev"]
    before, after = statements(plain, "shop-dev-load-glue"), statements(files, "shop-dev-load-glue")
    assert after.pop("ByHand") == {
        "Sid": "ByHand",
        "Effect": "Allow",
        "Action": ["s3:GetObject"],
        "Resource": ["arn:${partition}:s3:::lookup-dev/*"],
        "Condition": {
            "StringEquals": {"aws:ResourceAccount": ["222222222222"]},
            "Bool": {"aws:SecureTransport": ["true"]},
        },
    }
    assert after.pop("DeniedByHand") == {
        "Sid": "DeniedByHand",
        "Effect": "Deny",
        "Action": ["s3:Delete*"],
        "Resource": ["arn:aws:s3:::shop-dev-data-111111111111/keep/*"],
    }
    changed = {sid: item["Action"] for sid, item in after.items() if item != before.get(sid)}
    assert changed == {
        "WriteOutput": ["s3:DeleteObject", "s3:GetObject"],
        "WriteOutput2": ["s3:PutObject"],
    }
    assert after["WriteOutput2"]["Resource"] == ["arn:aws:s3:::shop-dev-data-111111111111/load/date=*"]
    states = statements(files, "shop-dev-states")
    assert states["DeniedByHand"]["Action"] == ["iam:*"]
    assert {sid: item for sid, item in states.items() if sid != "DeniedByHand"} == statements(plain, "shop-dev-states")


def test_every_report_shows_them_with_their_reason() -> None:
    files = files_of(SPEC % STEP)["dev"]
    reasons = ["Prices of the other team.", "The bucket's lifecycle does it.", "Dated.", "Never.", "Our rule."]
    by_hand = json.loads(files["deployment.json"])["by_hand"]
    assert [line.rpartition(": ")[2] for line in by_hand] == reasons
    readme = files["README.md"]
    assert "## Permissions by hand" in readme
    assert all(readme.count(reason) >= 2 for reason in reasons)
    assert readme.count("%% by hand: ") == len(reasons)


def test_without_any_nothing_is_said() -> None:
    files = files_of(SPEC % "")["dev"]
    assert "by_hand" not in json.loads(files["deployment.json"])
    assert "by hand" not in files["README.md"].lower()
