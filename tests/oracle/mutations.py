"""Takes each endpoint, role, policy statement and rule of the network away in turn, and asks who notices.

    python -m tests.oracle.mutations [SPEC] [ENVIRONMENT]

prints the table. `terraform` is what `validate` would say: a reference to something that is not there.
"""

import argparse
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelinegen.replacement.terraform_files import read_configuration
from tests.compiling import REFERENCE_SPEC
from tests.oracle.cases import Case
from tests.oracle.completeness import faults, statement_faults
from tests.oracle.need import Need
from tests.oracle.needs import needs_of

#: Services whose permissions are enforced in a local run, which the other mutation test drives (tests/local).
ENFORCED_LOCALLY: Final = {"s3", "secretsmanager", "sns", "ssm"}
#: Statements that no file of the folder asks for, though AWS does: the page that says so.
ONLY_AWS: Final = {
    "AskEndpoints": "a local run asks a local endpoint; Step 'lambda' names the endpoint in its settings",
    "AskLake": "Lake Formation guide, 'Underlying data access control'",
    "ReadCatalog": "Athena guide, 'Configure access to databases and tables in the AWS Glue Data Catalog'",
    "ReadTables": "Athena guide, 'Control access to Amazon S3 from Athena'",
    "UseWarehouseKey": "S3 guide, 'Using server-side encryption with AWS KMS keys': the key of somebody else's bucket",
    "WriteTables": "Athena guide, 'Control access to Amazon S3 from Athena'",
    "WatchAlarms": "SageMaker guide, 'Auto-rollback configuration and monitoring'",
}
_REMOVED_TYPES: Final = (
    "aws_iam_role",
    "aws_vpc_endpoint",
    "aws_vpc_security_group_egress_rule",
    "aws_vpc_security_group_ingress_rule",
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A generated folder that lacks one thing; `name` says which."""

    name: str
    kind: str
    files: Mapping[str, str]
    removed: str
    actions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who notices that the thing is gone, and what they say of it; `page` where only AWS could prove it."""

    mutant: Mutant
    noticed_by: str
    said: str
    page: str


def mutants_of(files: Mapping[str, str]) -> Iterator[Mutant]:
    """Every mutant of a folder."""
    for resource in read_configuration(files).resources.values():
        if resource.type in _REMOVED_TYPES:
            text = _without_block(files[resource.file], resource.type, resource.label)
            yield Mutant(resource.address, resource.type, {**files, resource.file: text}, resource.address)
    for path in sorted(path for path in files if path.startswith("terraform/policies/")):
        policy = json.loads(files[path])
        for index, statement in enumerate(policy["Statement"]):
            rest = [item for place, item in enumerate(policy["Statement"]) if place != index]
            text = json.dumps({**policy, "Statement": rest}, indent=2)
            name = f"{Path(path).stem}: {statement['Sid']}"
            yield Mutant(name, "statement", {**files, path: text}, statement["Sid"], frozenset(statement["Action"]))


def _without_block(text: str, type: str, label: str) -> str:
    pattern = rf'^resource "{type}" "{label}" \{{\n(?:.*\n)*?\}}\n'
    changed = re.sub(pattern, "", text, count=1, flags=re.MULTILINE)
    assert changed != text
    return changed


def judge(mutant: Mutant, needs: list[Need]) -> Verdict:
    """Who notices; nobody is the empty text. `needs` are those of the folder before anything was taken away."""
    found = list(statement_faults(mutant.files, needs)) if mutant.actions else faults(mutant.files, needs)
    pages = {need.why: need.page for need in needs}
    if found:
        page = pages.get(found[0].rsplit("(", 1)[-1].rstrip(")"), "")
        return Verdict(mutant, "completeness", found[0], page)
    broken = _broken_reference(mutant)
    if broken:
        return Verdict(mutant, "terraform", broken, "")
    counted = _counted_by_terraform_test(mutant)
    if counted:
        return Verdict(mutant, "terraform test", counted, "")
    if mutant.actions and all(action.split(":")[0] in ENFORCED_LOCALLY for action in mutant.actions):
        return Verdict(mutant, "local run", "the run is denied what it asks for at run time", "")
    page = next((page for start, page in ONLY_AWS.items() if mutant.removed.startswith(start)), "")
    return Verdict(mutant, "AWS only" if page else "", page, page)


def _broken_reference(mutant: Mutant) -> str:
    """Where a Terraform file names the resource that is gone."""
    for path, text in mutant.files.items():
        if path.startswith("terraform/") and path.endswith(".tf") and f"{mutant.removed}." in text:
            return f"{path}: {mutant.removed} is not declared"
    return ""


def _counted_by_terraform_test(mutant: Mutant) -> str:
    """Whether the generated assertions count resources of this type."""
    for path, text in mutant.files.items():
        if path.endswith(".tftest.hcl") and re.search(rf"^ +{mutant.kind} += [1-9]", text, re.MULTILINE):
            return f"{path}: one {mutant.kind} is missing"
    return ""


def verdicts(files: Mapping[str, str]) -> list[Verdict]:
    """A verdict on every mutant of a folder."""
    needs = needs_of(files)
    return [judge(mutant, needs) for mutant in mutants_of(files)]


def main() -> None:
    """Prints the table and the sum."""
    parser = argparse.ArgumentParser(description="Who notices what is taken away from the generated infrastructure?")
    parser.add_argument("spec", type=Path, nargs="?", default=REFERENCE_SPEC)
    parser.add_argument("environment", nargs="?", default="prod")
    options = parser.parse_args()
    found = verdicts(Case(options.spec, options.environment).files())
    width = max(len(item.mutant.name) for item in found)
    for item in found:
        print(f"{item.mutant.name:{width}}  {item.noticed_by or 'nobody':14}  {item.said or '?'}")
    print()
    for kind in dict.fromkeys(item.mutant.kind for item in found):
        of_kind = [item for item in found if item.mutant.kind == kind]
        noticed = sum(bool(item.noticed_by) for item in of_kind)
        print(f"{kind}: {noticed} of {len(of_kind)} are noticed here")
    print("\nrules that rest on a page of AWS, which only AWS itself could prove:")
    for page in sorted({item.page for item in found if item.page}):
        print(f"  {page}")


if __name__ == "__main__":
    main()
