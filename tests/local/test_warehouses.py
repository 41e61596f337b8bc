"""The same job over each kind of warehouse: Derby, PostgreSQL, a database that is there, files in S3, the catalog."""

import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pytest

from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.postgresql import (
    DRIVER_VARIABLE,
    NoDriverError,
    PostgresServer,
    find_driver,
    find_postgresql,
)
from pipelinegen.local.warehouses import PASSWORD_VARIABLE, USER_VARIABLE, checked_choice
from runtime.common.tokens import token_keys, tokenise
from tests.local.command_line import processes_that_name, run_command

SPECS = Path(__file__).parent / "specs"
SPEC = SPECS / "warehouses.yaml"
KEYS = token_keys(hashlib.sha256(b"local stand-in of warehouses for tokens").hexdigest())
BOUGHT = [
    (2, tokenise("anna", KEYS), Decimal("20.25"), "DE"),
    (3, tokenise("berta", KEYS), Decimal("99.50"), "FR"),
]


def lacking_postgresql() -> str | None:
    """Why a test cannot use PostgreSQL here, which CI always can (see the Makefile)."""
    try:
        find_postgresql()
        find_driver()
    except LocalCloudError as error:
        return f"{error.message}: {error.help}"
    return None


needs_postgresql = pytest.mark.skipif(lacking_postgresql() is not None, reason=str(lacking_postgresql()))


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("warehouses") / "generated"
    assert run_command("generate", SPEC, "--out", out).code == 0
    return out


def run_day(generated: Path, environment: str, state: Path, *more: object, **variables: str) -> None:
    options = ("--env", environment, "--out", generated, "--state", state, "--date", "2026-11-22", *more)
    done = run_command("run", SPEC, *options, environment=variables)
    assert done.code == 0, done.out + done.err


def written(state: Path, environment: str) -> list[tuple[Any, ...]]:
    """The rows of the output, out of the store of the local cloud."""
    folder = state / f"warehouses/{environment}/cloud/s3/warehouses-{environment}-data-111111111111/bought"
    found = pyarrow.dataset.dataset(folder, partitioning="hive", format="parquet").to_table()
    return sorted(tuple(row[name] for name in ("order_id", "buyer", "price", "country")) for row in found.to_pylist())


def tables() -> dict[str, pa.Table]:
    return {name: pyarrow.csv.read_csv(SPECS / "orders" / f"{name}.csv") for name in ("shop.orders", "shop.buyers")}


@pytest.mark.slow
@pytest.mark.parametrize("environment", ["csv", "catalog"])
def test_files_are_read_like_a_database(environment: str, generated: Path, tmp_path: Path) -> None:
    run_day(generated, environment, tmp_path)
    assert written(tmp_path, environment) == BOUGHT
    left = [path.name for path in tmp_path.rglob("lake-of-others")]
    assert left == []


@pytest.mark.slow
@needs_postgresql
def test_postgresql_holds_the_data_and_is_gone_afterwards(generated: Path, tmp_path: Path) -> None:
    run_day(generated, "database", tmp_path, "--warehouse", "postgresql", "--parameter", "lookback_days=2")
    first = (1, tokenise("anna", KEYS), Decimal("10.50"), "DE")
    assert written(tmp_path, "database") == [first, *BOUGHT]
    assert list(processes_that_name("pipelinegen-postgresql-")) == []


@pytest.mark.slow
@needs_postgresql
def test_a_database_that_is_there_is_read_and_the_window_reaches_it(generated: Path, tmp_path: Path) -> None:
    with PostgresServer(tmp_path / "server.log", logs_statements=True) as server:
        server.fill(tables())
        secret = server.secret()
        variables = {USER_VARIABLE: secret["username"], PASSWORD_VARIABLE: secret["password"]}
        run_day(generated, "database", tmp_path, "--warehouse", secret["jdbc_url"], **variables)
        said = server.log.read_text(encoding="utf-8")
    assert written(tmp_path, "database") == BOUGHT
    (query,) = [
        line for line in said.splitlines() if "FROM shop.orders" in line and "ordered_at" in line and ">=" in line
    ]
    assert (
        'SELECT "order_id","buyer","price","ordered_at" FROM shop.orders  WHERE ("ordered_at" IS NOT NULL) '
        "AND (\"ordered_at\" >= '2026-11-21 00:00:00.0') AND (\"ordered_at\" < '2026-11-22 00:00:00.0')"
    ) in query
    assert not [line for line in said.splitlines() if "UPDATE" in line or "DELETE" in line]


@pytest.mark.slow
@needs_postgresql
def test_postgresql_keeps_every_value(tmp_path: Path) -> None:
    texts = ["plain", "", None, 'a "b", c\nd', "back\\slash", "\\.", "NULL", "é€😀"]
    table = pa.table(
        {
            "Text": texts,
            "order": pa.array(range(8), pa.int32()),
            "tags": [["a,b", 'c"d'], [], None, ["x", None], ["\\"], ["NULL"], [""], ["{}"]],
            "price": pa.array([Decimal("1.20"), None] * 4, pa.decimal128(12, 2)),
            "nan": [1.5, float("nan"), None, 2.0] * 2,
        }
    )
    with PostgresServer(tmp_path / "server.log") as server:
        server.fill({"odd.Things": table})
        rows = server.query('SELECT text, tags, price, nan FROM odd.things ORDER BY "order"')
        with pytest.raises(LocalCloudError, match="read-only transaction"):
            server.query("DELETE FROM odd.things RETURNING 1")
    assert rows == [
        ["plain", '{"a,b","c\\"d"}', "1.20", "1.5"],
        ["", "{}", None, None],
        [None, None, "1.20", None],
        ['a "b", c\nd', "{x,NULL}", None, "2"],
        ["back\\slash", '{"\\\\"}', "1.20", "1.5"],
        ["\\.", '{"NULL"}', None, None],
        ["NULL", '{""}', "1.20", None],
        ["é€😀", '{"{}"}', None, "2"],
    ]


def test_what_is_no_warehouse_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError) as caught:
        checked_choice("oracle", None)
    assert caught.value.message == "there is no warehouse 'oracle'"
    with pytest.raises(NoDriverError) as lacking:
        checked_choice("postgresql", tmp_path / "no.jar")
    assert lacking.value.message == f"there is no JDBC driver at '{tmp_path / 'no.jar'}'"
    with pytest.raises(NoDriverError):
        find_driver(environment={DRIVER_VARIABLE: str(tmp_path / "no.jar")})


def test_files_are_no_place_for_an_engine(generated: Path, tmp_path: Path) -> None:
    options = ("--env", "parquet", "--out", generated, "--state", tmp_path, "--warehouse", "jdbc:derby:x")
    done = run_command("run", SPEC, *options)
    assert (done.code, done.err) == (
        1,
        "error: the spec's warehouse is of kind 's3', which is files and not a database\n"
        "   help: leave --warehouse out\n",
    )
