"""Constrained values that pipeline and step kinds share. Limits cite their AWS source."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, WithJsonSchema

from pipelinegen.errors import suggest
from pipelinegen.spec.aws_values import ListedRegions, check_account, check_region, check_secret_name
from pipelinegen.spec.cron import RATE, check_cron, check_rate, check_timezone
from pipelinegen.spec.value_errors import SpecValueError as SpecValueError

#: Generated names join these with '-'; what is then longer than AWS takes is shortened, and must stay readable.
MAX_PIPELINE_NAME = 32
MAX_ENVIRONMENT_NAME = 12
MAX_INSTANCE_NAME = 24
#: Longer texts are no name of anything, and not worth matching.
MAX_WORD = 4096
MAX_STEP_NAME = 30

#: Names of states, security groups and folders that are there whatever the steps are.
RESERVED_STEP_NAMES = frozenset(
    {
        "bookmarks",
        "done",
        "endpoints",
        "glue",
        "go_on_after_redrive",
        "notify_failure",
        "pipeline_failed",
        "read_promoted_model",
        "redis",
        "redis_rotation",
        "reports",
        "sagemaker",
        "start_run",
    }
)

_STEP_NAME = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"
IDENTIFIER = r"[a-z][a-z0-9_]*"
_CRON_FIELD = r"[0-9A-Z*?,/\-#LW]+"


class StrictModel(BaseModel):
    """A part of the spec: unknown keys are errors, nothing is coerced, nothing changes later."""

    # Validators of parts are built inside those of their wholes; deferring saves building each of them once more.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


def exactly_one(*keys: str | tuple[str, ...]) -> ConfigDict:
    """What the schema says of a part that has one of these keys, or of these sets of keys.

    The part's validator says the same to the compiler.
    """
    forms = [(key,) if isinstance(key, str) else key for key in keys]
    return ConfigDict(json_schema_extra={"oneOf": [given(*form) for form in forms]})


def at_least_one(*keys: str) -> ConfigDict:
    """As `exactly_one`, of a part that may have several."""
    return ConfigDict(json_schema_extra={"anyOf": [given(key) for key in keys]})


def given(*keys: str) -> JsonValue:
    """What the schema says of a part that has all of these keys, none of them null."""
    return {"required": list(keys), "properties": {key: {"not": {"type": "null"}} for key in keys}}


def _kebab(limit: int, what: str) -> AfterValidator:
    def check(value: str) -> str:
        if len(value) > limit:
            raise SpecValueError(
                f"'{value[:60]}' has {len(value)} characters; {what} has at most {limit}: names are made of it",
                f"shorten it to {limit} characters",
                "PG016",
            )
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", value):
            raise SpecValueError(
                f"'{value[:60]}' is no name S3 and SageMaker take: a-z, 0-9 and single '-', starting with a letter",
                "use lower case with '-' between words",
                "PG016",
            )
        return value

    return AfterValidator(check)


PipelineName = Annotated[
    str,
    _kebab(MAX_PIPELINE_NAME, "a pipeline name"),
    WithJsonSchema({"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "maxLength": MAX_PIPELINE_NAME}),
]
EnvironmentName = Annotated[
    str,
    _kebab(MAX_ENVIRONMENT_NAME, "an environment name"),
    WithJsonSchema({"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "maxLength": MAX_ENVIRONMENT_NAME}),
]
InstanceName = Annotated[
    str,
    _kebab(MAX_INSTANCE_NAME, "an instance name"),
    WithJsonSchema({"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "maxLength": MAX_INSTANCE_NAME}),
]


def _step_name(value: str) -> str:
    if len(value) > MAX_STEP_NAME:
        raise SpecValueError(
            f"'{value[:60]}' has {len(value)} characters; a step name has at most {MAX_STEP_NAME}, "
            "for AWS limits the names made of it",
            f"shorten it to {MAX_STEP_NAME} characters",
            "PG016",
        )
    if not re.fullmatch(_STEP_NAME, value):
        help = "use words of a-z and 0-9 with single '_' between them, starting with a letter"
        raise SpecValueError(f"'{value[:60]}' is no step name", help, "PG016")
    if value in RESERVED_STEP_NAMES:
        message = f"'{value}' is a name that every pipeline uses itself, for a state, a security group or a folder"
        raise SpecValueError(message, f"call the step something else, such as '{value}_step'", "PG016")
    return value


def _pattern(pattern: str, what: str, help: str) -> AfterValidator:
    def check(value: str) -> str:
        if len(value) > MAX_WORD or not re.fullmatch(pattern, value):
            raise SpecValueError(f"'{value[:60]}' is no {what}", help)
        return value

    return AfterValidator(check)


def _text(pattern: str, what: str, help: str) -> tuple[AfterValidator, WithJsonSchema]:
    return _pattern(pattern, what, help), WithJsonSchema({"type": "string", "pattern": f"^({pattern})$"})


#: A text of a pattern, for the fields of other modules.
text_field = _text

StepName = Annotated[
    str,
    AfterValidator(_step_name),
    WithJsonSchema({"type": "string", "pattern": f"^{_STEP_NAME}$", "maxLength": MAX_STEP_NAME}),
]
Identifier = Annotated[str, *_text(IDENTIFIER, "name", "use a-z, 0-9 and '_', starting with a letter")]
AccountId = Annotated[str, AfterValidator(check_account), WithJsonSchema({"type": "string", "pattern": "^[0-9]{12}$"})]
Region = Annotated[str, AfterValidator(check_region), ListedRegions()]
Email = Annotated[
    str,
    # 64 and 255 are RFC 5321's; without them a long text would be matched again from each of its dots on.
    *_text(
        r"[^@\s\"\\${}%]{1,64}@[^@\s\"\\${}%]{1,190}\.[^@\s\"\\${}%]{1,64}",
        "e-mail address",
        "write it as name@example.com",
    ),
]
TableName = Annotated[
    str,
    *_text(
        r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*){0,2}",
        "table name",
        "write table, schema.table or catalog.schema.table",
    ),
]
SecretName = Annotated[
    str,
    AfterValidator(check_secret_name),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9/_+=.@-]{1,512}$"}),
]
Rate = Annotated[str, AfterValidator(check_rate), WithJsonSchema({"type": "string", "pattern": f"^({RATE})$"})]
Timezone = Annotated[
    str,
    AfterValidator(check_timezone),
    WithJsonSchema({"type": "string", "pattern": r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}$"}),
]
S3Prefix = Annotated[
    str,
    *_text(
        r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/([A-Za-z0-9!_.=-]+/)*",
        "place in S3",
        "write s3://bucket/prefix/ with a final slash",
    ),
]
RedisKey = Annotated[
    str,
    *_text(r"[A-Za-z0-9:_./-]*\{user_id\}[A-Za-z0-9:_./-]*", "key pattern", "write it like recommendations:{user_id}"),
]
Cron = Annotated[
    str,
    AfterValidator(check_cron),
    WithJsonSchema({"type": "string", "pattern": rf"^{_CRON_FIELD}( {_CRON_FIELD}){{5}}$"}),
]


def _include(value: Any) -> Any:
    if not isinstance(value, str) and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        raise SpecValueError("'include' wants the path of a file, or a list of them", "write include: [shared.yaml]")
    return value


_PATHS: JsonValue = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Include = Annotated[Any, AfterValidator(_include), WithJsonSchema(dict(_PATHS))]
FreeText = Annotated[str, Field(min_length=1, max_length=1000)]
PositiveInt = Annotated[int, Field(ge=1)]
TimeoutMinutes = Annotated[int, Field(ge=1, le=2880, description="The job is stopped, and fails, after this time")]

#: A day such as 2026-01-31; digits of other scripts are none.
DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_HOUR_AND_MINUTE = "([01][0-9]|2[0-3]):[0-5][0-9]"
#: A moment as Step Functions reads one (a profile of RFC 3339).
MOMENT = rf"{DAY}T{_HOUR_AND_MINUTE}:[0-5][0-9](\.[0-9]{{1,9}})?(Z|[+-]{_HOUR_AND_MINUTE})"
_SCALAR_TYPES = ("string", "int", "bigint", "float", "double", "boolean", "date", "timestamp")
_UP_TO_38 = "[12][0-9]|3[0-8]"
_SCALAR_TYPE = rf"({'|'.join(_SCALAR_TYPES)}|decimal\(([1-9]|{_UP_TO_38}),([0-9]|{_UP_TO_38})\))"
_COLUMN_TYPE = rf"({_SCALAR_TYPE}|array<{_SCALAR_TYPE}>)"


def _column_type(value: str) -> str:
    """Spark's words; a decimal has at most 38 digits (Spark's DecimalType), of which those after the point are some."""
    if not re.fullmatch(_COLUMN_TYPE, value):
        known = [*_SCALAR_TYPES, "decimal(12,2)", "array<string>"]
        raise SpecValueError(f"'{value[:60]}' is no type of columns", suggest(value, known, "types"))
    digits = re.search(r"decimal\((\d+),(\d+)\)", value)
    if digits and int(digits.group(2)) > int(digits.group(1)):
        message = f"'{value}' has more digits after the point than digits"
        raise SpecValueError(message, "write decimal(<all digits>,<digits after the point>), such as decimal(12,2)")
    return value


ColumnType = Annotated[
    str,
    AfterValidator(_column_type),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"^{_COLUMN_TYPE}$",
            "examples": [*_SCALAR_TYPES, "decimal(12,2)", "array<string>"],
        }
    ),
]
S3Folder = Annotated[
    str,
    *_text(
        r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/([A-Za-z0-9!_.=-]+/)*",
        "folder in S3",
        "write s3://bucket/folder/, with a slash at the end",
    ),
]
#: A folder, and never a whole bucket.
S3SubFolder = Annotated[
    str,
    *_text(
        r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/([A-Za-z0-9!_.=-]+/)+",
        "folder in a bucket",
        "write s3://bucket/folder/, with a slash at the end: a whole bucket is more than a job may read",
    ),
]
KmsKeyArn = Annotated[
    str,
    *_text(
        r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64}",
        "ARN of a KMS key",
        "write arn:aws:kms:<region>:<account>:key/<id>",
    ),
]
_PARAMETER = rf"\$\{{parameters\.{IDENTIFIER}\}}"


def _days(value: Any) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if not is_number and not (isinstance(value, str) and re.fullmatch(_PARAMETER, value)):
        found = f"'{value[:60]}'" if isinstance(value, str) else str(value)[:60]
        help = "write a number from 1 on, or ${parameters.<name>} for one that is given"
        raise SpecValueError(f"a window has a whole number of days, found {found}", help)
    return value


#: A number, or the parameter that is one.
Days = Annotated[
    Any,
    AfterValidator(_days),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": f"^{_PARAMETER}$"}]}),
]
_DAY_OR_MOMENT = f"{DAY}( {_HOUR_AND_MINUTE}:[0-5][0-9])?"


def _number_or_moment(value: Any) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    is_moment = isinstance(value, str) and re.fullmatch(_DAY_OR_MOMENT, value) and _on_calendar(value)
    if not is_number and not is_moment:
        found = f"'{value[:60]}'" if isinstance(value, str) else str(value)[:60]
        help = "write a number, 2026-01-01 or 2026-01-01 06:00:00"
        raise SpecValueError(f"{found} is neither a whole number nor a date", help)
    return value


def _on_calendar(text: str) -> bool:
    try:
        return bool(datetime.fromisoformat(text))
    except ValueError:
        return False


#: A whole number, a date, or a date and a time of day in UTC.
NumberOrMoment = Annotated[
    Any,
    AfterValidator(_number_or_moment),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": -(2**63) + 1, "maximum": 2**63 - 1},
                {"type": "string", "pattern": f"^{_DAY_OR_MOMENT}$"},
            ]
        }
    ),
]
ColumnOfDataset = Annotated[
    str, *_text(rf"{IDENTIFIER}\.{IDENTIFIER}", "column of a dataset", "write <dataset>.<column>")
]


class RawStep(BaseModel):
    """A step before its kind has typed it."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    kind: str
