"""The commands `deploy` and `rollback`: the order of things, and what a person is asked."""

import json
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelinegen.deploy.delivery import deliver_images, refuse_missing, upload_code
from pipelinegen.deploy.infrastructure import Infrastructure
from pipelinegen.deploy.needs import Needs, Terraform, check_needs, name_of_terraform
from pipelinegen.deploy.records import LOCK, Record, choose, digest_of, fetch, keep_record, read_records
from pipelinegen.deploy.runner import DryRun, Runner, Shell
from pipelinegen.deploy.smoke import Smoke
from pipelinegen.errors import Diagnostic, ExitCode, Span, SpecError, fault
from pipelinegen.ir.model import Pipeline
from pipelinegen.package import Packaged, announced, filled, install_words, package_files, requirements_of
from pipelinegen.tree import compile_specs, generate_folders
from pipelinegen.write import compare


@dataclass(frozen=True, slots=True)
class World:
    """What a deployment does not decide by itself: commands, the time, waiting, and a person's word."""

    runner: Runner
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    confirm: Callable[[str], bool]


def deploy(options: Namespace) -> int:
    """Everything from the generated folder to a run that proves it. Raises: SpecError with PG160 to PG168."""
    return _deploy(options, _world(options))


def rollback(options: Namespace) -> int:
    """Plans and applies what an earlier deployment made. Raises: SpecError with PG160 to PG168."""
    return _rollback(options, _world(options))


def _world(options: Namespace) -> World:
    runner: Runner = DryRun() if options.dry_run else Shell()
    return World(runner, lambda: datetime.now(tz=UTC), time.sleep, _ask_person)


def _ask_person(question: str) -> bool:
    if not sys.stdin.isatty():
        help = "say --yes where nobody is there to ask, after looking at the plan with --plan-only"
        raise fault(None, "PG164", "nobody is there to confirm the plan", help)
    return input(f"{question} Type yes to go on: ").strip() == "yes"


def _deploy(options: Namespace, world: World) -> int:
    pipeline, folder, files = _environment(options)
    _refuse_stale(folder, files)
    terraform = _check(options, pipeline, world, images='"dockerfile"' in files["deployment.json"])
    infrastructure = Infrastructure(world.runner, terraform, folder / "terraform")
    target = options.build / pipeline.name / pipeline.environment
    if options.plan_only:
        _title("plan")
        infrastructure.init(_state_bucket(options))
        _refuse_losses(infrastructure.plan(), allowed=options.allow_replacement)
        print("planned only: nothing was built, uploaded or changed")
        return ExitCode.CLEAN
    _title("package")
    packaged = _package(files, target, world.runner)
    _title("prepare")
    infrastructure.init(_state_bucket(options))
    if not infrastructure.has_ground(packaged):
        _confirm(options, world, "This is the first deployment. Make the registry and the code bucket?")
        infrastructure.lay_ground(packaged)
    _title("images")
    deliver_images(world.runner, packaged)
    _title("code")
    upload_code(world.runner, packaged)
    _change(options, world, infrastructure, "Apply this plan?")
    _finish(options, world, infrastructure, packaged, _with_lock(folder, files))
    return ExitCode.CLEAN


def _rollback(options: Namespace, world: World) -> int:
    pipeline, _, files = _environment(options)
    terraform = _check(options, pipeline, world, images=False)
    target = options.build / pipeline.name / pipeline.environment
    bucket = Packaged(target, _deployment(files), {}, ()).code_bucket
    records = read_records(world.runner, bucket)
    if options.list:
        print("\n".join(record.name for record in records) or "nothing was deployed yet")
        return ExitCode.CLEAN
    record = Record("<moment>", "<content>") if world.runner.dry else choose(records, options.to)
    _title(f"back to {record.name}")
    old = target.parent / f"{pipeline.environment}-{record.name}"
    files = files if world.runner.dry else fetch(world.runner, record, bucket, old)
    deployment = _deployment(files)
    refuse_missing(world.runner, _images(deployment), _objects(deployment))
    infrastructure = Infrastructure(world.runner, terraform, old / "terraform")
    infrastructure.init(_state_bucket(options))
    _change(options, world, infrastructure, f"Go back to {record.name}?")
    _finish(options, world, infrastructure, Packaged(target, deployment, {}, ()), files)
    return ExitCode.CLEAN


