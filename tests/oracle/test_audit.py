"""Every role's policy, audited by parliament; every statement on `*` with the reason why it must be."""

from pathlib import Path

import pytest

from pipelinegen.code_folders import code_beside
from tests.compiling import pipelines_of
from tests.oracle.audit import findings, statements_for_everything
from tests.oracle.cases import Case, all_cases, as_parameters
from tests.oracle.test_generated_files import read_template

LIST = Path(__file__).with_name("every_resource.txt")


@pytest.mark.parametrize("case", as_parameters(all_cases()))
def test_parliament_finds_nothing(case: Case, tmp_path: Path) -> None:
    folder = case.write(tmp_path) / "terraform" / "policies"
    found = {path.name: findings(read_template(path)) for path in sorted(folder.glob("*.json"))}
    assert {name: issues for name, issues in found.items() if issues} == {}


@pytest.mark.parametrize(
    ("statement", "issue"),
    [
        ({"Action": "s3:GetObjekt", "Resource": ["arn:aws:s3:::a/*"]}, "UNKNOWN_ACTION"),
        ({"Action": "s3:GetObject", "Resource": ["arn:aws:s3:::a"]}, "RESOURCE_MISMATCH"),
        ({"Action": "sqs:SendMessage", "Resource": ["lake"]}, "INVALID_ARN"),
    ],
)
def test_parliament_would_find_it(statement: dict[str, object], issue: str) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
    assert [found.split(":")[0] for found in findings(policy)] == [issue]


def test_every_statement_on_everything_has_its_reason(update_golden: bool) -> None:
    """The list is for reviewers: nothing gets onto it unseen."""
    found = []
    for case in all_cases():
        for pipeline in pipelines_of(case.spec.read_text(encoding="utf-8"), code_beside(case.spec)):
            for role in pipeline.roles:
                for item in role.permissions:
                    assert ("*" in item.resources) == (item.why_every_resource is not None), item
                    if item.why_every_resource is not None:
                        found.append((item.sid.rstrip("0123456789"), item.why_every_resource, list(item.actions)))
    text = "\n".join(statements_for_everything(found)) + "\n"
    if update_golden:
        LIST.write_text(text, encoding="utf-8")
    assert text == LIST.read_text(encoding="utf-8"), "see --update-golden"
