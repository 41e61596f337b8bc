"""Roles: statements that mean the same become one, those that do not keep a name of their own."""

from pipelinegen.ir.model import Permission, RoleKey, Service
from pipelinegen.resolve.iam import merge_permissions

ROLE = RoleKey(Service.GLUE, "a")


def permission(sid: str, actions: str, *resources: str, condition: str | None = None) -> Permission:
    conditions = (("StringEquals", "k", (condition,)),) if condition else ()
    return Permission(ROLE, sid, tuple(actions.split()), resources, conditions)


def test_equal_statements_become_one_with_sorted_resources() -> None:
    merged = merge_permissions([permission("Read", "s3:B s3:A", "z", "b"), permission("Read", "s3:B s3:A", "a", "b")])
    assert merged == (permission("Read", "s3:A s3:B", "a", "b", "z"),)


def test_other_actions_or_conditions_are_another_statement() -> None:
    given = [
        permission("Read", "s3:A", "a"),
        permission("Read", "s3:B", "a"),
        permission("Read", "s3:A", "b", condition="x"),
        permission("Write", "s3:A", "c"),
    ]
    assert [(item.sid, item.actions, bool(item.conditions)) for item in merge_permissions(given)] == [
        ("Read", ("s3:A",), False),
        ("Read2", ("s3:B",), False),
        ("Read3", ("s3:A",), True),
        ("Write", ("s3:A",), False),
    ]


def test_sids_are_unique_even_where_a_number_is_taken() -> None:
    given = [permission("Read", "s3:A", "a"), permission("Read", "s3:B", "a"), permission("Read2", "s3:C", "a")]
    sids = [item.sid for item in merge_permissions(given)]
    assert len(set(sids)) == 3


def test_no_permissions_give_no_statements() -> None:
    assert merge_permissions([]) == ()