def _change(options: Namespace, world: World, infrastructure: Infrastructure, question: str) -> None:
    _title("plan")
    _refuse_losses(infrastructure.plan(), allowed=options.allow_replacement)
    _confirm(options, world, question)
    _title("apply")
    infrastructure.apply()


def _confirm(options: Namespace, world: World, question: str) -> None:
    if not (options.yes or world.runner.dry or world.confirm(question)):
        raise fault(None, "PG164", "that was not confirmed, and nothing was applied", "deploy again when it is right")


def _package(files: Mapping[str, str], target: Path, runner: Runner) -> Packaged:
    """Bundles and image contexts; pip is shown here, because what it installs is taken from a scratch folder."""
    for runtime, path in requirements_of(files):
        runner.show("pip", *install_words(runtime, "<scratch folder>", path))
    return announced(files, target) if runner.dry else package_files(files, target)


def _finish(
    options: Namespace, world: World, infrastructure: Infrastructure, packaged: Packaged, files: Mapping[str, str]
) -> None:
    """Keeps the record, then proves the deployment by a run."""
    record = Record(f"{world.now():%Y%m%dT%H%M%SZ}", digest_of(files))
    keep_record(world.runner, record, files, packaged.code_bucket, packaged.target / "records")
    if not world.runner.dry:
        print(f"deployed {record.name}")
    if options.no_smoke:
        return
    _title("run")
    region = str(packaged.deployment["region"])
    smoke = Smoke(world.runner, region, options.smoke_timeout_minutes, world.sleep)
    status = smoke.prove(infrastructure.output("state_machine_arn"), f"deployed-{record.name}")
    if not world.runner.dry:
        print(f"the run ended: {status}")


def _environment(options: Namespace) -> tuple[Pipeline, Path, Mapping[str, str]]:
    (compiled,) = compile_specs([options.spec], options.out, options.env)
    ((folder, files),) = generate_folders([compiled], options.out).items()
    return compiled.pipelines[0], folder, files


def _refuse_stale(folder: Path, files: Mapping[str, str]) -> None:
    """What is deployed is what was reviewed: the folder as it lies there. Raises: SpecError with PG033."""
    help = "run `pipelinegen generate`, look at the difference, and commit it"
    stale = [
        Diagnostic(Span(item.path.as_posix(), 0, 0, 0), "PG033", item.state, help) for item in compare(folder, files)
    ]
    if stale:
        raise SpecError(stale)


def _check(options: Namespace, pipeline: Pipeline, world: World, *, images: bool) -> Terraform:
    """The terraform to use, once all that is needed is there. Raises: SpecError with PG163."""
    if world.runner.dry:
        return Terraform(name_of_terraform() or "terraform")
    builds = images and not options.plan_only
    return check_needs(Needs(pipeline.account_id, builds, options.state_bucket), world.runner)


def _state_bucket(options: Namespace) -> str:
    return options.state_bucket or "<bucket of your Terraform states>"


def _refuse_losses(lost: list[Diagnostic], *, allowed: bool) -> None:
    if lost and not allowed:
        raise SpecError(lost)
    for item in lost:
        print(f"warning {item.id}: {item.message}", file=sys.stderr)


def _with_lock(folder: Path, files: Mapping[str, str]) -> dict[str, str]:
    lock = folder / LOCK
    return {**files, LOCK: lock.read_text(encoding="utf-8")} if lock.is_file() else dict(files)


def _deployment(files: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files["deployment.json"])
    return found


def _images(deployment: Mapping[str, Any]) -> list[str]:
    return [filled(image["uri"], deployment) for image in deployment["images"]]


def _objects(deployment: Mapping[str, Any]) -> list[str]:
    scripts = [str(job["script_location"]) for job in deployment["glue_jobs"]]
    return scripts + [str(function["bundle"]) for function in deployment["functions"]]


def _title(text: str) -> None:
    print(f"\n== {text}", flush=True)
