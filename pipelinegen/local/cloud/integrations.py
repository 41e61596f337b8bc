"""How a state calls a service: over HTTP, as the state machine's role, and waiting for jobs where it says .sync."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_callback,
    state_task_service_glue,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_unsupported import (
    StateTaskServiceUnsupported,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from pipelinegen.local.cloud.board import Cloud
from pipelinegen.local.cloud.interpreter import json_document
from pipelinegen.local.cloud.replacing import replace_attribute, replace_everywhere
from pipelinegen.local.cloud.tasks import task_of_context, working_for

#: How long a waiting state sleeps before it looks whether its execution was stopped; the end of a job wakes it at once.
_PATIENCE_SECONDS: Final = 0.5

#: The services whose errors aws-sdk integrations write in their own way; all others: first letter in upper case.
_SERVICE_IN_ERRORS: Final = {"dynamodb": "DynamoDb", "sagemaker": "SageMaker"}

_CALLBACK: Final = state_task_service_callback.StateTaskServiceCallback


@dataclass(frozen=True, slots=True)
class _JobCall:
    """The calls around one kind of SageMaker job; `board` is the prefix of its key on the job board."""

    noun: str
    board: str
    snake: str

    @property
    def name(self) -> str:
        return f"{self.noun}Name"

    @property
    def status(self) -> str:
        return f"{self.noun}Status"

    def method(self, verb: str) -> str:
        return f"{verb}_{self.snake}"


#: Services that aws-sdk integrations call by another name than boto3.
_BOTO_NAMES: Final = {"applicationautoscaling": "application-autoscaling"}

_SAGEMAKER_JOBS: Final = {
    "createtrainingjob": _JobCall("TrainingJob", "training", "training_job"),
    "createprocessingjob": _JobCall("ProcessingJob", "processing", "processing_job"),
    "createtransformjob": _JobCall("TransformJob", "transform", "transform_job"),
    "createhyperparametertuningjob": _JobCall("HyperParameterTuningJob", "tuning", "hyper_parameter_tuning_job"),
}


def install(cloud: Cloud) -> None:
    """Makes all repairs of this module."""
    _call_as_the_role(cloud)
    _say_which_state_calls()
    _wait_for_sagemaker(cloud)
    _wait_for_glue(cloud)
    _stop_jobs_that_nobody_waits_for()
    _name_services_as_aws_does()


def _call_as_the_role(cloud: Cloud) -> None:
    """moto calls every service as one administrator; the role of the state machine is ignored."""

    def boto_client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        service = _BOTO_NAMES.get(service, service)
        return cloud.sessions.client(service, getattr(state_credentials, "role_arn", None), region)

    replace_everywhere("boto_client_for", boto_client_for)


def _say_which_state_calls() -> None:
    """Our own addition: jobs learn from it which step's log they write to."""
    original = StateTaskService._eval_execution

    @functools.wraps(original)
    def evaluate(self: Any, env: Any) -> None:
        with working_for(task_of_context(env.states.context_object.context_object_data)):
            original(self, env)

    replace_attribute(StateTaskService, "_eval_execution", evaluate)


class _Waiting:
    """What a .sync state calls until it gives a result: the description of the job once that is over."""

    def __init__(self, wait: Callable[[], None], poll: Callable[[], Any], stop: Callable[[], None]) -> None:
        self._wait = wait
        self._poll = poll
        self.stop = stop

    def __call__(self) -> Any:
        self._wait()
        return self._poll()


class ForwardedTask(StateTaskServiceUnsupported):  # type: ignore[misc]
    """A service of which moto knows little more than that it is one; its failures are made here."""

    def __init__(self, cloud: Cloud) -> None:
        # WaitForTaskToken is named as well, because moto 5.2.5 ends a .sync task through the callback of a token.
        patterns = {ResourceCondition.Sync, ResourceCondition.WaitForTaskToken}
        _CALLBACK.__init__(self, supported_integration_patterns=patterns)
        self._cloud = cloud

    def _log_unsupported_warning(self) -> None:
        """Nothing to warn about: it is supported here."""

    def _failure(self, env: Any, name: Any, error: str, cause: str) -> FailureEvent:
        details = TaskFailedEventDetails(
            resource=self._get_sfn_resource(), resourceType=self._get_sfn_resource_type(), error=error, cause=cause
        )
        return FailureEvent(
            env=env,
            error_name=name,
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),
        )


