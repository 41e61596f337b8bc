"""A Glue script as a process of its own: it starts Spark itself, and a failure's sentence is the log's last line."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pyarrow as pa
import pytest
from moto.server import ThreadedMotoServer

from pipelinegen.local.java import find_java
from pipelinegen.local.warehouse import fill_derby

SCRIPT = """
from runtime.glue.etl import run

COLUMNS = {"user_id": {"type": "string", "protect": "hash"}, "age": {"type": "int"}}
SETTINGS = {
    "schema_version": 1,
    "step": "people",
    "warehouse": {"kind": "redshift", "secret": "newsletter/warehouse", "database": "analytics"},
    "protection": {"secret": "newsletter/pseudonyms"},
    "inputs": {"people": {"from": "warehouse", "table": "people", "columns": COLUMNS, "checks": []}},
    "sql": "SELECT * FROM people",
    "output": {"columns": {"user_id": {"type": "string"}, "age": {"type": "int"}}, "checks": [{"not_null": ["age"]}]},
}
run(SETTINGS)
"""


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "spark-defaults.conf").write_text(
        "spark.master local[2]\nspark.ui.enabled false\nspark.sql.shuffle.partitions 2\n"
        "spark.driver.bindAddress 127.0.0.1\nspark.sql.codegen.wholeStage false\n"
        f"spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Djava.io.tmpdir={tmp_path}\n"
    )
    yield {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "JAVA_HOME": str(find_java().parent.parent),
        "PATH": os.environ["PATH"],
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "SPARK_CONF_DIR": str(tmp_path / "conf"),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    server.stop()


@pytest.mark.slow
def test_the_sentence_is_the_last_line_and_the_report_is_there(environment: dict[str, str], tmp_path: Path) -> None:
    warehouse = fill_derby({"people": pa.table({"user_id": ["a", "b"], "age": [30, None]})}, tmp_path / "warehouse")
    session = boto3.Session("test", "test", region_name="eu-central-1")
    secrets, s3 = (
        session.client(name, endpoint_url=environment["AWS_ENDPOINT_URL"]) for name in ("secretsmanager", "s3")
    )
    secrets.create_secret(Name="newsletter/warehouse", SecretString=json.dumps(warehouse.secret()))
    secrets.create_secret(Name="newsletter/pseudonyms", SecretString=json.dumps({"key": "key-that-nobody-may-see"}))
    s3.create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    (tmp_path / "people.py").write_text(SCRIPT)
    arguments = ["--run_date", "2026-11-22", "--output", str(tmp_path / "out"), "--report", "s3://data/report.json"]
    done = subprocess.run(
        [sys.executable, "people.py", *arguments],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1] == "people: check not_null of 'output' fails on age in 1 of 2 rows"
    assert done.returncode == 1
    assert "key-that-nobody-may-see" not in done.stdout
    assert not (tmp_path / "out").exists()
    report = json.loads(s3.get_object(Bucket="data", Key="report.json")["Body"].read())
    assert (report["inputs"], report["output"]) == ({"people": {"rows": 2}}, {"rows": 2})
