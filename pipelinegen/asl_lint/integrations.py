"""The optimised integrations of Step Functions, and in which ways each can be waited for.

Source: Step Functions developer guide, 'Integrating services' and the page of each service, as of 2026. An operation
that is empty stands for parameters that are not those of one API call; these are not checked.
"""

from typing import Final

_ALL: Final = frozenset({"sync", "waitForTaskToken"})
_SYNC: Final = frozenset({"sync"})
_TOKEN: Final = frozenset({"waitForTaskToken"})
_NONE: Final[frozenset[str]] = frozenset()

#: Resource -> botocore's service, its operation, and the patterns besides request-response.
OPTIMISED: Final[dict[str, tuple[str, str, frozenset[str]]]] = {
    "apigateway:invoke": ("apigateway", "", _TOKEN),
    "athena:getQueryExecution": ("athena", "GetQueryExecution", _NONE),
    "athena:getQueryResults": ("athena", "GetQueryResults", _NONE),
    "athena:startQueryExecution": ("athena", "StartQueryExecution", _SYNC),
    "athena:stopQueryExecution": ("athena", "StopQueryExecution", _NONE),
    "batch:submitJob": ("batch", "SubmitJob", _SYNC),
    "bedrock:createModelCustomizationJob": ("bedrock", "CreateModelCustomizationJob", _SYNC),
    "bedrock:invokeModel": ("bedrock-runtime", "", _NONE),
    "codebuild:batchDeleteBuilds": ("codebuild", "BatchDeleteBuilds", _NONE),
    "codebuild:batchGetReports": ("codebuild", "BatchGetReports", _NONE),
    "codebuild:startBuild": ("codebuild", "StartBuild", _SYNC),
    "codebuild:startBuildBatch": ("codebuild", "StartBuildBatch", _SYNC),
    "codebuild:stopBuild": ("codebuild", "StopBuild", _NONE),
    "databrew:startJobRun": ("databrew", "StartJobRun", _SYNC),
    "dynamodb:deleteItem": ("dynamodb", "DeleteItem", _NONE),
    "dynamodb:getItem": ("dynamodb", "GetItem", _NONE),
    "dynamodb:putItem": ("dynamodb", "PutItem", _NONE),
    "dynamodb:updateItem": ("dynamodb", "UpdateItem", _NONE),
    "ecs:runTask": ("ecs", "RunTask", _ALL),
    "eks:call": ("eks", "", _NONE),
    "eks:createCluster": ("eks", "CreateCluster", _SYNC),
    "eks:createNodegroup": ("eks", "CreateNodegroup", _SYNC),
    "eks:deleteCluster": ("eks", "DeleteCluster", _SYNC),
    "eks:deleteNodegroup": ("eks", "DeleteNodegroup", _SYNC),
    "eks:runJob": ("eks", "", _SYNC),
    "elasticmapreduce:addStep": ("emr", "", _SYNC),
    "elasticmapreduce:cancelStep": ("emr", "", _NONE),
    "elasticmapreduce:createCluster": ("emr", "", _SYNC),
    "elasticmapreduce:terminateCluster": ("emr", "", _SYNC),
    "emr-containers:createVirtualCluster": ("emr-containers", "CreateVirtualCluster", _NONE),
    "emr-containers:deleteVirtualCluster": ("emr-containers", "DeleteVirtualCluster", _SYNC),
    "emr-containers:startJobRun": ("emr-containers", "StartJobRun", _SYNC),
    "emr-serverless:cancelJobRun": ("emr-serverless", "CancelJobRun", _SYNC),
    "emr-serverless:createApplication": ("emr-serverless", "CreateApplication", _SYNC),
    "emr-serverless:deleteApplication": ("emr-serverless", "DeleteApplication", _SYNC),
    "emr-serverless:startApplication": ("emr-serverless", "StartApplication", _SYNC),
    "emr-serverless:startJobRun": ("emr-serverless", "StartJobRun", _SYNC),
    "emr-serverless:stopApplication": ("emr-serverless", "StopApplication", _SYNC),
    "events:putEvents": ("events", "PutEvents", _TOKEN),
    "glue:startJobRun": ("glue", "StartJobRun", _SYNC),
    "lambda:invoke": ("lambda", "Invoke", _TOKEN),
    "mediaconvert:createJob": ("mediaconvert", "CreateJob", _SYNC),
    "sagemaker:createEndpoint": ("sagemaker", "CreateEndpoint", _NONE),
    "sagemaker:createEndpointConfig": ("sagemaker", "CreateEndpointConfig", _NONE),
    "sagemaker:createHyperParameterTuningJob": ("sagemaker", "CreateHyperParameterTuningJob", _SYNC),
    "sagemaker:createLabelingJob": ("sagemaker", "CreateLabelingJob", _SYNC),
    "sagemaker:createModel": ("sagemaker", "CreateModel", _NONE),
    "sagemaker:createProcessingJob": ("sagemaker", "CreateProcessingJob", _SYNC),
    "sagemaker:createTrainingJob": ("sagemaker", "CreateTrainingJob", _SYNC),
    "sagemaker:createTransformJob": ("sagemaker", "CreateTransformJob", _SYNC),
    "sagemaker:updateEndpoint": ("sagemaker", "UpdateEndpoint", _NONE),
    "sns:publish": ("sns", "Publish", _TOKEN),
    "sqs:sendMessage": ("sqs", "SendMessage", _TOKEN),
    "states:startExecution": ("stepfunctions", "StartExecution", frozenset({"sync", "sync:2", "waitForTaskToken"})),
}
