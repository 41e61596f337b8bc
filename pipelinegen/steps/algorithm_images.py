"""The address of an AWS image, held against where AWS keeps its algorithms and frameworks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pipelinegen.errors import Diagnostic, suggest
from pipelinegen.ir.images import ACCOUNTS, DEFAULT_ACCOUNT, DEFAULT_REGIONS
from pipelinegen.steps import built_in_algorithms as built_in
from pipelinegen.steps.base import Scope

_ADDRESS: Final = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?P<china>\.cn)?/(?P<repository>[^:@]+)"
    r"(?::(?P<tag>.+)|@.+)"
)
_RELEASE: Final = re.compile(r"(\d+)\.(\d+)-(\d+)(-cpu-py3)?")


@dataclass(frozen=True, slots=True)
class Address:
    """An image in an account of AWS, in parts; `tag` is empty where a digest names it."""

    account: str
    region: str
    is_chinese: bool
    repository: str
    tag: str

    @property
    def algorithm(self) -> built_in.Algorithm | None:
        """The algorithm that it names."""
        return built_in.algorithm(self.repository, self.tag)

    @property
    def is_framework(self) -> bool:
        """Whether it runs programs and has none itself."""
        return any(self.repository in _frameworks(group) for group in built_in.table()["frameworks"])


def address_of(scope: Scope, image: str | None) -> Address | None:
    """The parts of an address of AWS's; None for an image of one's own, or of someone else's."""
    found = _ADDRESS.fullmatch(image or "")
    if found is None or found["account"] == scope.names.account_id:
        return None
    deep_learning = {DEFAULT_ACCOUNT, *ACCOUNTS.values()}
    if found["account"] not in built_in.accounts() | deep_learning:
        return None
    return Address(found["account"], found["region"], bool(found["china"]), found["repository"], found["tag"] or "")


def faults_of_address(scope: Scope, given: Address) -> Iterator[Diagnostic]:
    """PG145 for an image that AWS has not: of that name, in that account, or with that tag."""
    span, found = scope.spans.at("image").value, given.algorithm
    if found is None and not given.is_framework:
        if given.account in built_in.accounts() and given.repository not in built_in.table()["others"].split():
            message = f"AWS has no image '{given.repository}' in the account {given.account}"
            yield Diagnostic(span, "PG145", message, suggest(given.repository, _repositories(), "its images"))
        return
    account = found.account(given.region) if found else _account_of_framework(given)
    if account is None:
        message = f"AWS offers no '{given.repository}' in '{given.region}'"
        yield Diagnostic(span, "PG145", message, "choose another algorithm, or another region")
    elif account != given.account or given.is_chinese != given.region.startswith("cn-"):
        message = f"the image '{given.repository}' of '{given.region}' lies elsewhere"
        suffix = "amazonaws.com.cn" if given.region.startswith("cn-") else "amazonaws.com"
        tag = given.tag if not found or _has_tag(found.tags, given.tag) else found.tags[0]
        right = f"{account}.dkr.ecr.{given.region}.{suffix}/{given.repository}:{tag or '<tag>'}"
        yield Diagnostic(span, "PG145", message, f"write {right}")
    if found and given.tag and not _has_tag(found.tags, given.tag):
        message = f"the image '{given.repository}' has no tag '{given.tag}'"
        yield Diagnostic(span, "PG145", message, suggest(given.tag, found.tags, "its tags"))


def _repositories() -> tuple[str, ...]:
    return (*built_in.table()["algorithms"], *_frameworks("containers"))


def _frameworks(group: str) -> tuple[str, ...]:
    return tuple(built_in.table()["frameworks"][group].split())


def _account_of_framework(given: Address) -> str:
    """Its account; the given one where the table has none, which then is newer than the table."""
    if given.repository in _frameworks("containers"):
        return built_in.account_of("containers", given.region) or given.account
    return ACCOUNTS.get(given.region) or (DEFAULT_ACCOUNT if given.region in DEFAULT_REGIONS else given.account)


def _has_tag(tags: tuple[str, ...], tag: str) -> bool:
    """Whether an image has a tag; one that is newer than the table may be there."""
    if tag in tags or tag.removesuffix("-cpu-py3") in tags:
        return True
    newest, release = _RELEASE.fullmatch(tags[-1]), _RELEASE.fullmatch(tag)
    if newest and release:
        return tuple(map(int, release.groups()[:3])) > tuple(map(int, newest.groups()[:3]))
    return newest is None and tag.isdigit() and int(tag) > 1
