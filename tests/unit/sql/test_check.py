"""Faults of SQL are found, with their place; and nothing is found where Spark finds nothing."""

import random
from collections.abc import Mapping

import pytest

from pipelinegen.sql.check import check_query
from pipelinegen.sql.question import Answer, Finding, Question
from pipelinegen.sql.rules import spark_functions
from tests.oracle.random_queries import INPUTS as TABLES
from tests.unit.sql.queries import FAULTY, FINE, INPUTS, PARAMETERS
from tests.unit.sql.queries_of_analysts import FINE as WRITTEN
from tests.unit.sql.queries_of_slips import SLIPS, UNDECIDED
from tests.unit.sql.queries_of_types import WRONG


def ask(sql: str, output: Mapping[str, str | None] | None = None, **more: Mapping[str, tuple[str, ...]]) -> Answer:
    return check_query(Question(sql, INPUTS, more.get("dropped", {}), output or {}, PARAMETERS))


@pytest.mark.parametrize("sql", FINE)
def test_what_spark_accepts_is_accepted(sql: str) -> None:
    assert ask(sql).findings == ()


@pytest.mark.parametrize(("sql", "id", "word"), [*FAULTY, *WRONG, *SLIPS])
def test_a_fault_is_found_at_its_word(sql: str, id: str, word: str | None) -> None:
    (found,) = ask(sql).findings
    assert found.id == id
    assert (sql[found.start : found.end] if found.start is not None else None) == word


@pytest.mark.parametrize(("sql", "reason"), UNDECIDED)
def test_what_no_rule_decides_is_left_to_spark(sql: str, reason: str) -> None:
    answer = ask(sql)
    assert answer.findings == ()
    assert any(reason in item.message for item in answer.doubts), answer.doubts


def test_what_analysts_write_is_decided() -> None:
    left = [sql for sql in WRITTEN if check_query(Question(sql, TABLES, {}, {}, PARAMETERS)).doubts]
    assert all("USING" in sql and "CUBE" in sql for sql in left), left
    assert sum(1 for sql in FINE if ask(sql).doubts) <= len(FINE) // 30


@pytest.mark.parametrize(
    ("sql", "output", "findings"),
    [
        (
            "SELECT user_id, max(day) AS latest FROM clicks GROUP BY user_id",
            {"user_id": "string", "last": "date"},
            [
                Finding(
                    "PG083",
                    "the query gives no column 'last', which the output dataset declares",
                    "did you mean 'latest'? it gives: latest, user_id",
                )
            ],
        ),
        (
            "SELECT user_id, is_new AS day FROM clicks",
            {"user_id": "string", "day": "date"},
            [
                Finding(
                    "PG084",
                    "column 'day' of the result is boolean, which cannot become date",
                    "declare it as boolean, or cast it in the SQL",
                )
            ],
        ),
        ("SELECT price > 1 AS day FROM clicks", {"day": "timestamp"}, ["PG084"]),
        ("SELECT * FROM clicks c JOIN vehicles v USING (vehicle_id)", {"vehicle_id": "string"}, []),
        ("SELECT * FROM clicks c JOIN vehicles v USING (vehicle_id)", {"price": "double"}, ["PG132"]),
        ("SELECT user_id, vehicle_id AS user_id FROM clicks", {"user_id": "string"}, ["PG132"]),
        ("SELECT *, upper(user_id) AS user_id FROM clicks", {"user_id": "string"}, ["PG132"]),
        ("SELECT collect_list(price) AS p FROM clicks", {"p": "double"}, ["PG084"]),
        ("SELECT map('a', 1) AS p FROM clicks", {"p": "int"}, ["PG084"]),
        ("SELECT year(day) AS y FROM clicks", {"y": "date"}, ["PG084"]),
        ("SELECT clicked_at - clicked_at AS y FROM clicks", {"y": "date"}, ["PG084"]),
        ("SELECT price * 2 AS y, sum(price) OVER () AS z FROM clicks", {"y": "double", "z": "date"}, ["PG084"]),
        ("SELECT day FROM clicks UNION SELECT listed_on FROM vehicles", {"day": "int"}, ["PG084"]),
        ("SELECT *, 1 FROM clicks", {"user_id": "string", "day": "date"}, []),
        ("SELECT user_id, uuid() FROM clicks", {"user_id": "string", "id": "string"}, ["PG083"]),
        ("SELECT count(*) FROM clicks", {"n": "bigint"}, ["PG083"]),
        ("SELECT explode(array(1)) FROM clicks", {"col": "int"}, []),
        ("SELECT CAST(price AS int) FROM clicks", {"price": "int"}, []),
        ("SELECT t.* FROM clicks t", {"make": "string"}, ["PG083"]),
        ("SELECT * FROM clicks LEFT SEMI JOIN vehicles USING (vehicle_id)", {"make": "string"}, ["PG083"]),
        ("SELECT cast(clicked_at AS date) AS day, day AS at FROM clicks", {"day": "date", "at": "timestamp"}, []),
    ],
)
def test_the_result_is_held_against_the_output(
    sql: str, output: dict[str, str | None], findings: list[Finding | str]
) -> None:
    found = ask(sql, output).findings
    assert [
        item.id if isinstance(wanted, str) else item for item, wanted in zip(found, findings, strict=True)
    ] == findings


