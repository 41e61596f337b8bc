"""Puts every repair in place, in the one order that works."""

from argparse import Namespace
from pathlib import Path

# The parser has to be complete before its functions are replaced wherever they were imported.
import moto.stepfunctions.parser.models  # noqa: F401

from pipelinegen.local.aws_lambda import FunctionPool
from pipelinegen.local.cloud import (
    approvals,
    clock,
    durable,
    endpoints,
    functions,
    glue_jobs,
    history,
    http_calls,
    integrations,
    interpreter,
    maps,
    models,
    notifications,
    parameters,
    recorder,
    sagemaker_jobs,
    transform_jobs,
    trust,
    tuning_jobs,
)
from pipelinegen.local.cloud.board import Cloud, JobBoard
from pipelinegen.local.cloud.sessions import RoleSessions
from pipelinegen.local.cloud.trust import TrustPolicies
from pipelinegen.local.data.movielens import cache_folder
from pipelinegen.local.java import find_java
from pipelinegen.local.processes import ChildProcesses
from pipelinegen.local.spark_archive import SparkArchive
from pipelinegen.local.stand_ins import StandIns


def new_cloud(
    workdir: Path, account: str, region: str, endpoint: str, children: ChildProcesses, *, enforce_policies: bool
) -> Cloud:
    """What the modules share; nothing is installed yet."""
    sessions = RoleSessions(endpoint, region)
    return Cloud(
        account=account,
        region=region,
        workdir=workdir,
        sessions=sessions,
        children=children,
        board=JobBoard(),
        functions=FunctionPool(children, sessions.environment, workdir / "functions"),
        trust=TrustPolicies(account, enforce=enforce_policies),
    )


def install_all(cloud: Cloud, options: Namespace) -> endpoints.EndpointBook:
    """Turns the moto of this process into the local cloud; gives what InvokeEndpoint asks. `options`: the server's."""
    interpreter.install()
    maps.install()
    history.install()
    parameters.install()
    clock.install(options.most_wait_seconds)
    integrations.install(cloud)
    http_calls.install(cloud, StandIns.of(options.stand_in))
    functions.install(cloud)
    glue_jobs.install(cloud, find_java, SparkArchive(cache_folder()))
    models.install()
    sagemaker_jobs.install(cloud)
    transform_jobs.install(cloud)
    tuning_jobs.install(cloud)
    notifications.install(cloud)
    approvals.install(cloud, approve=options.approve, most_seconds=options.answer_seconds)
    trust.install(cloud.trust)
    book = endpoints.install(cloud)
    # Last: what the other modules replaced is what is recorded.
    recorder.install(cloud)
    durable.install(cloud)
    return book
