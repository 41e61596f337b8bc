"""What a Glue job learns before Spark starts: its arguments, secrets and the warehouse's address."""

from datetime import date
from typing import Any

import pytest

from runtime.glue.arguments import parse_arguments
from runtime.glue.etl import run
from runtime.glue.faults import EtlError
from runtime.glue.report import report_document, write_report
from runtime.glue.warehouse import connection, secret_value

ARGV = ["--JOB_NAME", "j", "--run_date", "2026-11-22", "--output", "s3://d/o/", "--report", "s3://d/r.json"]
WAREHOUSE = {"kind": "postgresql", "secret": "newsletter/warehouse", "database": "analytics"}
SECRET = {"engine": "postgres", "host": "db.internal", "port": 5432, "username": "reader", "password": "hidden"}


class Secrets:
    def __init__(self, text: str) -> None:
        self.text = text

    def __call__(self, service: str) -> "Secrets":
        return self

    def get_secret_value(self, **_: str) -> dict[str, str]:
        return {"SecretString": self.text}


def test_arguments_of_the_job_and_none_of_glues_own() -> None:
    found = parse_arguments([*ARGV, "--TempDir", "s3://t/", "--input_clicks", "s3://d/c/"], ["clicks"])
    assert (found.run_date, found.output, found.report) == (date(2026, 11, 22), "s3://d/o/", "s3://d/r.json")
    assert dict(found.inputs) == {"clicks": "s3://d/c/"}


@pytest.mark.parametrize(
    ("argv", "names", "reason"),
    [
        (ARGV[:-2], [], "the following arguments are required: --report"),
        (ARGV, ["clicks"], "the following arguments are required: --input_clicks"),
        ([*ARGV, "--run_date", "today"], [], "argument --run_date: 'today' is not a date such as 2026-11-22"),
    ],
)
def test_arguments_that_are_missing_or_wrong(argv: list[str], names: list[str], reason: str) -> None:
    with pytest.raises(EtlError) as caught:
        parse_arguments(argv, names)
    assert str(caught.value) == f"the job's arguments cannot be read: {reason}"


def test_an_aws_secret_becomes_an_encrypted_connection() -> None:
    found = connection(WAREHOUSE, SECRET)
    assert found.url == "jdbc:postgresql://db.internal:5432/analytics"
    assert dict(found.options) == {
        "driver": "org.postgresql.Driver",
        "sslmode": "require",
        "connectTimeout": "20",
        "loginTimeout": "20",
        "user": "reader",
        "password": "hidden",
    }
    assert repr(found) == "Connection(jdbc:postgresql://db.internal:5432/analytics)"


@pytest.mark.parametrize(
    ("kind", "url"), [("redshift", "jdbc:redshift://h:1/analytics"), ("mysql", "jdbc:mysql://h:1/analytics")]
)
def test_the_kind_of_warehouse_gives_the_protocol(kind: str, url: str) -> None:
    assert connection({**WAREHOUSE, "kind": kind}, {**SECRET, "host": "h", "port": 1}).url == url


def test_a_url_in_the_secret_is_taken_as_it_is() -> None:
    found = connection(WAREHOUSE, {"jdbc_url": "jdbc:derby:memory:x;user=a", "driver": "d"})
    assert (found.url, dict(found.options), found.address) == (
        "jdbc:derby:memory:x;user=a",
        {"driver": "d"},
        "jdbc:derby:memory:x",
    )


def test_messages_lose_what_a_driver_quotes_of_its_url() -> None:
    found = connection(WAREHOUSE, {"jdbc_url": "jdbc:x://h/d?password=hidden", "password": "hidden"})
    assert found.redacted("No driver for jdbc:x://h/d?password=hidden (hidden)") == "No driver for jdbc:x://h/d (***)"


@pytest.mark.parametrize(
    ("warehouse", "secret", "message"),
    [
        (WAREHOUSE, {"host": "h"}, "secret 'newsletter/warehouse' lacks port, username, password"),
        (
            {**WAREHOUSE, "kind": "oracle"},
            SECRET,
            "warehouse kind 'oracle' is not read over JDBC; known are mysql, postgresql, redshift",
        ),
    ],
)
def test_a_connection_that_cannot_be_made(warehouse: dict[str, Any], secret: dict[str, Any], message: str) -> None:
    with pytest.raises(EtlError) as caught:
        connection(warehouse, secret)
    assert str(caught.value) == message


TYPES = {"country": "string", "days": "int", "share": "double", "fresh": "boolean"}


def test_parameters_keep_their_types() -> None:
    given = '{"country": "\'; DROP", "days": 3, "share": 1, "fresh": true, "other": null}'
    found = parse_arguments([*ARGV, "--parameters", given], [], TYPES).parameters
    assert dict(found) == {"country": "'; DROP", "days": 3, "share": 1.0, "fresh": True}
    assert [type(value) for value in found.values()] == [str, int, float, bool]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{}", "parameter 'days' wants a int, found null"),
        ('{"days": true}', "parameter 'days' wants a int, found true"),
        ('{"days": 1.5}', "parameter 'days' wants a int, found 1.5"),
        ("[]", "the job's arguments cannot be read: argument --parameters: they are no JSON object"),
        ("{", "the job's arguments cannot be read: argument --parameters: invalid _object value: '{'"),
    ],
)
def test_parameters_of_another_type(given: str, message: str) -> None:
    with pytest.raises(EtlError) as caught:
        parse_arguments([*ARGV, "--parameters", given], [], {"days": "int"})
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["plain", "[1]"])
def test_a_secret_must_be_an_object(text: str) -> None:
    with pytest.raises(EtlError) as caught:
        secret_value(Secrets(text), "s")
    assert str(caught.value) == "secret 's' holds no JSON object"


def test_a_report_needs_an_s3_address() -> None:
    with pytest.raises(EtlError) as caught:
        write_report(Secrets(""), "file:///r.json", report_document("s", "2026-11-22", {}, None, [], {}))
    assert str(caught.value) == "the report has no place: 'file:///r.json' is not an S3 address"


def test_settings_of_another_version_are_refused() -> None:
    with pytest.raises(SystemExit) as caught:
        run({"schema_version": 2, "step": "interactions"}, ARGV, Secrets("{}"))
    assert caught.value.code == "interactions: SETTINGS has schema_version 2, this runtime reads 1"


@pytest.mark.parametrize(
    ("way", "secret", "message"),
    [
        ("hash", "{}", "s: secret 'k' has no field 'key'"),
        ("hash", '{"token_key": "t"}', "s: secret 'k' has no field 'key'"),
        ("tokenise", '{"key": "k"}', "s: secret 'k' has no field 'token_key'"),
        (
            "tokenise",
            '{"token_key": "short"}',
            "s: secret 'k': the key for tokens has 5 characters; it needs 32, at random",
        ),
    ],
)
def test_a_key_must_be_in_its_secret(way: str, secret: str, message: str) -> None:
    clicks = {"from": "warehouse", "columns": {"user_id": {"type": "string", "protect": way}}}
    settings = {
        "schema_version": 1,
        "step": "s",
        "warehouse": None,
        "protection": {"secret": "k"},
        "inputs": {"clicks": clicks},
    }
    with pytest.raises(SystemExit) as caught:
        run(settings, ARGV, Secrets(secret))
    assert caught.value.code == message
