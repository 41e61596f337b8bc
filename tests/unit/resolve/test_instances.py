"""Instances: pipelines of their own, with their parameters, schedules and tags; more special words win."""

import json

from tests.compiling import files_of, pipelines_of

SPEC = """\
version: 1
name: shop
description: A shop.
owner: {team: shop, email: shop@example.com, cost_centre: "4711"}
schedule: {rate: 1 day}
tags: {level: spec, kept: spec}
parameters:
  country: {type: string, default: none}
instances:
  germany:
    parameters: {country: DE}
    schedules: {morning: {cron: "0 4 * * ? *", timezone: Europe/Berlin}, weekly: {rate: 7 days}}
    tags: {level: instance}
    overrides: {steps: {rest: {minutes: 3}}}
  austria:
    description: The one in the mountains.
    only_in: [prod]
steps:
  rest: {kind: wait, minutes: 1}
environments:
  dev: {account_id: "111111111111", region: eu-central-1, overrides: {steps: {rest: {minutes: 2}}}}
  prod:
    account_id: "222222222222"
    region: eu-central-1
    overrides: {instances: {germany: {parameters: {country: GERMANY}}}}
"""


def test_each_is_a_pipeline_of_its_own_in_the_environments_that_have_it() -> None:
    found = {(item.name, item.environment): item for item in pipelines_of(SPEC)}
    assert list(found) == [("shop-germany", "dev"), ("shop-germany", "prod"), ("shop-austria", "prod")]
    german, austrian = found[("shop-germany", "prod")], found[("shop-austria", "prod")]
    assert german.parameters == {"country": "GERMANY"}
    assert austrian.parameters == {"country": "none"}
    assert [item.label for item in german.schedules] == ["morning", "weekly"]
    assert [item.expression for item in austrian.schedules] == ["rate(1 day)"]
    assert (german.description, austrian.description) == ("A shop.", "The one in the mountains.")
    assert german.tags == {
        "cost_centre": "4711",
        "environment": "prod",
        "instance": "germany",
        "kept": "spec",
        "level": "instance",
        "owner": "shop@example.com",
        "pipeline": "shop-germany",
        "team": "shop",
    }


def test_the_instance_wins_over_the_environment_and_that_over_the_spec() -> None:
    everywhere = pipelines_of(SPEC.replace("    only_in: [prod]\n", ""))
    assert {f"{item.name} {item.environment}": item.steps[0].description for item in everywhere} == {
        "shop-germany dev": "Waits for 3 minutes",
        "shop-austria dev": "Waits for 2 minutes",
        "shop-germany prod": "Waits for 3 minutes",
        "shop-austria prod": "Waits for 1 minute",
    }


def test_nothing_of_one_has_the_name_of_another() -> None:
    """Names in policies, definitions and deployments begin with the instance's own."""
    files = files_of(SPEC.replace("    only_in: [prod]\n", ""))["prod"]
    assert json.loads(files["deployment.json"])["state_machine"]["name"] == "shop-austria-prod"
    assert "shop-germany" not in "".join(files.values())
