"""Repairs of moto 5.2.5's distributed Map: batches, tolerated failures, long listings, rounds that see no variables."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from moto.stepfunctions.parser.api import HistoryEventType, MapRunFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.eval.resource_eval_s3 import (
    ResourceEvalS3,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (
    DistributedIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
    distributed_item_processor_worker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.job import JobPool
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.exec.state_task.credentials import StateCredentials
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError
from moto.stepfunctions.parser.asl.eval.states import ItemData, MapData
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from pipelinegen.local.cloud.interpreter import evaluated, variables
from pipelinegen.local.cloud.replacing import replace_attribute

#: Fields that moto's grammar does not take; they travel in the state's comment, behind this mark, in hexadecimal
#: digits, since comments keep the escapes of JSON.
_FIELDS: Final = ("ItemBatcher", "ResultWriter", "ToleratedFailurePercentage", "ToleratedFailureCount")
_MARK: Final = " #map-fields:"
#: The attribute that holds who tells what happens, while a Map runs.
_EVENTS: Final = "pipelinegen_events"
_WORKER: Final = distributed_item_processor_worker.DistributedItemProcessorWorker


@dataclass(frozen=True, slots=True)
class Batch:
    """Items of one round, and the number of the first."""

    items: tuple[Any, ...]
    first: int


@dataclass(frozen=True, slots=True)
class Failed:
    """What a round gives that failed."""

    error: str
    cause: str


def install() -> None:
    """Makes all repairs of this module."""
    _take_all_fields()
    _run_rounds()
    _tell_failed_rounds()
    _give_batches()
    _list_everything()


def _take_all_fields() -> None:
    """moto's grammar knows no ItemBatcher, and refuses tolerated failures in JSONata mode."""
    parse = AmazonStateLanguageParser.parse

    def parse_all(definition: str) -> Any:
        try:
            machine = json.loads(definition)
        except ValueError:
            return parse(definition)
        changed = [_hide(state) for state in _maps(machine)]
        return parse(json.dumps(machine)) if any(changed) else parse(definition)

    replace_attribute(AmazonStateLanguageParser, "parse", staticmethod(parse_all))
    original = StateMap.from_state_props

    def from_state_props(self: Any, state_props: Any) -> None:
        original(self, state_props)
        _, _, hidden = (self.comment.comment if self.comment else "").partition(_MARK)
        self.iteration_component.fields = json.loads(bytes.fromhex(hidden)) if hidden else {}

    replace_attribute(StateMap, "from_state_props", from_state_props)


def _maps(machine: Any) -> Iterator[dict[str, Any]]:
    states = machine.get("States") if isinstance(machine, dict) else None
    for state in states.values() if isinstance(states, dict) else ():
        if not isinstance(state, dict):
            continue
        if state.get("Type") == "Map":
            yield state
        for inner in (*(state.get("Branches") or ()), state.get("ItemProcessor"), state.get("Iterator")):
            yield from _maps(inner)


def _hide(state: dict[str, Any]) -> bool:
    found = {name: state.pop(name) for name in _FIELDS if name in state}
    if found:
        state["Comment"] = f"{state.get('Comment', '')}{_MARK}{json.dumps(found).encode().hex()}"
    return bool(found)


def _run_rounds() -> None:
    """moto tolerates every failure, gives null for it, and starts as many threads as may run at a time."""

    begin = DistributedIterationComponent._eval_body

    def eval_body(self: Any, env: Any) -> None:
        setattr(env, _EVENTS, env.event_manager)
        begin(self, env)

    replace_attribute(DistributedIterationComponent, "_eval_body", eval_body)

    def map_run(self: Any, env: Any, eval_input: Any) -> None:
        # moto drops what happens in rounds; here it is told with the rest, for whoever looks on.
        env.event_manager = getattr(env, _EVENTS)
        given = env.stack.pop()
        fields = getattr(self, "fields", {})
        inputs = _batches(given, fields["ItemBatcher"]) if "ItemBatcher" in fields else given
        pool = JobPool(job_program=self._get_iteration_program(), job_inputs=inputs)
        most = eval_input.map_run_record.max_concurrency or len(inputs)
        env.batch_input = _template(fields.get("ItemBatcher", {}).get("BatchInput"), env)
        for _ in range(min(most, len(inputs))):
            self._launch_worker(env=env, eval_input=eval_input, job_pool=pool)
        pool.await_jobs()
        if (broken := pool.get_worker_exception()) is not None:
            raise broken
        outputs = [job.job_output for job in pool.get_closed_jobs()]
        failed = [output for output in outputs if isinstance(output, Failed)]
        if failed and not _tolerated(fields, len(failed), len(inputs), env):
            raise FailureEventException(_too_many(env, failed[0]))
        good = [output for output in outputs if not isinstance(output, Failed)]
        stored = fields.get("ResultWriter", {}).get("Resource")
        env.stack.append(_store(good, _template(fields["ResultWriter"], env), eval_input, env) if stored else good)

    replace_attribute(DistributedIterationComponent, "_map_run", map_run)


def _batches(items: list[Any], batcher: dict[str, Any]) -> list[Batch]:
    size = int(batcher.get("MaxItemsPerBatch", len(items) or 1))
    return [Batch(tuple(items[start : start + size]), start) for start in range(0, len(items), size)]


