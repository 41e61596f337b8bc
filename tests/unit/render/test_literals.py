"""Literals: whatever text is inside a value, it comes back out of JSON, Python and HCL, and never becomes code."""

import ast
import json
import re
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelinegen.ir.expressions import comment, concatenate, quote
from pipelinegen.ir.model import Jsonata
from pipelinegen.local.variables import fill
from pipelinegen.render.literals import hcl_literal, json_literal, python_literal
from tests.oracle.programs import find_terraform
from tests.property.specs import TRICKY

SETTINGS = settings(derandomize=True, max_examples=300, deadline=None)
tricky = st.lists(st.one_of(st.sampled_from(TRICKY), st.characters(codec="utf-8")), max_size=15).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | tricky,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(tricky, inner, max_size=4),
    max_leaves=12,
)


@SETTINGS
@given(values)
def test_python_round_trip(value: object) -> None:
    assert ast.literal_eval(python_literal(value)) == value


@SETTINGS
@given(values)
def test_json_round_trip(value: object) -> None:
    assert json.loads(json_literal(value)) == value  # type: ignore[arg-type]


@SETTINGS
@given(tricky)
def test_hcl_text_holds_no_interpolation_and_only_escapes_that_hcl_has(text: str) -> None:
    literal = hcl_literal(text)
    assert not re.search(r"(?<!\$)\$\{|(?<!%)%\{", literal)
    assert re.fullmatch(r'"([^"\\\n\r]|\\(["\\nrt]|u[0-9a-f]{4}))*"', literal)


#: One of each kind of trouble, and all of them together.
HCL_TEXTS = [
    "plain",
    "a\bb\fc",
    "\\b \\\b",
    "tab\t\r\n",
    "${a} %{if} $${b} %%{c} $$${d}",
    'quo"te\\',
    "é😀\u2028",
    "\x00\x1f",
    "".join(TRICKY),
]


def test_terraform_reads_hcl_text_as_it_was() -> None:
    try:
        program = find_terraform()
    except FileNotFoundError as reason:
        pytest.skip(str(reason))
    given = f"jsonencode({hcl_literal(HCL_TEXTS)})\n"
    done = subprocess.run([program, "console"], input=given, capture_output=True, text=True, check=True)
    assert json.loads(json.loads(done.stdout)) == HCL_TEXTS


def test_other_hcl_values() -> None:
    assert hcl_literal(None) == "null"
    assert hcl_literal([True, 1, 0.5, "a"]) == '[true, 1, 0.5, "a"]'
    assert hcl_literal({"a b": 1, "c": {}}) == '{ "a b" = 1, "c" = {  } }'


def test_python_is_laid_out_as_ruff_does_it() -> None:
    value = {"sql": "SELECT 1\nFROM t", "name": "x", "list": ["a" * 30, "b" * 30], "it's": 'say "no"'}
    assert python_literal(value) == (
        '{\n    "sql": (\n        "SELECT 1\\n"\n        "FROM t"\n    ),\n    "name": "x",\n'
        f'    "list": [\n        "{"a" * 30}",\n        "{"b" * 30}",\n    ],\n    "it\'s": \'say "no"\',\n}}'
    )


@SETTINGS
@given(tricky)
def test_text_in_an_expression_is_never_code(text: str) -> None:
    """Neither for `templatefile` nor for the marks of Step Functions; JSONata reads it as JSON does."""
    literal = quote(text)
    assert not re.search(r"[$%]\{|\{%|%\}", literal)
    assert json.loads(literal) == text


@SETTINGS
@given(tricky)
def test_text_without_references_is_never_code(text: str) -> None:
    found = concatenate([text])
    if isinstance(found, Jsonata):
        assert json.loads(found.text) == text
    else:
        assert found == text
        assert fill(text, {}) == text
        assert "{%" not in text


@SETTINGS
@given(tricky)
def test_a_comment_is_never_code(text: str) -> None:
    def spaced(value: str) -> str:
        return value.replace("{%", "{ %").replace("%}", "% }")

    found = comment(text)
    assert fill(found, {}) == spaced(text)
    assert "{%" not in fill(found, {})


def test_expressions_are_joined() -> None:
    assert concatenate(["a ", Jsonata("$x"), "${b}"]) == Jsonata('"a " & $string($x) & "\\u0024{b}"')
    assert concatenate(["a", "b"]) == "ab"
    assert concatenate(["{% 1 %}"]) == Jsonata('"{\\u0025 1 \\u0025}"')
