"""The files that steps bring: Glue scripts, SageMaker requests, Lambda folders, Dockerfiles, settings, users' code."""

from collections.abc import Iterable

from pipelinegen.emit.base import File, Workbench


def emit_step_files(bench: Workbench) -> Iterable[File]:
    """Every file of every step; one that two steps share is made once."""
    files = {file.path: file for step in bench.pipeline.steps for file in step.files}
    rendered = [bench.render(file.path, file.template, file.context) for file in files.values()]
    copies = [File(path, text) for step in bench.pipeline.steps for path, text in step.copies.items()]
    return [*rendered, *copies]