def _tolerated(fields: dict[str, Any], failed: int, rounds: int, env: Any) -> bool:
    percentage = _template(fields.get("ToleratedFailurePercentage"), env)
    count = _template(fields.get("ToleratedFailureCount"), env)
    if percentage is None and count is None:
        return False
    return (percentage is None or failed * 100 <= percentage * rounds) and (count is None or failed <= count)


def _store(outputs: list[Any], writer: dict[str, Any], eval_input: Any, env: Any) -> dict[str, Any]:
    """Writes what rounds gave as one file, and the manifest that names it; moto writes a manifest of no files."""
    place = writer.get("Arguments") or writer["Parameters"]
    bucket, run = place["Bucket"], eval_input.map_run_record.map_run_arn
    folder = "/".join(part for part in (place.get("Prefix", "").rstrip("/"), run.rpartition(":")[2]) if part)
    credentials = StateCredentials(role_arn=env.aws_execution_details.role_arn)
    client = boto_client.boto_client_for(
        region=env.aws_execution_details.region, service="s3", state_credentials=credentials
    )
    content = to_json_str(outputs).encode()
    client.put_object(Bucket=bucket, Key=f"{folder}/SUCCEEDED_0.json", Body=content)
    files = {"FAILED": [], "PENDING": [], "SUCCEEDED": [{"Key": f"{folder}/SUCCEEDED_0.json", "Size": len(content)}]}
    manifest = {"DestinationBucket": bucket, "MapRunArn": run, "ResultFiles": files}
    client.put_object(Bucket=bucket, Key=f"{folder}/manifest.json", Body=json.dumps(manifest).encode())
    return {"MapRunArn": run, "ResultWriterDetails": {"Bucket": bucket, "Key": f"{folder}/manifest.json"}}


def _too_many(env: Any, first: Failed) -> FailureEvent:
    cause = f"The specified tolerated failure threshold was exceeded; the first failure: {first.error}: {first.cause}"
    name = StatesErrorName(typ=StatesErrorNameType.StatesExceedToleratedFailureThreshold)
    details = MapRunFailedEventDetails(error=name.error_name, cause=cause)
    return FailureEvent(
        env=env,
        error_name=name,
        event_type=HistoryEventType.MapRunFailed,
        event_details=EventDetails(mapRunFailedEventDetails=details),
    )


def _template(value: Any, env: Any) -> Any:
    """A value of a definition with its expressions evaluated."""
    if isinstance(value, dict):
        return {key: _template(item, env) for key, item in value.items()}
    if isinstance(value, list):
        return [_template(item, env) for item in value]
    if isinstance(value, str) and value.startswith("{%"):
        return evaluated(env, value[2:-2].strip(), {**variables(env), "states": env.states._states_data})
    return value


def _tell_failed_rounds() -> None:
    """moto makes no difference between a round that failed and one that gave null."""
    original = _WORKER._eval_job

    def eval_job(self: Any, env: Any, job: Any) -> None:
        original(self, env, job)
        ended = env.program_state()
        if not isinstance(ended, ProgramEnded):
            error = (ended.error or {}) if isinstance(ended, ProgramError) else {}
            job.job_output = Failed(str(error.get("error", "States.Runtime")), str(error.get("cause", "")))

    replace_attribute(_WORKER, "_eval_job", eval_job)


def _give_batches() -> None:
    """moto has no batches, and lets rounds see the variables around the Map, which AWS does not."""
    original = _WORKER._eval_input

    def eval_input(self: Any, env_frame: Any) -> None:
        context = env_frame.states.context_object.context_object_data
        given = context["Map"]["Item"]["Value"]
        if not isinstance(given, Batch):
            original(self, env_frame)
        else:
            items = []
            for place, value in enumerate(given.items, given.first):
                context["Map"] = MapData(Item=ItemData(Index=place, Value=value))
                env_frame.states.reset(value)
                original(self, env_frame)
                items.append(env_frame.states.get_input())
            more = {} if self._env.batch_input is None else {"BatchInput": self._env.batch_input}
            env_frame.states.reset({"Items": items, **more})
        env_frame.variable_store = VariableStore()

    replace_attribute(_WORKER, "_eval_input", eval_input)


def _list_everything() -> None:
    """moto lists the first 1,000 objects, breaks if there are none, and writes them as boto3 does."""

    def list_objects(env: Any, resource_runtime_part: Any, state_credentials: Any) -> None:
        client = ResourceEvalS3._get_s3_client(
            resource_runtime_part=resource_runtime_part, state_credentials=state_credentials
        )
        pages = client.get_paginator("list_objects_v2").paginate(**env.stack.pop())
        found = [item for page in pages for item in page.get("Contents", ())]
        env.stack.append(
            [
                {
                    "Etag": item["ETag"],
                    "Key": item["Key"],
                    "LastModified": int(item["LastModified"].timestamp()),
                    "Size": item["Size"],
                    "StorageClass": item.get("StorageClass", "STANDARD"),
                }
                for item in found
            ]
        )

    replace_attribute(ResourceEvalS3, "_handle_list_objects_v2", staticmethod(list_objects))
