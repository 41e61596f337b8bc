"""Lays out a provider mirror whose hashicorp/aws is this package, and the configuration that makes terraform use it."""

import json
import shlex
import sys
from pathlib import Path

from tests.oracle.programs import version_of
from tests.oracle.provider.schema import SOURCE_ADDRESS, provider_version

REPOSITORY = Path(__file__).resolve().parents[3]


def make_mirror(folder: Path, terraform: str) -> Path:
    """The path of a CLI configuration file; `folder` then holds the mirror that it names.

    The mirror is for the tests only: a `.terraform.lock.hcl` made against it would name the hash of a stand-in.
    """
    version = provider_version()
    _, platform = version_of(terraform)
    plugin = folder / SOURCE_ADDRESS / version / platform / f"terraform-provider-aws_v{version}"
    plugin.parent.mkdir(parents=True, exist_ok=True)
    command = shlex.join([sys.executable, "-m", "tests.oracle.provider.serve"])
    plugin.write_text(f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(REPOSITORY))} exec {command}\n")
    plugin.chmod(0o755)
    configuration = folder / "terraform.tfrc"
    configuration.write_text(
        "disable_checkpoint = true\n\n"
        "provider_installation {\n"
        f"  filesystem_mirror {{\n    path = {json.dumps(str(folder))}\n  }}\n"
        "}\n"
    )
    return configuration
