"""Assertions for `terraform test`: what a reviewer would look for in the plan, asked of every resource there is."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelinegen.emit.base import File, Workbench
from pipelinegen.emit.terraform_test_rules import COUNTED, RULES, SAME, TLS_ONLY, Rule, tags_rule
from pipelinegen.render.literals import hcl_literal

FILES = ("access", "network", "services", "storage")
_BLOCK = re.compile(
    r'^(?P<sort>resource|data) "(?P<type>\w+)" "(?P<label>\w+)" \{\n(?P<body>(?:.*\n)*?)\}$', re.MULTILINE
)
#: There may be none of such a resource, or several.
_COUNTED = re.compile(r"^  (?:count|for_each) +=", re.MULTILINE)

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Block:
    """A resource of a rendered file, or a data source, whose type then begins with `data.`."""

    type: str
    label: str
    body: str

    @property
    def address(self) -> str:
        """How HCL refers to it."""
        return f"{self.type}.{self.label}"

    def literal(self, argument: str) -> str | None:
        """The text of an argument, or None where it is an expression or absent."""
        found = re.search(rf'^ +{argument} += "([^"$%]*)"$', self.body, re.MULTILINE)
        return found[1] if found else None


@dataclass(frozen=True, slots=True)
class TerraformTestsContext:
    """What one test file asks."""

    checks: tuple[Entry, ...]
    comparisons: tuple[Entry, ...]
    policies: tuple[str, ...]
    every_resource: tuple[str, ...]
    counts: tuple[Entry, ...]


def emit_terraform_tests(bench: Workbench) -> Iterable[File]:
    """One file of assertions for each concern that has some."""
    blocks = tuple(_blocks(bench))
    single = [block for block in blocks if not _COUNTED.search(block.body)]
    checks = [(rule.file, _check(rule, held)) for rule, held in _held_rules(bench, single)]
    comparisons = [*_where_and_when(bench, single), *_names(single)]
    made = []
    for file in FILES:
        context = TerraformTestsContext(
            checks=tuple(check for place, check in checks if place == file),
            comparisons=tuple(comparison for place, comparison in comparisons if place == file),
            policies=tuple(sorted(f"policies/{role.name}.json" for role in bench.pipeline.roles)),
            every_resource=tuple(_for_every_resource(bench)),
            counts=tuple({"type": type, "count": sum(block.type == type for block in blocks)} for type in COUNTED),
        )
        if context.checks or context.comparisons:
            made.append(
                bench.render(f"terraform/tests/{file}.tftest.hcl", f"terraform/tests/{file}.tftest.hcl.j2", context)
            )
    return made


def _blocks(bench: Workbench) -> Iterator[Block]:
    """Every resource and data source of the Terraform files, by file and place in it."""
    for path in sorted(bench.files):
        if path.startswith("terraform/") and path.endswith(".tf"):
            for found in _BLOCK.finditer(bench.files[path].text):
                prefix = "data." if found["sort"] == "data" else ""
                yield Block(f"{prefix}{found['type']}", found["label"], found["body"])


def _held_rules(bench: Workbench, blocks: Sequence[Block]) -> Iterator[tuple[Rule, list[str]]]:
    """Each rule with the resources that it holds for, where there are some."""
    for rule in RULES:
        held = [block.address for block in blocks if block.type == rule.type and not block.label.endswith(rule.exempt)]
        if held:
            yield rule, held
    buckets = [block.label for block in blocks if block.type == "aws_s3_bucket"]
    yield TLS_ONLY, [f"{TLS_ONLY.type}.{label}_bucket" for label in buckets]
    tags = {hcl_literal(key): hcl_literal(value) for key, value in sorted(bench.pipeline.tags.items())}
    yield tags_rule(tags), [f"aws_s3_bucket.{label}" for label in buckets]


def _check(rule: Rule, addresses: Sequence[str]) -> Entry:
    return {"word": rule.word, "addresses": addresses, "term": rule.term, "message": rule.message}


def _names(blocks: Sequence[Block]) -> Iterator[tuple[str, Entry]]:
    """That names are what they were when they were generated."""
    for type, file, argument, message in SAME:
        named = {block.address: block.literal(argument) for block in blocks if block.type == type}
        known = {f"{address}.{argument}": value for address, value in named.items() if value}
        if known:
            yield file, _comparison(known, message)


def _where_and_when(bench: Workbench, blocks: Sequence[Block]) -> Iterator[tuple[str, Entry]]:
    pipeline = bench.pipeline
    where = {"local.account_id": pipeline.account_id, "local.region": pipeline.region}
    yield "access", _comparison(where, "the pipeline goes to another account or region")
    labels = {block.label for block in blocks if block.type == "aws_scheduler_schedule"}
    when: dict[str, str] = {}
    for schedule in pipeline.schedules:
        if schedule.label in labels:
            address = f"aws_scheduler_schedule.{schedule.label}"
            when[f"{address}.schedule_expression"] = schedule.expression
            when[f"{address}.schedule_expression_timezone"] = schedule.timezone
    if when:
        yield "services", _comparison(when, "the pipeline starts at another time than the spec says")


def _comparison(pairs: Mapping[str, str], message: str) -> Entry:
    return {"pairs": [{"found": found, "wanted": wanted} for found, wanted in pairs.items()], "message": message}


def _for_every_resource(bench: Workbench) -> Iterator[str]:
    for role in bench.pipeline.roles:
        for permission in role.permissions:
            if "*" in permission.resources:
                yield f"{role.name}.json: {permission.sid}"
