"""Frozen dataclasses of the intermediate representation: pipeline, steps, artifacts, permissions, resources."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from pipelinegen.errors import Span
from pipelinegen.ir.artifacts import Artifact as Artifact
from pipelinegen.ir.artifacts import Dataset as Dataset
from pipelinegen.ir.artifacts import DatedFiles as DatedFiles
from pipelinegen.ir.artifacts import Endpoint as Endpoint
from pipelinegen.ir.artifacts import Folder as Folder
from pipelinegen.ir.artifacts import GivenFiles as GivenFiles
from pipelinegen.ir.artifacts import Metric as Metric
from pipelinegen.ir.artifacts import Model as Model
from pipelinegen.ir.artifacts import PerItem as PerItem
from pipelinegen.ir.artifacts import Predictions as Predictions
from pipelinegen.ir.artifacts import Recommender as Recommender
from pipelinegen.ir.artifacts import RedisHashes as RedisHashes
from pipelinegen.ir.artifacts import StoredFiles as StoredFiles
from pipelinegen.ir.artifacts import Table as Table
from pipelinegen.ir.artifacts import Value as Value
from pipelinegen.ir.infrastructure import HttpConnection
from pipelinegen.ir.infrastructure import Infrastructure as Infrastructure
from pipelinegen.ir.infrastructure import ModelRegistry as ModelRegistry
from pipelinegen.ir.infrastructure import RedisCache as RedisCache
from pipelinegen.ir.infrastructure import ServerlessBounds as ServerlessBounds
from pipelinegen.ir.infrastructure import Topic as Topic
from pipelinegen.ir.values import Bookmark as Bookmark
from pipelinegen.ir.values import Check as Check
from pipelinegen.ir.values import Column as Column
from pipelinegen.ir.values import DeclaredType as DeclaredType
from pipelinegen.ir.values import Json as Json
from pipelinegen.ir.values import Jsonata as Jsonata
from pipelinegen.ir.values import Location as Location
from pipelinegen.ir.values import Window as Window


@dataclass(frozen=True, slots=True)
class Loop:
    """What a step does once for each item: its own block; `item` and `index` are the variables of one round.

    Rounds of a distributed loop are executions of their own, which see no variable that is not handed to them.
    """

    item: str
    index: str
    distributed: bool
    collect: Json


class Service(StrEnum):
    """AWS services that take a role, by their trust principal."""

    GLUE = "glue.amazonaws.com"
    SAGEMAKER = "sagemaker.amazonaws.com"
    LAMBDA = "lambda.amazonaws.com"
    STATES = "states.amazonaws.com"
    SCHEDULER = "scheduler.amazonaws.com"
    EVENTS = "events.amazonaws.com"
    ECS = "ecs-tasks.amazonaws.com"


@dataclass(frozen=True, slots=True)
class RoleKey:
    """A role before it is named: its service, its step (None: the pipeline's own), a purpose where a step has two."""

    service: Service
    step: str | None = None
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Permission:
    """API calls that a role makes, and on what; `sid` says why in one CamelCase word."""

    role: RoleKey
    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    why_every_resource: str | None = None
    effect: str = "Allow"
    #: Why, where the spec itself gives or limits the statement.
    by_hand: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """What a spec's `iam:` changes of derived roles: `what` is extra, remove, limit or deny."""

    what: str
    roles: tuple[str, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]
    reason: str
    span: Span


@dataclass(frozen=True, slots=True)
class Role:
    """A named role with everything it may do."""

    key: RoleKey
    name: str
    permissions: tuple[Permission, ...]


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file to render: its path below the environment's folder, its template, and what the template is given."""

    path: str
    template: str
    context: object


@dataclass(frozen=True, slots=True)
class GlueJob:
    """A Glue job and the script it runs."""

    name: str
    step: str
    role: RoleKey
    script: str
    worker_type: str
    workers: int
    timeout_minutes: int
    reads_warehouse: bool
    arguments: Mapping[str, str]
    report: Location
    #: The folder of generated files that holds the user's own code, to be imported by the script.
    code: str | None = None
    #: Two runs with a bookmark at the same time would both begin at the same mark.
    concurrent_runs: int = 3


@dataclass(frozen=True, slots=True)
class LambdaFunction:
    """A Lambda function whose bundle is a folder of generated files plus packages of the runtime."""

    name: str
    step: str
    role: RoleKey
    handler: str
    folder: str
    packages: tuple[str, ...]
    memory_mib: int
    timeout_seconds: int
    environment: Mapping[str, str]
    reaches_redis: bool
    in_vpc: bool = True
    internet: bool = False
    runtime: str = "python3.11"
    concurrency: int = 2


@dataclass(frozen=True, slots=True)
class Image:
    """A container image, pushed to its own repository under a tag of its content."""

    name: str
    folder: str
    base: str
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Api:
    """An HTTP service on Fargate; `front` is the name of its load balancer."""

    name: str
    front: str
    step: str
    role: RoleKey
    image: str
    domain: str
    settings: str
    environment: Mapping[str, str]
    secrets: Mapping[str, tuple[str, str]]
    cpu_units: int
    memory_mib: int
    tasks: int


@dataclass(frozen=True, slots=True)
class HttpApi:
    """A function behind an HTTP API of API Gateway."""

    name: str
    step: str
    role: RoleKey
    handler: str
    domain: str
    settings: str
    environment: Mapping[str, str]
    secrets: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SagemakerJob:
    """A training or processing job, as the `security group` and `image` it needs."""

    step: str
    role: RoleKey
    image: str
    hosts: int = 1


Resource = (
    HttpConnection
    | GlueJob
    | LambdaFunction
    | Image
    | Api
    | HttpApi
    | SagemakerJob
    | RedisCache
    | ModelRegistry
    | Topic
)


class ContentKeys(Protocol):
    """What is known only once a step's other files are rendered: names made of hashes of content."""

    def script_key(self, script: str) -> str:
        """The object key of a Glue script."""

    def glue_arguments(self, job: GlueJob) -> Mapping[str, str]:
        """The job's default arguments, the runtime's library among them, sorted."""

    def function_key(self, function: LambdaFunction) -> str:
        """The object key of a function's bundle."""


@dataclass(frozen=True, slots=True)
class ResourcesFile:
    """A step's own Terraform file, its context made once content is known; `exports`: template variable to HCL."""

    template: str
    context: Callable[[ContentKeys], object]
    exports: Mapping[str, str] = field(default_factory=dict)
    #: Further files with the same context: what follows the step's name, and the template.
    parts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a failed task is tried again."""

    max_attempts: int
    interval_seconds: int
    backoff_rate: float
    jitter: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step, complete: what it needs, gives, may do, and the files and states that carry it.

    `otherwise` gives variables their values when the step does not run (null where it names none); a step that
    `tolerates_skipped` runs although a step it refers to did not.
    `block` is empty, or names the loop whose body the step is part of.
    `loads_promoted` is the role that reads the files of the promoted model, whichever step has made it.
    A step that `runs_alone` has states that AWS takes neither in a loop nor beside those of others.
    `own_variables` are set by raw states of the user's, inside of a state of the step.
    `copies` are texts of the user's, by the path where they are generated; `secrets` the names of those it reads.
    """

    name: str
    kind: str
    title: str
    description: str
    span: Span
    needs: tuple[str, ...]
    outputs: Mapping[str, Artifact]
    permissions: tuple[Permission, ...] = ()
    resources: tuple[Resource, ...] = ()
    files: tuple[OutputFile, ...] = ()
    copies: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    state: OutputFile | None = None
    resources_file: ResourcesFile | None = None
    assigns: tuple[str, ...] = ()
    own_variables: tuple[str, ...] = ()
    runs_alone: bool = False
    otherwise: Mapping[str, Json] = field(default_factory=dict)
    tolerates_skipped: bool = False
    reads_promoted: bool = False
    loads_promoted: RoleKey | None = None
    guard: Jsonata | None = None
    retry: Retry | None = None
    may_fail: bool = False
    summary: Mapping[str, Json] = field(default_factory=dict)
    loop: Loop | None = None
    failure_notice: Json = None
    #: How it keeps sensitive columns out of S3 where nobody can look into it, in the user's words.
    sensitive_data: str | None = None
    block: str = ""

    @property
    def ran(self) -> str | None:
        """The variable that says whether the step did its work, where it may not have."""
        return f"{self.name}_ran" if self.guard or self.may_fail else None

    @property
    def variables(self) -> tuple[str, ...]:
        """Every variable that is set once the step is over."""
        return (*self.assigns, self.ran) if self.ran else self.assigns


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the pipeline starts by itself, and with which parameters; `expression` is `cron(…)` or `rate(…)`."""

    label: str
    expression: str
    timezone: str
    parameters: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Trigger:
    """An event that starts the pipeline; `parameters` and `date` are expressions of the execution's input.

    `foreign_bucket` is the bucket of others for whose objects it waits, if it does.
    """

    label: str
    bus: str
    pattern: Mapping[str, Json]
    parameters: Mapping[str, Json]
    date: Jsonata | None
    foreign_bucket: str | None


@dataclass(frozen=True, slots=True)
class Warehouse:
    """Where datasets are read from: a database with a secret, or files below `places` in buckets of others."""

    kind: str
    secret: str | None = None
    database: str | None = None
    places: tuple[Location, ...] = ()
    format: str = "parquet"
    kms_key: str | None = None

    @property
    def is_database(self) -> bool:
        """Whether it is read by JDBC, from within the network."""
        return self.secret is not None

    def folder(self, table: str) -> Location:
        """Where the files of a table lie below the one place; dots in its name are slashes."""
        return self.places[0].below(table.replace(".", "/"))


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One pipeline in one environment."""

    name: str
    environment: str
    description: str
    source: str
    account_id: str
    region: str
    tags: Mapping[str, str]
    schedules: tuple[Schedule, ...]
    warehouse: Warehouse | None
    protection_secret: str | None
    notify: str | None
    local_data: str | None
    parameters: Mapping[str, Json]
    parameter_types: Mapping[str, DeclaredType]
    steps: tuple[Step, ...]
    roles: tuple[Role, ...]
    triggers: tuple[Trigger, ...]
    infrastructure: Infrastructure
    #: Permissions by hand, for every report.
    policy_changes: tuple[PolicyChange, ...] = ()
    #: The name of the instance, where the spec has several; `name` ends with it.
    instance: str | None = None
    #: The files that the spec includes, by the name that spans have, with the name that generated files give them.
    included: Mapping[str, str] = field(default_factory=dict)

    def cited(self, span: Span) -> str:
        """A place of the spec or of what it includes, as generated files name it."""
        return f"{self.included.get(span.file, self.source)}:{span.line}"

    def role(self, key: RoleKey) -> Role:
        """The role of a key."""
        return next(role for role in self.roles if role.key == key)
