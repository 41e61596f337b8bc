"""Jobs that Step Functions itself waits for: its optimised integrations with `.sync`.

Source: the Step Functions developer guide, https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
and, for what the role needs, the section "IAM policies for calling …" of each service's page, which is named beside
each row in asl_lint/integrations.py; read on 2026-11-23. What EKS needs stands in the examples of eks-iam.html; they
have no Fargate profile, which is watched and undone as a node group is. Kubernetes itself, not IAM, lets the role run
jobs in a cluster (connect-eks.html, "Permissions"). Not here: callbacks by a task token; an `approval` is one, others
are states of an `asl` step.
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
    those it names; `api` and `members` are given where the integration takes other arguments than the API, an empty
    `api` where it calls none of AWS's and needs no permission; `required` are members without which it does nothing.
    `prepares` are calls that need all resources, `reads_roles` those on the roles that are passed to `passed_to`.
    """

    service: str
    follows: tuple[str, ...]
    result: tuple[str, str] | None = None
    rule: str | None = None
    also: tuple[str, ...] = ()
    api: str | None = None
    members: Mapping[str, Any] | None = None
    required: tuple[str, ...] = ()
    suffix: str = "sync"
    prepares: tuple[str, ...] = ()
    reads_roles: tuple[str, ...] = ()
    passed_to: tuple[str, ...] = ()


def _sagemaker(noun: str, rule: str | None = None) -> Job:
    events = rule or f"StepFunctionsGetEventsForSageMaker{noun}JobsRule"
    calls = (f"sagemaker:Describe{noun}Job", f"sagemaker:Stop{noun}Job")
    return Job("sagemaker", calls, (f"Describe{noun}Job", ""), events)


#: By which a batch of builds is watched and stopped.
_BUILD_BATCH: Final = ("codebuild:BatchGetBuildBatches", "codebuild:StopBuildBatch")


def _application(undone_by: str | None = None, answers_as: str | None = None) -> Job:
    """A change of an application of EMR Serverless, undone by a call when the run is stopped."""
    calls = [f"emr-serverless:{call}" for call in (undone_by, "GetApplication") if call]
    rule = "StepFunctionsGetEventsForEMRServerlessApplicationRule"
    return Job("emr-serverless", tuple(sorted(calls)), (answers_as, "") if answers_as else None, rule)


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
    "bedrock:createModelCustomizationJob": Job(
        "bedrock",
        ("bedrock:GetModelCustomizationJob", "bedrock:StopModelCustomizationJob"),
        also=("model-customization-job/*",),
    ),
    "codebuild:retryBuildBatch": Job("codebuild", _BUILD_BATCH),
    "codebuild:startBuild": Job(
        "codebuild",
        ("codebuild:BatchGetBuilds", "codebuild:StopBuild"),
        ("StartBuild", ""),
        "StepFunctionsGetEventForCodeBuildStartBuildRule",
    ),
    "codebuild:startBuildBatch": Job(
        "codebuild", _BUILD_BATCH, None, "StepFunctionsGetEventForCodeBuildStartBuildBatchRule"
    ),
    "databrew:startJobRun": Job("databrew", ("databrew:ListJobRuns", "databrew:StopJobRun")),
    "ecs:runTask": Job(
        "ecs",
        ("ecs:DescribeTasks", "ecs:StopTask"),
        ("DescribeTasks", "Tasks"),
        "StepFunctionsGetEventsForECSTaskRule",
    ),
    "eks:createCluster": Job("eks", ("eks:DeleteCluster", "eks:DescribeCluster")),
    "eks:createFargateProfile": Job(
        "eks",
        ("eks:DeleteFargateProfile", "eks:DescribeFargateProfile"),
        passed_to=("eks-fargate-pods.amazonaws.com", "eks.amazonaws.com"),
    ),
    "eks:createNodegroup": Job(
        "eks",
        ("eks:DeleteNodegroup", "eks:DescribeNodegroup"),
        prepares=("ec2:DescribeSubnets",),
        reads_roles=("iam:GetRole", "iam:ListAttachedRolePolicies"),
    ),
    "eks:deleteCluster": Job("eks", ("eks:DescribeCluster",)),
    "eks:deleteFargateProfile": Job("eks", ("eks:DescribeFargateProfile",)),
    "eks:deleteNodegroup": Job("eks", ("eks:DescribeNodegroup",)),
    "eks:runJob": Job(
        "eks",
        (),
        api="",
        members={
            "ClusterName": "t",
            "CertificateAuthority": "t",
            "Endpoint": "t",
            "Namespace": "t",
            "LogOptions": "j",
            "Job": "j",
        },
        required=("CertificateAuthority", "ClusterName", "Endpoint", "Job"),
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
    "emr-containers:deleteVirtualCluster": Job("emr-containers", ("emr-containers:DescribeVirtualCluster",)),
    "emr-containers:startJobRun": Job(
        "emr-containers",
        ("emr-containers:CancelJobRun", "emr-containers:DescribeJobRun"),
        None,
    ),
    "emr-serverless:cancelJobRun": Job(
        "emr-serverless",
        ("emr-serverless:GetJobRun",),
        ("CancelJobRun", ""),
        "StepFunctionsGetEventsForEMRServerlessJobRule",
    ),
    "emr-serverless:createApplication": _application("DeleteApplication", "CreateApplication"),
    "emr-serverless:deleteApplication": _application(),
    "emr-serverless:startApplication": _application("StopApplication"),
    "emr-serverless:startJobRun": Job(
        "emr-serverless",
        ("emr-serverless:CancelJobRun", "emr-serverless:GetJobRun"),
        ("StartJobRun", ""),
        "StepFunctionsGetEventsForEMRServerlessJobRule",
    ),
    "emr-serverless:stopApplication": _application(),
    "glue:startJobRun": Job(
        "glue",
        ("glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns"),
        ("GetJobRun", "JobRun"),
    ),
    "mediaconvert:createJob": Job(
        "mediaconvert",
        ("mediaconvert:CancelJob", "mediaconvert:GetJob"),
        None,
        "StepFunctionsGetEventsForMediaConvertJobRule",
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

#: Integrations that call no API of AWS's and are not waited for: they are written as states.
WRITTEN_AS_STATES: Final = frozenset(
    {
        *("apigateway:invoke", "eks:call", "emr:cancelStep", "emr:modifyInstanceFleetByName"),
        *("emr:modifyInstanceGroupByName", "emr:setClusterTerminationProtection"),
    }
)
