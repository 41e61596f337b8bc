"""Runs a Glue 5.0 job: the generated script in a Spark 3.5.4 process whose s3:// is a staged folder."""

import shlex
import shutil
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipelinegen.local import logs
from pipelinegen.local.policies import ObjectPattern
from pipelinegen.local.processes import ChildProcesses, Ending, wait_for_group
from pipelinegen.local.s3_transfer import download_file, split_uri
from pipelinegen.local.spark_archive import DUMP_SECONDS, SparkArchive
from pipelinegen.local.staging import Stage

#: Arguments that Glue itself consumes; a script never sees them.
_FOR_GLUE: Final = frozenset({"--extra-py-files", "--extra-jars", "--additional-python-modules", "--conf", "--TempDir"})

#: Most of a small job is the start of the JVM: one compiler tier and the serial collector halve it, and so does Spark
#: without generated code. Arithmetic and results are the same.
_JAVA_OPTIONS: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Duser.timezone=UTC")
_SPARK_DEFAULTS: Final = {
    "spark.master": "local[2]",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "4",
    "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
    "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
    "spark.hadoop.fs.s3a.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
    "spark.hadoop.fs.viewfs.overload.scheme.target.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
}

_LOG4J: Final = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex{short}
logger.loader.name = org.apache.hadoop.util.NativeCodeLoader
logger.loader.level = error
logger.conf.name = org.apache.spark.SparkConf
logger.conf.level = error
logger.utils.name = org.apache.spark.util.Utils
logger.utils.level = error
"""

#: Runs a script with what Glue has, not all that is installed here.
_IMPORTABLE: Final = Path(__file__).with_name("importable.py")
#: What Glue 5.0 has for Python beside Spark, with all that these require; "Python modules already provided" in
#: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-python-libraries.html
_PACKAGES: Final = (
    *("aiobotocore", "aiohttp", "appdirs", "attrs", "avro-python3", "boto3", "certifi", "chardet", "click", "cython"),
    *("fsspec", "joblib", "kaleido", "matplotlib", "mpmath", "nltk", "numpy", "packaging", "pandas", "patsy", "pillow"),
    *("pip", "plotly", "pmdarima", "ply", "py4j", "pyarrow", "pyhocon", "pymysql", "pyparsing", "pyspark", "pytz"),
    *("pyyaml", "regex", "requests", "s3fs", "scikit-learn", "scipy", "seaborn", "setuptools", "statsmodels", "sympy"),
    *("tbats", "threadpoolctl", "tqdm", "typing-extensions", "tzdata", "wheel", "wrapt"),
)
_REMEDY: Final = "it is on this machine, but not on Glue 5.0: put its code beside the script"

#: How many lines of the log explain a failure.
_REASON_LINES: Final = 25


@dataclass(frozen=True, slots=True)
class GlueRun:
    """One run of a job; `arguments` are the job's defaults overlaid by those of the run."""

    job: str
    run_id: str
    script: str
    arguments: Mapping[str, str]
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class GluePlace:
    """Where and as whom a run works; `s3` and `environment` carry the job role's credentials."""

    folder: Path
    log: Path
    environment: Mapping[str, str]
    s3: Any
    readable: Sequence[ObjectPattern]
    writable: Sequence[ObjectPattern]
    children: ChildProcesses
    find_java: Callable[[], Path]
    archive: SparkArchive
    jars: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class GlueEnd:
    """How a run ended, in Glue's words: SUCCEEDED, FAILED, TIMEOUT or STOPPED."""

    state: str
    reason: str | None = None


def run_glue_job(run: GlueRun, place: GluePlace, stop: threading.Event) -> GlueEnd:
    """Stages what the role may read, runs the script, and uploads what it changed once it succeeded."""
    try:
        script, modules = _fetch_code(run, place)
        stage = Stage(place.folder / "s3", place.s3)
        stage.folder.mkdir(parents=True)
        staged = stage.fill(place.readable, place.writable)
        java_home = place.find_java().resolve().parents[1]
    except Exception as error:
        return GlueEnd("FAILED", f"LAUNCH ERROR | {error}")
    _note(place.log, f"staged {staged} objects from S3")
    ending, code = _run_in_spark(_command(run, script), place, modules, java_home, run.timeout_seconds, stop)
    if ending is Ending.TIMED_OUT:
        return GlueEnd("TIMEOUT", f"it was still running after {run.timeout_seconds / 60:g} min, all the time it has")
    if ending is Ending.STOPPED:
        return GlueEnd("STOPPED")
    if code:
        return GlueEnd("FAILED", _reason(place.log, code))
    try:
        changed, gone = stage.upload_changes()
    except Exception as error:
        return GlueEnd("FAILED", f"the results were not uploaded: {error}")
    _note(place.log, f"uploaded {changed} objects to S3, deleted {gone}")
    shutil.rmtree(place.folder, ignore_errors=True)
    return GlueEnd("SUCCEEDED")