def test_columns_are_traced_to_the_inputs() -> None:
    found = ask(
        "WITH a AS (SELECT user_id AS u, price FROM clicks) "
        "SELECT u AS reader, concat(u, v.make) AS both, uuid() AS id, 1 AS one, word, "
        "(SELECT max(day) FROM clicks) AS latest "
        "FROM a JOIN vehicles v ON true LATERAL VIEW explode(array('x')) AS word"
    )
    assert found.findings == ()
    assert found.origins == {
        "reader": (("clicks", "user_id"),),
        "both": (("clicks", "user_id"), ("vehicles", "make")),
        "id": (),
        "one": (),
    }
    assert found.copies == {"reader"}


def test_a_dropped_column_is_explained() -> None:
    (found,) = ask("SELECT email FROM clicks", dropped={"clicks": ("email",)}).findings
    assert found.help == "'email' is dropped when it is read (`protect: drop`); do without it"


def test_all_faults_are_found_at_once() -> None:
    found = ask("SELECT c.usr, c.dya FROM clicks c JOIN gone WHERE day = :d").findings
    assert [item.id for item in found] == ["PG081", "PG082", "PG082", "PG086"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 3000 + "user_id" + ")" * 3000 + " FROM clicks",
        "SELECT nothing FROM clicks -- " + "x" * 20_000,
        "SELECT " + "upper(" * 400 + "1" + ")" * 400 + " FROM clicks",
    ],
    ids=["deep", "long", "nested"],
)
def test_what_would_take_long_is_left_to_spark(sql: str) -> None:
    assert ask(sql).findings == ()


def test_a_query_too_long_to_be_read_reads_no_files_by_itself() -> None:
    (found,) = ask("SELECT * FROM parquet.`s3://a/b` -- " + "x" * 21_000).findings
    assert (found.id, found.start) == ("PG081", 14)


#: What is put into queries, and given to functions.
SCRAPS = (
    *(
        "SELECT",
        "FROM",
        "WHERE",
        "(",
        ")",
        ",",
        ".",
        "*",
        "GROUP BY",
        "ORDER BY",
        "HAVING",
        "JOIN",
        "ON",
        "USING",
        "UNION",
    ),
    *("CASE", "WHEN", "END", "AS", "NULL", "1", "'a'", "price", "day", "clicks", ":days", "OVER", "DISTINCT", "LIMIT"),
    *("WITH", "->", "::", "[", "]", ";", "--", "IN", "NOT", "BETWEEN", "AND", "INTERVAL", "EXTRACT", "CAST", "explode"),
)
ARGUMENTS = ("", "price", "'a', 1", "*", "DISTINCT day", "price, words, day, 1", "x -> x", "(SELECT 1)", "DAY, 1, day")


@pytest.mark.slow
def test_no_query_breaks_the_checker() -> None:
    chance = random.Random(0)
    for name in sorted(spark_functions()):
        given = chance.choice(ARGUMENTS)
        ask(f"SELECT {name}({given}) AS n FROM clicks GROUP BY day HAVING {name}({given}) > 1", {"n": "bigint"})
    queries = [*FINE, *(sql for sql, _, _ in (*FAULTY, *WRONG))]
    for _ in range(1500):
        words = chance.choice(queries).split(" ")
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(words) + 1)
            words[place : place + chance.randint(0, 1)] = [chance.choice(SCRAPS)] * chance.randint(0, 1)
        ask(" ".join(words), {"n": "bigint"})
