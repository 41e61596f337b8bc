"""What steps give to others: data, models, metrics, values."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelinegen.ir.values import Bookmark, Check, Column, Jsonata, Location, Window


class Artifact:
    """What a step gives to others."""


class StoredFiles(Artifact, ABC):
    """Files in S3: `location` is where they lie in all runs, `uri` where in this one."""

    location: Location

    @property
    @abstractmethod
    def uri(self) -> Jsonata:
        """Where they lie in this run."""


class DatedFiles(StoredFiles):
    """Files in a folder of each run's date."""

    @property
    def uri(self) -> Jsonata:
        """The folder of the run's date."""
        return self.location.dated()


@dataclass(frozen=True, slots=True)
class GivenFiles(StoredFiles):
    """Files whose address, somewhere below a known prefix, an execution is given."""

    location: Location
    given: Jsonata

    @property
    def uri(self) -> Jsonata:
        """The address as it was given."""
        return self.given


@dataclass(frozen=True, slots=True)
class Dataset(Artifact):
    """A data contract; `table` is None for one that only steps produce.

    `checks` are all of them, those that keys, freshness and columns without null imply first. The files of a table
    lack the columns in `partitions`: their values stand in the names of folders.
    """

    name: str
    columns: tuple[Column, ...]
    checks: tuple[Check, ...] = ()
    table: str | None = None
    window: Window | None = None
    bookmark: Bookmark | None = None
    partitions: tuple[str, ...] = ()
    description: str | None = None

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class Table(DatedFiles):
    """Parquet files of one run, with the columns of a dataset; `is_checked` if its checks were enforced before.

    `ways` say by which way the values of a column have come here, where that is known.
    """

    dataset: Dataset
    location: Location
    is_checked: bool = False
    ways: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Model(Artifact):
    """A model artifact: model.tar.gz, the job that made it, and its metrics; `gated_by` names what it went through.

    `image` is the one it was trained in, which can serve it, too.
    """

    uri: Jsonata
    version: Jsonata
    metrics: Jsonata
    location: Location
    image: str
    gated_by: tuple[str, ...] = ()
    accepted: Jsonata | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommender(Model):
    """A model that orders items for users; it knows both by columns of the tables it was trained with.

    `categorical` and `numeric` are the features of items that it was trained with, and needs to tell what it would.
    """

    item_column: str
    user: Column
    time_column: str
    categorical: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metric(Artifact):
    """A number of a model, and the same number of the promoted model on the same data."""

    name: str
    goal: str
    value: Jsonata
    promoted: Jsonata
    model: Model


@dataclass(frozen=True, slots=True)
class Predictions(DatedFiles):
    """Top-k files of one run."""

    location: Location
    model: Recommender
    top_k: int


@dataclass(frozen=True, slots=True)
class Folder(DatedFiles):
    """Files of one run, of which nothing more is promised."""

    location: Location


@dataclass(frozen=True, slots=True)
class RedisHashes(Artifact):
    """One hash a user, under a key pattern such as `recommendations:{user_id}`."""

    key: str
    predictions: Predictions


@dataclass(frozen=True, slots=True)
class Value(Artifact):
    """A plain value known at run time.

    `type` is text, number, boolean or list, or None where nobody knows; `declared` is the language's name for it where
    that says more, such as int or timestamp. `holds` says the same of the items of a list, or of their parts.
    """

    text: Jsonata
    type: str | None = None
    declared: str | None = None
    holds: str | Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PerItem(Artifact):
    """What a step of a loop gives, seen from outside of the loop: there is one for each item."""

    loop: str


@dataclass(frozen=True, slots=True)
class Endpoint(Artifact):
    """A SageMaker endpoint: its name as a value, and as it stands in ARNs."""

    text: Jsonata
    name: str
