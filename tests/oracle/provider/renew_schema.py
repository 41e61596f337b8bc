"""Renews schema.json.gz from a wheel of cdktn-provider-aws.

    pip download --no-deps --dest DIR cdktn-provider-aws==25.8.1
    python -m tests.oracle.provider.renew_schema DIR/cdktn_provider_aws-25.8.1-py3-none-any.whl

The types that are kept stand in resource_types.txt; the file's bytes depend on the wheel and on that list only.
"""

import argparse
import gzip
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.oracle.provider.jsii_module import JsModule, type_name_in
from tests.oracle.provider.jsii_schema import SchemaReader

HERE: Final = Path(__file__).parent
_MODULE: Final = re.compile(r"package/lib/[^/]+/index\.js")
_VERSION: Final = re.compile(r"providerVersion: '([^']+)'")
_PARTS: Final = {"TerraformResource": "resource_schemas", "TerraformDataSource": "data_source_schemas"}
#: The package does not say what is sensitive; these attributes are in the real provider.
_SENSITIVE: Final = re.compile(r"auth_token|secret_string|secret_binary|password|passwords|master_password|value")
_SENSITIVE_TYPES: Final = re.compile(r"aws_(elasticache|secretsmanager|ssm_parameter|sagemaker)")
#: Ephemeral resources are not in the package either: (type, data source with the same attributes).
_EPHEMERAL: Final = (("aws_secretsmanager_secret_version", ("id", "secret_arn")), ("aws_ssm_parameter", ("id",)))

#: The package types a firewall rule's statement as `any`, since it nests; these are the two statements an API needs.
_FIREWALL_STATEMENTS: Final = {
    "managed_rule_group_statement": ("name", "vendor_name"),
    "rate_based_statement": ("limit",),
}


def _optional_block(block: dict[str, Any]) -> dict[str, Any]:
    return {"nesting_mode": "list", "max_items": 1, "block": block}


def _repair_firewall_rules(resources: dict[str, Any]) -> None:
    """Puts a nested block in the place of the `any`, which terraform refuses inside a set."""
    if "aws_wafv2_web_acl" not in resources:
        return
    rule = resources["aws_wafv2_web_acl"]["block"]["block_types"]["rule"]["block"]
    del rule["attributes"]["statement"]
    statements = {}
    for statement, required in _FIREWALL_STATEMENTS.items():
        kinds = {name: "number" if name == "limit" else "string" for name in required}
        attributes = {name: {"type": kind, "required": True} for name, kind in kinds.items()}
        attributes |= {name: {"type": "string", "optional": True} for name in ("aggregate_key_type", "version")}
        statements[statement] = _optional_block({"attributes": attributes})
    rule["block_types"]["statement"] = _optional_block({"block_types": statements}) | {"min_items": 1}


def wanted_types() -> set[str]:
    """The lines of resource_types.txt; a data source is written `data.aws_…`."""
    lines = (HERE / "resource_types.txt").read_text(encoding="utf-8").splitlines()
    return {line.strip() for line in lines if line.strip() and not line.startswith("#")}


def modules(wheel: Path) -> Iterator[str]:
    """The JavaScript texts of a wheel, which carries them as a tar archive."""
    with zipfile.ZipFile(wheel) as archive:
        packed = next(name for name in archive.namelist() if name.endswith(".jsii.tgz"))
        content = io.BytesIO(archive.read(packed))
    with tarfile.open(fileobj=content, mode="r:gz") as package:
        for entry in package:
            file = package.extractfile(entry) if _MODULE.fullmatch(entry.name) else None
            if file is not None:
                yield file.read().decode("utf-8")


def _mark_secrets(type_name: str, block: dict[str, Any]) -> None:
    """Adds `write_only` and `sensitive`, which the package lacks, to the attributes that have them."""
    for name, attribute in block.get("attributes", {}).items():
        if name.endswith("_wo") and not attribute.get("computed"):
            attribute["write_only"] = True
        if _SENSITIVE_TYPES.match(type_name) and _SENSITIVE.fullmatch(name):
            attribute["sensitive"] = True
    for nested in block.get("block_types", {}).values():
        _mark_secrets(type_name, nested["block"])


def _ephemeral_schemas(data_sources: dict[str, Any]) -> dict[str, Any]:
    schemas = {}
    for type_name, missing in _EPHEMERAL:
        attributes = data_sources[type_name]["block"]["attributes"]
        kept = {name: attribute for name, attribute in attributes.items() if name not in missing}
        schemas[type_name] = {"version": 0, "block": {"attributes": kept}}
    return schemas


def read_schemas(wheel: Path, wanted: set[str]) -> dict[str, Any]:
    """The document for schema.json.gz. Raises: LookupError if the wheel lacks a wanted type."""
    schemas: dict[str, Any] = {"provider": {}, "resource_schemas": {}, "data_source_schemas": {}}
    version = ""
    bare = {name.removeprefix("data.") for name in wanted} | {"aws"}
    for text in modules(wheel):
        if type_name_in(text) not in bare:
            continue
        module = JsModule(text)
        for class_name, base, type_name in module.terraform_classes():
            schema: dict[str, Any] = {"version": 0, "block": SchemaReader(module).block(class_name)}
            if base == "TerraformProvider":
                schemas["provider"] = schema
            elif (f"data.{type_name}" if base == "TerraformDataSource" else type_name) in wanted:
                _mark_secrets(type_name, schema["block"])
                schemas[_PARTS[base]][type_name] = schema
        found = _VERSION.search(text)
        version = found.group(1) if found else version
    known = set(schemas["resource_schemas"]) | {f"data.{name}" for name in schemas["data_source_schemas"]}
    if wanted - known:
        raise LookupError(f"not in {wheel.name}: {', '.join(sorted(wanted - known))}")
    _repair_firewall_rules(schemas["resource_schemas"])
    schemas["ephemeral_resource_schemas"] = _ephemeral_schemas(schemas["data_source_schemas"])
    return {"provider_version": version, "wheel": wheel.name, "schemas": schemas}


def main() -> None:
    """Writes schema.json.gz beside this file."""
    parser = argparse.ArgumentParser(description="Renew the provider schema of the offline oracle.")
    parser.add_argument("wheel", type=Path, help="cdktn_provider_aws-….whl")
    document = read_schemas(parser.parse_args().wheel, wanted_types())
    text = json.dumps(document, separators=(",", ":"), sort_keys=True)
    (HERE / "schema.json.gz").write_bytes(gzip.compress(text.encode("utf-8"), compresslevel=9, mtime=0))
    schemas = document["schemas"]
    counts = ", ".join(f"{len(schemas[part])} {part}" for part in sorted(schemas) if part != "provider")
    print(f"hashicorp/aws {document['provider_version']}: {counts}, {len(text):,} characters")


if __name__ == "__main__":
    main()
