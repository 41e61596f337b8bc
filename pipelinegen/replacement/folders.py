"""The same pipeline and environment in two trees of generated folders, also where the pipeline was renamed."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipelinegen.errors import Diagnostic
from pipelinegen.write import MANIFEST, read_manifest

Folders = Mapping[Path, Mapping[str, str]]


def losses_of(folders: Folders, against: Path) -> Iterator[Diagnostic]:
    """PG160 to PG162 for what `folders` would lose of that which the tree `against` has made."""
    for folder, files in folders.items():
        old = _same_in(against, folder, files)
        if old is None or not files:
            continue
        before = _read(old)
        # Most runs change no Terraform: then there is nothing to take apart, which would be a tenth of `generate`.
        if any(files.get(path) != text for path, text in before.items()):
            from pipelinegen.replacement.compare import losses

            yield from (loss.diagnostic(old) for loss in losses(before, files))


def _same_in(against: Path, folder: Path, files: Mapping[str, str]) -> Path | None:
    """The folder of the same name and environment; else that of the same spec, under the name it had."""
    pipeline, environment = folder.parts[-2:]
    same = against / pipeline / environment
    if (same / MANIFEST).is_file():
        return same
    spec = _spec(files.get(MANIFEST, "{}"))
    for manifest in sorted(against.glob(f"*/{environment}/{MANIFEST}")):
        if spec and _spec(manifest.read_text(encoding="utf-8")) == spec:
            return manifest.parent
    return None


def _read(folder: Path) -> dict[str, str]:
    paths = [path for path in read_manifest(folder) if path.endswith(".tf") and (folder / path).is_file()]
    return {path: (folder / path).read_text(encoding="utf-8") for path in paths}


def _spec(manifest: str) -> str | None:
    try:
        spec = json.loads(manifest).get("spec")
    except (ValueError, AttributeError):
        return None
    return spec.get("path") if isinstance(spec, dict) else None
