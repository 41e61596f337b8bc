"""The fields of states in both query languages (Amazon States Language specification, states-language.net)."""

from collections.abc import Mapping
from typing import Final

_EVERYWHERE: Final = frozenset({"Type", "Comment", "QueryLanguage"})
_MOVING: Final = _EVERYWHERE | {"Next", "End", "Assign"}
_FALLIBLE: Final = _MOVING | {"Retry", "Catch"}
_MAP: Final = {
    "ItemBatcher",
    "ItemProcessor",
    "ItemReader",
    "ItemSelector",
    "Label",
    "MaxConcurrency",
    "ResultWriter",
    "ToleratedFailureCount",
    "ToleratedFailurePercentage",
}
_PATHS: Final = {"InputPath", "OutputPath"}
_RESULTS: Final = {"Parameters", "ResultPath", "ResultSelector"} | _PATHS
_TASK: Final = _FALLIBLE | {"Credentials", "HeartbeatSeconds", "Resource", "TimeoutSeconds"}

#: What a state of each type may have with JSONata.
JSONATA: Final[Mapping[str, frozenset[str]]] = {
    "Choice": _EVERYWHERE | {"Assign", "Choices", "Default", "Output"},
    "Fail": _EVERYWHERE | {"Cause", "Error"},
    "Map": _FALLIBLE | _MAP | {"Items", "Output"},
    "Parallel": _FALLIBLE | {"Arguments", "Branches", "Output"},
    "Pass": _MOVING | {"Output"},
    "Succeed": _EVERYWHERE | {"Output"},
    "Task": _TASK | {"Arguments", "Output"},
    "Wait": _MOVING | {"Output", "Seconds", "Timestamp"},
}

#: The same with JSONPath.
JSONPATH: Final[Mapping[str, frozenset[str]]] = {
    "Choice": _EVERYWHERE | _PATHS | {"Assign", "Choices", "Default"},
    "Fail": _EVERYWHERE | {"Cause", "CausePath", "Error", "ErrorPath"},
    "Map": _FALLIBLE
    | _MAP
    | _RESULTS
    | {
        "ItemsPath",
        "Iterator",
        "MaxConcurrencyPath",
        "ToleratedFailureCountPath",
        "ToleratedFailurePercentagePath",
    },
    "Parallel": _FALLIBLE | _RESULTS | {"Branches"},
    "Pass": _MOVING | _PATHS | {"Parameters", "Result", "ResultPath"},
    "Succeed": _EVERYWHERE | _PATHS,
    "Task": _TASK | _RESULTS | {"HeartbeatSecondsPath", "TimeoutSecondsPath"},
    "Wait": _MOVING | _PATHS | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
}

#: What each type cannot do without.
REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "Choice": ("Choices",),
    "Parallel": ("Branches",),
    "Task": ("Resource",),
}

#: Types that never say what comes next.
ENDING: Final = frozenset({"Succeed", "Fail"})
