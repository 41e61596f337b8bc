"""What the local cloud costs apart from the jobs: its start, a state, its memory; and what starting Spark costs a job.

    python -m tests.benchmarks.bench_local_cloud [--states 100]

Linux only: memory is read from /proc. On a machine that does other things as well, believe the least of several runs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pipelinegen.local.data.movielens import cache_folder
from pipelinegen.local.glue import spark_defaults
from pipelinegen.local.java import find_java
from pipelinegen.local.local_cloud import LocalCloud
from pipelinegen.local.spark_archive import SparkArchive
from tests.benchmarks.bench_demo import pss_mib

ACCOUNT, REGION = "111111111111", "eu-central-1"
REPEATS = 3
#: Prints the seconds of CPU of Python and of the JVM.
_SPARK = """
import os, time, pyspark.sql as sql
spark = sql.SparkSession.builder.getOrCreate()
spark.range(1).count()
stat = open(f"/proc/{spark._jvm.java.lang.ProcessHandle.current().pid()}/stat").read().rpartition(")")[2].split()
print(time.process_time() + (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK"))
"""


def started(folder: Path) -> tuple[LocalCloud, float, float]:
    """A local cloud, the seconds until it serves, and those of CPU that its process took for it."""
    begin = time.perf_counter()
    cloud = LocalCloud(folder, ACCOUNT, REGION)
    cloud.__enter__()
    took = time.perf_counter() - begin
    fields = Path(f"/proc/{cloud.process_id}/stat").read_text().rpartition(")")[2].split()
    return cloud, took, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def role(cloud: LocalCloud) -> str:
    """A role of Step Functions that may do everything."""
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    may = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    documents = [json.dumps({"Version": "2012-10-17", "Statement": [item]}) for item in (trust, may)]
    arn = cloud.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=documents[0])["Role"]["Arn"]
    cloud.client("iam").put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=documents[1])
    return str(arn)


def chain(state: dict[str, Any], count: int) -> str:
    """A machine of `count` equal states, one after the other."""
    names = [f"S{number}" for number in range(count)]
    following = [{"Next": name} for name in names[1:]] + [{"End": True}]
    states = {name: {**state, **then} for name, then in zip(names, following, strict=True)}
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": names[0], "States": states})


def seconds_of(cloud: LocalCloud, role_arn: str, name: str, definition: str) -> float:
    """How long one execution takes."""
    machines = cloud.client("stepfunctions")
    machine = machines.create_state_machine(name=name, definition=definition, roleArn=role_arn)["stateMachineArn"]
    begin = time.perf_counter()
    arn = machines.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    while machines.describe_execution(executionArn=arn)["status"] == "RUNNING":
        time.sleep(0.005)
    took = time.perf_counter() - begin
    assert machines.describe_execution(executionArn=arn)["status"] == "SUCCEEDED"
    return took


def per_state(cloud: LocalCloud, role_arn: str, kind: str, state: dict[str, Any], count: int) -> float:
    """Milliseconds that one more state costs, the least of a few runs."""
    long = min(seconds_of(cloud, role_arn, f"{kind}-{n}", chain(state, count)) for n in range(REPEATS))
    short = min(seconds_of(cloud, role_arn, f"{kind}-one-{n}", chain(state, 1)) for n in range(REPEATS))
    return (long - short) / (count - 1) * 1000


def spark_seconds(folder: Path) -> tuple[float, float]:
    """Seconds of a Spark program with a job's own settings that does nothing, and those of CPU: the least of some."""
    stage = folder / "s3"
    stage.mkdir(parents=True)
    archive = SparkArchive(cache_folder()).options(find_java().parent.parent)
    options = [option for option in archive if "ArchiveClassesAtExit" not in option]
    (folder / "spark-defaults.conf").write_text(spark_defaults(stage, options), encoding="utf-8")
    given = f"--properties-file {folder / 'spark-defaults.conf'} pyspark-shell"
    environment = {
        **os.environ,
        "JAVA_HOME": str(find_java().parent.parent),
        "PYSPARK_SUBMIT_ARGS": given,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    found = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        words = [sys.executable, "-c", _SPARK]
        done = subprocess.run(words, env=environment, cwd=folder, check=True, capture_output=True, text=True)
        found.append((time.perf_counter() - begin, float(done.stdout)))
    return min(found)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--states", type=int, default=100)
    count = parser.parse_args().states
    with tempfile.TemporaryDirectory() as scratch:
        starts = []
        for number in range(REPEATS):
            cloud, seconds, cpu = started(Path(scratch) / str(number))
            starts.append((seconds, cpu))
            if number < REPEATS - 1:
                cloud.close()
        cloud.client("ssm").put_parameter(Name="/p", Value="1", Type="String")
        arn = role(cloud)
        call = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:ssm:getParameter", "Arguments": {"Name": "/p"}}
        passing = per_state(cloud, arn, "pass", {"Type": "Pass"}, count)
        calling = per_state(cloud, arn, "call", call, count)
        memory = pss_mib(cloud.process_id)
        cloud.close()
        spark = spark_seconds(Path(scratch) / "spark")
    print(f"load of the machine         {os.getloadavg()[0]:8.1f}")
    print(f"start of the local cloud    {min(starts)[0]:8.2f} s     at most 2; {min(starts)[1]:.2f} s of CPU")
    print(f"a Pass state                {passing:8.1f} ms    at most 50")
    print(f"a Task state (ssm, IAM on)  {calling:8.1f} ms    at most 50")
    print(f"memory after {6 * count + 6:5d} states   {memory:8.0f} MiB   at most 500")
    print(f"starting Spark, one job     {spark[0]:8.1f} s     {spark[1]:.1f} s of CPU")


if __name__ == "__main__":
    main()
