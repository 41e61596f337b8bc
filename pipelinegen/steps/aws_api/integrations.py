"""Jobs that Step Functions itself waits for: its optimised integrations with `.sync`.

Source: Step Functions developer guide, "Integrating optimized services" and, for what the role needs, "How Step
Functions generates IAM policies for integrated services" with the page of each service.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Job:
    """One `.sync` integration.

    `service` is its name in the ARN; `result` the call that describes the job once it is over and where in its answer
    the job is, None where the guide does not say what comes back; `follows` are the calls by which Step Functions
    watches and stops it, `rule` the events rule that it makes for that; `also` are resources that the call needs beside
    those it names; `api` and `members` are given where the integration takes other arguments than the API.
    """

    service: str
    follows: tuple[str, ...]
    result: tuple[str, str] | None = None
    rule: str | None = None
    also: tuple[str, ...] = ()
    api: str | None = None
    members: Mapping[str, Any] | None = None
    suffix: str = "sync"


def _sagemaker(noun: str, rule: str | None = None) -> Job:
    events = rule or f"StepFunctionsGetEventsForSageMaker{noun}JobsRule"
    calls = (f"sagemaker:Describe{noun}Job", f"sagemaker:Stop{noun}Job")
    return Job("sagemaker", calls, (f"Describe{noun}Job", ""), events)


#: botocore's service and the action → how Step Functions waits for it.
JOBS: Final[Mapping[str, Job]] = {
    "athena:startQueryExecution": Job(
        "athena",
        ("athena:GetQueryExecution", "athena:StopQueryExecution"),
        ("GetQueryExecution", ""),
    ),
    "batch:submitJob": Job(
        "batch",
        ("batch:DescribeJobs", "batch:TerminateJob"),
        ("DescribeJobs", "Jobs"),
        "StepFunctionsGetEventsForBatchJobsRule",
        also=("job/*",),
    ),
    "codebuild:startBuild": Job(
        "codebuild",
        ("codebuild:BatchGetBuilds", "codebuild:StopBuild"),
        ("StartBuild", ""),
        "StepFunctionsGetEventForCodeBuildStartBuildRule",
    ),
    "databrew:startJobRun": Job("databrew", ("databrew:ListJobRuns", "databrew:StopJobRun")),
    "ecs:runTask": Job(
        "ecs",
        ("ecs:DescribeTasks", "ecs:StopTask"),
        ("DescribeTasks", "Tasks"),
        "StepFunctionsGetEventsForECSTaskRule",
    ),
    "emr:addStep": Job(
        "elasticmapreduce",
        ("elasticmapreduce:CancelSteps", "elasticmapreduce:DescribeStep"),
        None,
        "StepFunctionsGetEventForEMRAddJobFlowStepsRule",
        api="AddJobFlowSteps",
        members={"ClusterId": "t", "ExecutionRoleArn": "t", "Step": ["StepConfig"]},
    ),
    "emr:createCluster": Job(
        "elasticmapreduce",
        ("elasticmapreduce:DescribeCluster", "elasticmapreduce:TerminateJobFlows"),
        None,
        "StepFunctionsGetEventForEMRRunJobFlowRule",
        api="RunJobFlow",
    ),
    "emr:terminateCluster": Job(
        "elasticmapreduce",
        ("elasticmapreduce:DescribeCluster",),
        None,
        "StepFunctionsGetEventForEMRTerminateJobFlowsRule",
        api="TerminateJobFlows",
        members={"ClusterId": "t"},
    ),
    "emr-containers:startJobRun": Job(
        "emr-containers",
        ("emr-containers:CancelJobRun", "emr-containers:DescribeJobRun"),
        None,
    ),
    "emr-serverless:startJobRun": Job(
        "emr-serverless",
        ("emr-serverless:CancelJobRun", "emr-serverless:GetJobRun"),
        ("StartJobRun", ""),
        "StepFunctionsGetEventsForEMRServerlessJobRule",
    ),
    "glue:startJobRun": Job(
        "glue",
        ("glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns"),
        ("GetJobRun", "JobRun"),
    ),
    "sagemaker:createHyperParameterTuningJob": _sagemaker(
        "HyperParameterTuning", "StepFunctionsGetEventsForSageMakerTuningJobsRule"
    ),
    "sagemaker:createLabelingJob": _sagemaker("Labeling"),
    "sagemaker:createProcessingJob": _sagemaker("Processing"),
    "sagemaker:createTrainingJob": _sagemaker("Training"),
    "sagemaker:createTransformJob": _sagemaker("Transform"),
    "stepfunctions:startExecution": Job(
        "states",
        ("states:DescribeExecution", "states:StopExecution"),
        None,
        "StepFunctionsGetEventsForStepFunctionsExecutionRule",
        suffix="sync:2",
    ),
}

#: Whom a role is passed to, where it is not `<prefix in IAM>.amazonaws.com`.
PASSED_TO: Final[Mapping[str, tuple[str, ...]]] = {
    "ecs": ("ecs-tasks.amazonaws.com",),
    "elasticmapreduce": ("elasticmapreduce.amazonaws.com", "ec2.amazonaws.com"),
}
