"""The optimised integrations of Step Functions, and in which ways each can be waited for.

Source: the Step Functions developer guide, https://docs.aws.amazon.com/step-functions/latest/dg/: the table of patterns
in integrate-optimized.html, and the APIs of each service on the page that stands above its rows; read on 2026-11-22.
An operation that is empty stands for parameters that are not those of one API call; these are not checked.
"""

from typing import Final

_ALL: Final = frozenset({"sync", "waitForTaskToken"})
_SYNC: Final = frozenset({"sync"})
_TOKEN: Final = frozenset({"waitForTaskToken"})
_NONE: Final[frozenset[str]] = frozenset()

#: Resource -> botocore's service, its operation, and the patterns besides request-response.
OPTIMISED: Final[dict[str, tuple[str, str, frozenset[str]]]] = {
    # connect-api-gateway.html
    "apigateway:invoke": ("apigateway", "", _TOKEN),
    # connect-athena.html
    "athena:getQueryExecution": ("athena", "GetQueryExecution", _NONE),
    "athena:getQueryResults": ("athena", "GetQueryResults", _NONE),
    "athena:startQueryExecution": ("athena", "StartQueryExecution", _SYNC),
    "athena:stopQueryExecution": ("athena", "StopQueryExecution", _NONE),
    # connect-batch.html
    "batch:submitJob": ("batch", "SubmitJob", _SYNC),
    # connect-bedrock.html
    "bedrock:createModelCustomizationJob": ("bedrock", "CreateModelCustomizationJob", _SYNC),
    "bedrock:invokeModel": ("bedrock-runtime", "", _TOKEN),
    # connect-codebuild.html
    "codebuild:batchDeleteBuilds": ("codebuild", "BatchDeleteBuilds", _NONE),
    "codebuild:batchGetReports": ("codebuild", "BatchGetReports", _NONE),
    "codebuild:deleteBuildBatch": ("codebuild", "DeleteBuildBatch", _NONE),
    "codebuild:retryBuildBatch": ("codebuild", "RetryBuildBatch", _SYNC),
    "codebuild:startBuild": ("codebuild", "StartBuild", _SYNC),
    "codebuild:startBuildBatch": ("codebuild", "StartBuildBatch", _SYNC),
    "codebuild:stopBuild": ("codebuild", "StopBuild", _NONE),
    "codebuild:stopBuildBatch": ("codebuild", "StopBuildBatch", _NONE),
    # connect-databrew.html
    "databrew:startJobRun": ("databrew", "StartJobRun", _SYNC),
    # connect-ddb.html
    "dynamodb:deleteItem": ("dynamodb", "DeleteItem", _NONE),
    "dynamodb:getItem": ("dynamodb", "GetItem", _NONE),
    "dynamodb:putItem": ("dynamodb", "PutItem", _NONE),
    "dynamodb:updateItem": ("dynamodb", "UpdateItem", _NONE),
    # connect-ecs.html
    "ecs:runTask": ("ecs", "RunTask", _ALL),
    # connect-eks.html
    "eks:call": ("eks", "", _NONE),
    "eks:createCluster": ("eks", "CreateCluster", _SYNC),
    "eks:createFargateProfile": ("eks", "CreateFargateProfile", _SYNC),
    "eks:createNodegroup": ("eks", "CreateNodegroup", _SYNC),
    "eks:deleteCluster": ("eks", "DeleteCluster", _SYNC),
    "eks:deleteFargateProfile": ("eks", "DeleteFargateProfile", _SYNC),
    "eks:deleteNodegroup": ("eks", "DeleteNodegroup", _SYNC),
    "eks:runJob": ("eks", "", _SYNC),
    # connect-emr.html
    "elasticmapreduce:addStep": ("emr", "", _SYNC),
    "elasticmapreduce:cancelStep": ("emr", "", _NONE),
    "elasticmapreduce:createCluster": ("emr", "", _SYNC),
    "elasticmapreduce:modifyInstanceFleetByName": ("emr", "", _NONE),
    "elasticmapreduce:modifyInstanceGroupByName": ("emr", "", _NONE),
    "elasticmapreduce:setClusterTerminationProtection": ("emr", "", _NONE),
    "elasticmapreduce:terminateCluster": ("emr", "", _SYNC),
    # connect-emr-eks.html
    "emr-containers:createVirtualCluster": ("emr-containers", "CreateVirtualCluster", _NONE),
    "emr-containers:deleteVirtualCluster": ("emr-containers", "DeleteVirtualCluster", _SYNC),
    "emr-containers:startJobRun": ("emr-containers", "StartJobRun", _SYNC),
    # connect-emr-serverless.html
    "emr-serverless:cancelJobRun": ("emr-serverless", "CancelJobRun", _SYNC),
    "emr-serverless:createApplication": ("emr-serverless", "CreateApplication", _SYNC),
    "emr-serverless:deleteApplication": ("emr-serverless", "DeleteApplication", _SYNC),
    "emr-serverless:startApplication": ("emr-serverless", "StartApplication", _SYNC),
    "emr-serverless:startJobRun": ("emr-serverless", "StartJobRun", _SYNC),
    "emr-serverless:stopApplication": ("emr-serverless", "StopApplication", _SYNC),
    # connect-eventbridge.html
    "events:putEvents": ("events", "PutEvents", _TOKEN),
    # connect-glue.html
    "glue:startJobRun": ("glue", "StartJobRun", _SYNC),
    # connect-lambda.html
    "lambda:invoke": ("lambda", "Invoke", _TOKEN),
    # connect-mediaconvert.html
    "mediaconvert:createJob": ("mediaconvert", "CreateJob", _SYNC),
    # connect-sagemaker.html
    "sagemaker:createEndpoint": ("sagemaker", "CreateEndpoint", _NONE),
    "sagemaker:createEndpointConfig": ("sagemaker", "CreateEndpointConfig", _NONE),
    "sagemaker:createHyperParameterTuningJob": ("sagemaker", "CreateHyperParameterTuningJob", _SYNC),
    "sagemaker:createLabelingJob": ("sagemaker", "CreateLabelingJob", _SYNC),
    "sagemaker:createModel": ("sagemaker", "CreateModel", _NONE),
    "sagemaker:createProcessingJob": ("sagemaker", "CreateProcessingJob", _SYNC),
    "sagemaker:createTrainingJob": ("sagemaker", "CreateTrainingJob", _SYNC),
    "sagemaker:createTransformJob": ("sagemaker", "CreateTransformJob", _SYNC),
    "sagemaker:updateEndpoint": ("sagemaker", "UpdateEndpoint", _NONE),
    # connect-sns.html
    "sns:publish": ("sns", "Publish", _TOKEN),
    # connect-sqs.html
    "sqs:sendMessage": ("sqs", "SendMessage", _TOKEN),
    # connect-stepfunctions.html
    "states:startExecution": ("stepfunctions", "StartExecution", frozenset({"sync", "sync:2", "waitForTaskToken"})),
}
