"""Statements that allow what others of the role allow already."""

from dataclasses import replace

from pipelinegen.ir.model import Permission, RoleKey, Service
from pipelinegen.resolve.redundant import without_repeats

ROLE = RoleKey(Service.SAGEMAKER, "train")
READ = Permission(ROLE, "Read", ("s3:GetObject",), ("arn:aws:s3:::b/in/*", "arn:aws:s3:::b/train/*"))
WRITE = Permission(ROLE, "Write", ("s3:PutObject",), ("arn:aws:s3:::b/train/*",))
KEEP = Permission(ROLE, "Keep", ("s3:DeleteObject", "s3:GetObject", "s3:PutObject"), ("arn:aws:s3:::b/train/points/*",))


def listing(sid: str, *prefixes: str) -> Permission:
    return Permission(ROLE, sid, ("s3:ListBucket",), ("arn:aws:s3:::b",), (("StringLike", "s3:prefix", prefixes),))


def test_only_what_is_needed_beside_the_others_stays() -> None:
    assert without_repeats([READ, WRITE, KEEP]) == [READ, WRITE, replace(KEEP, actions=("s3:DeleteObject",))]
    assert without_repeats([KEEP, READ, WRITE]) == [replace(KEEP, actions=("s3:DeleteObject",)), READ, WRITE]
    assert without_repeats([WRITE, replace(WRITE, sid="Again")]) == [WRITE]


def test_conditions_count() -> None:
    wide, narrow, other = listing("Wide", "train/*"), listing("Narrow", "train/points/*"), listing("Other", "in/*")
    assert without_repeats([narrow, wide, other]) == [wide, other]
    encrypted = replace(
        WRITE, sid="Encrypted", conditions=(("StringEquals", "s3:x-amz-server-side-encryption", ("aws:kms",)),)
    )
    assert without_repeats([encrypted, READ]) == [encrypted, READ]
    assert without_repeats([encrypted, WRITE]) == [WRITE]


def test_what_the_spec_says_of_policies_stays() -> None:
    by_hand = replace(WRITE, sid="ByHand", by_hand="asked for")
    denied = replace(WRITE, sid="Never", effect="Deny")
    assert without_repeats([WRITE, by_hand, denied]) == [WRITE, by_hand, denied]