def spark_defaults(stage: Path, java_options: Sequence[str] = (), jars: Sequence[str] = ()) -> str:
    """The text of spark-defaults.conf: small, UTC, and with every bucket below `stage` mounted as s3://bucket."""
    settings = dict(_SPARK_DEFAULTS)
    settings["spark.driver.extraJavaOptions"] = " ".join([*_JAVA_OPTIONS, *java_options])
    if jars:
        settings["spark.driver.extraClassPath"] = ":".join(jars)
    settings["spark.local.dir"] = str(stage.parent / "scratch")
    settings["spark.sql.warehouse.dir"] = str(stage.parent / "warehouse")
    for bucket in sorted(path.name for path in stage.iterdir()):
        settings[f"spark.hadoop.fs.viewfs.mounttable.{bucket}.linkFallback"] = f"file://{stage / bucket}"
    return "".join(f"{name} {value}\n" for name, value in settings.items())


def _fetch_code(run: GlueRun, place: GluePlace) -> tuple[Path, list[Path]]:
    """The script and its extra modules, downloaded as the role."""
    place.folder.mkdir(parents=True, exist_ok=True)
    script = download_file(place.s3, run.script, place.folder / "script.py")
    given = [uri.strip() for uri in run.arguments.get("--extra-py-files", "").split(",") if uri.strip()]
    modules = [download_file(place.s3, uri, place.folder / "modules" / Path(split_uri(uri)[1]).name) for uri in given]
    return script, modules


def _run_in_spark(
    argv: Sequence[str],
    place: GluePlace,
    modules: Sequence[Path],
    java_home: Path,
    limit_seconds: float,
    stop: threading.Event,
) -> tuple[Ending, int]:
    """Runs the script; the first job on a machine also makes the archive of Spark's classes."""
    options = place.archive.options(java_home)
    environment = _environment(place, modules, java_home, options)
    with place.log.open("ab") as log:
        process = place.children.start(argv, environment=environment, folder=place.folder, log=log)
    makes_archive = place.archive.is_made_by(options)
    ending = place.children.supervise(process, timeout_seconds=limit_seconds, stop=stop, spare_group=makes_archive)
    if makes_archive:
        # The JVM writes the archive after the script is over. It is waited for, this one time: in the background it
        # would compete with the next jobs, and be lost whenever a run is shorter than that.
        succeeded = ending is Ending.EXITED and process.returncode == 0
        complete = succeeded and wait_for_group(process, DUMP_SECONDS)
        place.children.forget(process)
        place.archive.keep(java_home, complete=complete)
    return ending, process.returncode


def _environment(
    place: GluePlace, modules: Sequence[Path], java_home: Path, java_options: Sequence[str]
) -> dict[str, str]:
    defaults, logging = place.folder / "spark-defaults.conf", place.folder / "log4j2.properties"
    # What Derby, Spark and Python leave in temporary folders goes with the run.
    scratch = place.folder.resolve() / "tmp"
    scratch.mkdir(exist_ok=True)
    options = [*java_options, f"-Djava.io.tmpdir={scratch}", f"-Dlog4j2.configurationFile=file:{logging.resolve()}"]
    defaults.write_text(spark_defaults((place.folder / "s3").resolve(), options, place.jars), encoding="utf-8")
    logging.write_text(_LOG4J, encoding="utf-8")
    return {
        **place.environment,
        "JAVA_HOME": str(java_home),
        "PYTHONPATH": ":".join(str(path.resolve()) for path in modules),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        # The script starts Spark by itself; this is how it gets its settings.
        "PYSPARK_SUBMIT_ARGS": f"--properties-file {shlex.quote(str(defaults.resolve()))} pyspark-shell",
        "SPARK_CONF_DIR": str(place.archive.empty_folder.resolve()),
        "SPARK_LAUNCHER_OPTS": " ".join(_JAVA_OPTIONS),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "TMPDIR": str(scratch),
    }


def _command(run: GlueRun, script: Path) -> list[str]:
    words = [sys.executable, str(_IMPORTABLE), ",".join(_PACKAGES), _REMEDY, str(script.resolve())]
    words += ["--JOB_NAME", run.job, "--JOB_RUN_ID", run.run_id]
    for name, value in run.arguments.items():
        # Glue keeps its own switches (--enable-metrics, --job-language, …) to itself; names of scripts have no dash.
        if name not in _FOR_GLUE and "-" not in name.removeprefix("--"):
            words += [name, str(value)]
    return words


def _reason(log: Path, code: int) -> str:
    """The last line of a Python traceback if there is one, as Glue's ErrorMessage has it, else the end of the log."""
    lines = logs.tail(log, _REASON_LINES).splitlines()
    last = next((line for line in reversed(lines) if line.strip()), "")
    return last or f"the script exited with code {code}"


def _note(log: Path, text: str) -> None:
    with log.open("a", encoding="utf-8") as file:
        file.write(f"[glue] {text}\n")