class _SageMakerTask(ForwardedTask):
    """`sagemaker:create…Job[.sync]`, which moto forwards but cannot wait for."""

    def _from_error(self, env: Any, ex: Exception) -> Any:
        if not isinstance(ex, ClientError):
            return super()._from_error(env=env, ex=ex)
        code = ex.response["Error"]["Code"]
        known = code.startswith("Resource")
        error = f"SageMaker.{code}Exception" if known else "SageMaker.AmazonSageMakerException"
        return self._failure(env, CustomErrorName(error), error, f"{code}: {ex.response['Error']['Message']}")

    def _build_sync_resolver(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
    ) -> _Waiting:
        env.stack.pop()
        call = _SAGEMAKER_JOBS.get(self.resource.api_action.lower())
        if call is None:
            raise RuntimeError(f"the local cloud cannot wait for '{self.resource.api_action}'")
        client = self._cloud.sessions.client("sagemaker", state_credentials.role_arn, resource_runtime_part.region)
        job = {call.name: normalised_parameters[call.name]}
        key = f"{call.board}/{job[call.name]}"
        return _Waiting(
            wait=lambda: self._cloud.board.wait(key, _PATIENCE_SECONDS),
            poll=lambda: self._outcome(env, call, getattr(client, call.method("describe"))(**job)),
            stop=lambda: getattr(client, call.method("stop"))(**job),
        )

    def _outcome(self, env: Any, call: _JobCall, description: dict[str, Any]) -> Any:
        description.pop("ResponseMetadata", None)
        # A job that was stopped did not fail: its state goes on, and the state machine has to look at the status.
        if description[call.status] in ("Completed", "Stopped"):
            return json_document(description)
        if description[call.status] == "Failed":
            name = StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed)
            raise FailureEventException(self._failure(env, name, "States.TaskFailed", to_json_str(description)))
        return None


def _wait_for_sagemaker(cloud: Cloud) -> None:
    """moto has no `sagemaker:*.sync`."""
    original = state_task_factory.state_task_service_for

    def state_task_service_for(service_name: str) -> Any:
        return _SageMakerTask(cloud) if service_name == "sagemaker" else original(service_name)

    replace_attribute(state_task_factory, "state_task_service_for", state_task_service_for)


def _wait_for_glue(cloud: Cloud) -> None:
    """moto's `glue:startJobRun.sync` fails for want of a callback, polls, and gives dates instead of texts."""
    state_task_service_glue._SUPPORTED_INTEGRATION_PATTERNS.add(ResourceCondition.WaitForTaskToken)
    service = state_task_service_glue.StateTaskServiceGlue
    original = service._sync_to_start_job_run

    def sync_to_start_job_run(self: Any, env: Any, runtime_part: Any, parameters: Any, credentials: Any) -> _Waiting:
        started = env.stack[-1]
        poll = original(self, env, runtime_part, parameters, credentials)
        client = cloud.sessions.client("glue", credentials.role_arn, runtime_part.region)
        run = {"JobName": started["JobName"], "JobRunIds": [started["JobRunId"]]}
        return _Waiting(
            wait=lambda: cloud.board.wait(f"glue/{started['JobRunId']}", _PATIENCE_SECONDS),
            poll=lambda: json_document(poll()),
            stop=lambda: client.batch_stop_job_run(**run),
        )

    replace_attribute(service, "_sync_to_start_job_run", sync_to_start_job_run)


def _stop_jobs_that_nobody_waits_for() -> None:
    """moto leaves a .sync job running when its state times out or its execution is stopped; AWS stops it."""
    replace_attribute(state_task_service_callback, "_DELAY_SECONDS_SYNC_CONDITION_CHECK", 0.05)
    original = _CALLBACK._eval_sync

    def eval_sync(self: Any, env: Any, sync_resolver: Any, **rest: Any) -> Any:
        outcome = original(self, env=env, sync_resolver=sync_resolver, **rest)
        if outcome is None and isinstance(sync_resolver, _Waiting):
            sync_resolver.stop()
        return outcome

    replace_attribute(_CALLBACK, "_eval_sync", eval_sync)


def _name_services_as_aws_does() -> None:
    """moto leaves the service in an aws-sdk error as it is in the ARN: ssm.… instead of Ssm.…."""

    def normalise(service_name: str) -> str:
        given = service_name.lower()
        return _SERVICE_IN_ERRORS.get(given, given[:1].upper() + given[1:])

    replace_attribute(
        state_task_service_aws_sdk.StateTaskServiceAwsSdk, "_normalise_service_error_name", staticmethod(normalise)
    )
