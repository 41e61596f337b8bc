"""Moves all rows of a source into Redis: encoding runs ahead of sending, and a batch is what is tried again."""

import queue
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial

from runtime.common.logs import log
from runtime.redis_loader.client import RedisConnectionError, RedisLink
from runtime.redis_loader.encode import RowEncoder
from runtime.redis_loader.retry import OutOfTimeError, RetryPolicy, TimeBudget
from runtime.redis_loader.screen import screen
from runtime.redis_loader.source import SourceBatch

#: Rejected rows that are logged one by one; the rest is only counted.
LOGGED_REJECTS = 10

#: Encoded batches that may wait for the connection.
_AHEAD = 2


class LoadError(RuntimeError):
    """The load stopped before its end; the message says how far it got, and running it again is safe."""


@dataclass(frozen=True, slots=True)
class EncodedBatch:
    """A batch on its way: the commands of its servable rows, and the rejects by row number in the file."""

    source: SourceBatch
    payload: memoryview
    row_count: int
    rejects: tuple[tuple[int, str], ...]


@dataclass(slots=True)
class Progress:
    """What has been acknowledged by Redis so far."""

    rows: int = 0
    rejects: int = 0
    place: str = "before the first row"
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, batch: EncodedBatch) -> None:
        """Counts a batch that is written, and logs its rejects by file and row: user ids stay out of logs."""
        source = batch.source
        for row, reason in batch.rejects:
            if self.rejects < LOGGED_REJECTS:
                log("row rejected", file=source.uri, row=row, reason=reason)
            self.rejects += 1
            self.reasons[reason] = self.reasons.get(reason, 0) + 1
        self.rows += batch.row_count
        last = source.first_row + source.rows.num_rows
        self.place = f"after row {last} of '{source.uri}' (file {source.file_number} of {source.file_count})"


def encode_batches(batches: Iterable[SourceBatch], encoder: RowEncoder) -> Iterator[EncodedBatch]:
    """Each batch screened and encoded."""
    for batch in batches:
        screened = screen(batch.rows)
        rejects = tuple((batch.first_row + row, reason) for row, reason in screened.rejects)
        yield EncodedBatch(batch, encoder.encode(screened.rows), screened.rows.num_rows, rejects)


def ahead(items: Iterator[EncodedBatch], budget: TimeBudget) -> Generator[EncodedBatch, None, None]:
    """The same items, made in a thread of their own while the consumer is at work; faults arrive in their place.

    Raises: OutOfTimeError if the next item does not come while there is time.
    """
    waiting: queue.Queue[EncodedBatch | BaseException | None] = queue.Queue(_AHEAD)
    stopped = threading.Event()

    def produce() -> None:
        last: BaseException | None = None
        try:
            for item in items:
                waiting.put(item)
                if stopped.is_set():
                    return
        except BaseException as fault:  # whatever it is, the consumer raises it
            last = fault
        waiting.put(last)

    threading.Thread(target=produce, name="encode", daemon=True).start()
    try:
        while (item := _take(waiting, budget)) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        while not waiting.empty():  # room for the thread to see that it is to stop
            waiting.get_nowait()


def _take(
    waiting: "queue.Queue[EncodedBatch | BaseException | None]", budget: TimeBudget
) -> EncodedBatch | BaseException | None:
    try:
        return waiting.get(timeout=max(budget.seconds(), 0))
    except queue.Empty:
        raise OutOfTimeError("the next rows did not come in time") from None


def load(
    batches: Iterable[SourceBatch],
    encoder: RowEncoder,
    link: RedisLink,
    budget: TimeBudget,
    policy: RetryPolicy | None = None,
) -> Progress:
    """Writes every servable row and returns once Redis has acknowledged all of them.

    Raises: LoadError, which says how far it got, whatever stopped it.
    """
    progress = Progress()
    try:
        with closing(ahead(encode_batches(batches, encoder), budget)) as encoded:
            for batch in encoded:
                budget.check()
                _write(batch, link, budget, policy or RetryPolicy())
                progress.add(batch)
    except Exception as fault:
        written = f"{progress.rows} rows were written and {progress.rejects} rejected, {progress.place}"
        raise LoadError(f"{fault}; {written}; running it again is safe") from fault
    finally:
        link.close()
    if not progress.rows:
        raise LoadError(f"no row could be written: {progress.rejects} rejected {progress.reasons}")
    return progress


def _write(batch: EncodedBatch, link: RedisLink, budget: TimeBudget, policy: RetryPolicy) -> None:
    """Sends the batch, again if need be: the second HSET and EXPIRE of a row change nothing."""

    def log_fault(attempt: int, fault: Exception) -> None:
        log("Redis fault, trying again", attempt=attempt, fault=str(fault))

    write = partial(link.write, batch.payload, batch.row_count)
    policy.run(write, (RedisConnectionError,), budget, log_fault)
