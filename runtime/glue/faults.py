"""The one error of an ETL job, and how Spark's and AWS's errors become it."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.errors import PySparkException

#: A driver's message may go on for pages (Spark repeats the whole plan); its first line names the cause.
MESSAGE_CHARACTERS = 400


class EtlError(Exception):
    """The job cannot go on; the message is one sentence for the person on call."""


@contextmanager
def faults_of(action: str) -> Iterator[None]:
    """Turns every error of Spark, JDBC or AWS inside the block into `<action>: <root cause>`.

    Raises: EtlError.
    """
    try:
        yield
    except Py4JJavaError as error:
        raise EtlError(f"{action}: {root_cause(error)}") from error
    except (PySparkException, Py4JError, ClientError, BotoCoreError) as error:
        raise EtlError(f"{action}: {first_line(str(error))}") from error


def root_cause(error: Py4JJavaError) -> str:
    """The message of the innermost Java exception, with its class where the message alone would say nothing."""
    cause = error.java_exception
    while cause.getCause() is not None:
        cause = cause.getCause()
    message = cause.getMessage()
    name = str(cause.getClass().getSimpleName())
    return first_line(str(message)) if message and " " in str(message) else f"{name} {message or ''}".strip()


def first_line(text: str) -> str:
    """The first line that is not empty, shortened to what a console shows."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[0] if lines else "no message")[:MESSAGE_CHARACTERS]
