"""The address of an AWS image, held against where AWS keeps its algorithms and frameworks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pipelinegen.errors import Diagnostic, SpecError, suggest
from pipelinegen.ir.images import ACCOUNTS, DEFAULT_ACCOUNT, DEFAULT_REGIONS
from pipelinegen.steps import built_in_algorithms as built_in
from pipelinegen.steps.base import Scope

_ADDRESS: Final = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?P<china>\.cn)?/(?P<repository>[^:@]+)"
    r"(?::(?P<tag>.+)|@.+)"
)
#: The accounts of the frameworks of deep learning, in any region.
DEEP_LEARNING: Final = frozenset({DEFAULT_ACCOUNT, *ACCOUNTS.values()})
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
        """Whether it trains by programs and has none itself."""
        return self.repository in (*_frameworks("containers"), *_frameworks("deep_learning"))

    @property
    def is_for_serving(self) -> bool:
        """Whether it answers requests, and cannot train."""
        return self.repository in _frameworks("serving")


def address_of(scope: Scope, image: str | None) -> Address | None:
    """The parts of an address of AWS's; None for an image of one's own, or of someone else's."""
    found = _ADDRESS.fullmatch(image or "")
    if found is None or found["account"] == scope.names.account_id:
        return None
    if found["account"] not in built_in.accounts() | DEEP_LEARNING:
        return None
    return Address(found["account"], found["region"], bool(found["china"]), found["repository"], found["tag"] or "")


def check_address(scope: Scope, image: str) -> None:
    """Raises: SpecError with PG145 for an image that AWS has not."""
    given = address_of(scope, image)
    faults = list(faults_of_address(scope, given)) if given else []
    if faults:
        raise SpecError(faults)


def check_serving(scope: Scope, image: str, trained_with: str, content_type: str | None) -> None:
    """Raises: SpecError with PG145 for an algorithm's image that cannot answer for a model, or to such requests."""
    serving, training = (_algorithm(scope, address) for address in (image, trained_with))
    if serving is None:
        return
    if training and training.family != serving.family:
        message = f"the image of {serving.title} cannot answer for a model of {training.title}"
        raise scope.fault("PG145", message, f"write {trained_with}", "image")
    kind = (content_type or "").partition(";")[0]
    if kind and kind not in serving.serves:
        message = f"{serving.title} does not answer to {kind}"
        raise scope.fault("PG145", message, suggest(kind, serving.serves, "it answers to"), "content_type")


def _algorithm(scope: Scope, image: str) -> built_in.Algorithm | None:
    given = address_of(scope, image)
    return given.algorithm if given else None


def faults_of_address(scope: Scope, given: Address) -> Iterator[Diagnostic]:
    """PG145 for an image that AWS has not: of that name, in that account, or with that tag."""
    span, found = scope.spans.at("image").value, given.algorithm
    if found is None and not given.is_framework and not given.is_for_serving:
        if given.account in built_in.accounts() and given.repository not in built_in.table()["others"].split():
            message = f"AWS has no image '{given.repository}' in the account {given.account}"
            yield Diagnostic(span, "PG145", message, suggest(given.repository, _repositories(), "its images"))
        return
    framework = account_of_framework(given.repository, given.region) or given.account
    account = found.account(given.region) if found else framework
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


def account_of_framework(repository: str, region: str) -> str | None:
    """The account of a framework's images; None for a region that the tables do not know."""
    if repository in _frameworks("containers"):
        return built_in.account_of("containers", region)
    return ACCOUNTS.get(region) or (DEFAULT_ACCOUNT if region in DEFAULT_REGIONS else None)


def _has_tag(tags: tuple[str, ...], tag: str) -> bool:
    """Whether an image has a tag; one that is newer than the table may be there."""
    if tag in tags or tag.removesuffix("-cpu-py3") in tags:
        return True
    newest, release = _RELEASE.fullmatch(tags[-1]), _RELEASE.fullmatch(tag)
    if newest and release:
        return tuple(map(int, release.groups()[:3])) > tuple(map(int, newest.groups()[:3]))
    return newest is None and tag.isdigit() and int(tag) > 1
