"""Repairs of moto 5.2.5's ASL interpreter; each says what was wrong. They can go when moto does the same by itself."""

import datetime
import json
import re
import uuid
from typing import Any, Final

from jsonpath_ng.ext import parse as parse_json_path
from moto.stepfunctions.parser.api import (
    EvaluationFailedEventDetails,
    ExecutionFailedEventDetails,
    ExecutionStatus,
    HistoryEventType,
)
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.string import string_expression
from moto.stepfunctions.parser.asl.component.state import state as state_module
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_variable import ComparisonVariable
from moto.stepfunctions.parser.asl.component.state.choice.comparison.variable import NoSuchVariable
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import iteration_worker
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branches_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_callback
from moto.stepfunctions.parser.asl.component.state.fail import state_fail
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError, ProgramStopped, ProgramTimedOut
from moto.stepfunctions.parser.asl.utils import json_path
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from pipelinegen.local.cloud.jsonata import QueryError, evaluate
from pipelinegen.local.cloud.replacing import replace_attribute, replace_everywhere

#: Paths that may match any number of values: their result is a list however many there are.
_INDEFINITE: Final = re.compile(r"\*|\.\.|\?|\[[^\]]*[:,][^\]]*\]")

_STATUS_OF: Final = {
    ProgramEnded: ExecutionStatus.SUCCEEDED,
    ProgramError: ExecutionStatus.FAILED,
    ProgramStopped: ExecutionStatus.ABORTED,
    ProgramTimedOut: ExecutionStatus.TIMED_OUT,
}


def install() -> None:
    """Makes all repairs of this module."""
    _evaluate_jsonata()
    _extract_single_values()
    _fail_on_missing_choice_variables()
    _complete_the_context_object()
    _write_output_as_json()
    _name_unnamed_executions()
    _pass_on_the_errors_of_states()


def timestamp(moment: datetime.datetime) -> str:
    """A time as the context object writes it, e.g. 2026-11-22T04:00:00.000Z."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def variables(env: Any) -> dict[str, Any]:
    """What the variables of a frame hold, those around it included."""
    store = env.variable_store
    return {**store._outer_scope, **store._inner_scope}


def _evaluate_jsonata() -> None:
    """moto leaves the evaluator as None, and pastes values into the expression without escaping quotes."""

    def evaluate_expression(self: Any, env: Any) -> None:
        states = {"states": env.states._states_data}
        env.stack.append(evaluated(env, self.expression, {**variables(env), **states}))

    def evaluate_sample(self: Any, env: Any) -> None:
        states = {"states": env.states._states_data} if self.query_language_mode.name == "JSONata" else {}
        env.stack.append(evaluated(env, self.expression, {**variables(env), **states}))

    replace_attribute(string_expression.StringJSONata, "_eval_body", evaluate_expression)
    replace_attribute(string_expression.StringVariableSample, "_eval_body", evaluate_sample)


def evaluated(env: Any, expression: str, variables: dict[str, Any]) -> Any:
    """The value of an expression. Raises: FailureEventException with States.QueryEvaluationError."""
    try:
        return evaluate(expression, variables)
    except QueryError as error:
        name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
        details = EventDetails(
            evaluationFailedEventDetails=EvaluationFailedEventDetails(cause=str(error), error=name.error_name)
        )
        env.event_manager.add_event(
            context=env.event_history_context, event_type=HistoryEventType.EvaluationFailed, event_details=details
        )
        failure = FailureEvent(
            env=env, error_name=name, event_type=HistoryEventType.EvaluationFailed, event_details=details
        )
        raise FailureEventException(failure) from error


def _extract_single_values() -> None:
    """moto gives a list for `$.a[0].b`, which names a single value."""

    def extract_json(path: str, data: Any) -> Any:
        matches = parse_json_path(path).find(data)
        if _INDEFINITE.search(path):
            return [match.value for match in matches]
        if not matches:
            raise json_path.NoSuchJsonPathError(json_path=path, data=data)
        return matches[0].value

    replace_everywhere("extract_json", extract_json)


def _fail_on_missing_choice_variables() -> None:
    """moto takes the Default when a rule's Variable is missing; AWS fails, except for IsPresent and its kind."""

    def compare(self: Any, env: Any) -> None:
        self.variable.eval(env)
        missing = env.stack[-1]
        if isinstance(missing, NoSuchVariable) and not self.comparison_function.operator_type.name.startswith("Is"):
            raise FailureEventException(_missing_path(env, missing.path))
        self.comparison_function.eval(env)

    replace_attribute(ComparisonVariable, "_eval_body", compare)


def _missing_path(env: Any, path: str) -> FailureEvent:
    cause = f"Invalid path '{path}': The choice state's condition path references an invalid value."
    return FailureEvent(
        env=env,
        error_name=StatesErrorName(typ=StatesErrorNameType.StatesRuntime),
        event_type=HistoryEventType.ExecutionFailed,
        event_details=EventDetails(
            executionFailedEventDetails=ExecutionFailedEventDetails(error="States.Runtime", cause=cause)
        ),
    )


def _complete_the_context_object() -> None:
    """moto lacks Execution.RedriveCount, gives RetryCount to Task states only, and writes times in another form."""

    def state_data(EnteredTime: str, Name: str) -> dict[str, Any]:  # noqa: N803 - called with these keywords
        return {"EnteredTime": timestamp(datetime.datetime.fromisoformat(EnteredTime)), "Name": Name, "RetryCount": 0}

    replace_attribute(state_module, "StateData", state_data)
    original = ExecutionWorker._get_evaluation_environment

    def evaluation_environment(self: Any) -> Any:
        env = original(self)
        execution = env.states.context_object.context_object_data["Execution"]
        execution["StartTime"] = timestamp(execution["StartTime"])
        execution["RedriveCount"] = 0
        return env

    replace_attribute(ExecutionWorker, "_get_evaluation_environment", evaluation_environment)


def _write_output_as_json() -> None:
    """moto's DescribeExecution breaks on results that hold dates, and says SUCCEEDED before it has the output."""

    def reflect(self: Any) -> None:
        execution, env = self.execution, self.execution.exec_worker.env
        ended = env.program_state()
        execution.stop_date = datetime.datetime.now(datetime.UTC)
        if isinstance(ended, ProgramEnded):
            execution.output = to_json_str(env.states.get_input(), separators=(",", ":"))
        if isinstance(ended, ProgramError):
            details = ended.error or {}
            execution.error, execution.cause = details.get("error"), details.get("cause")
        execution.exec_status = _STATUS_OF[type(ended)]

    replace_attribute(BaseExecutionWorkerCommunication, "_reflect_execution_status", reflect)


def _name_unnamed_executions() -> None:
    """moto names every unnamed execution None, so that there can be only one a state machine."""
    original = StepFunctionsParserBackend.start_execution

    def start_execution(
        self: Any, state_machine_arn: str, name: str | None = None, execution_input: str | None = None, *rest: Any
    ) -> Any:
        return original(self, state_machine_arn, name or str(uuid.uuid4()), execution_input, *rest)

    replace_attribute(StepFunctionsParserBackend, "start_execution", start_execution)


def _pass_on_the_errors_of_states() -> None:
    """moto breaks where an error such as States.TaskFailed is passed on, by Fail states and out of Parallel or Map."""
    for module in (state_fail, branches_decl, iteration_worker, state_task_service_callback):
        replace_attribute(module, "CustomErrorName", ErrorName)


def json_document(value: Any) -> Any:
    """The value as it is after a trip through JSON: dates become text."""
    return json.loads(to_json_str(value))
