"""Tokens: a fixed format, deterministic, reversible with the key alone, the same in Spark and in Python."""

import base64
import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.common.tokens import TokenError, detokenise, token_keys, tokenise
from tests.compiling import ROOT

SECRET = "a key of thirty-two characters.."
KEYS = token_keys(SECRET)
FIXED = "t1_DXu3fHtq5RxCXFG93L_Oo3HKO__6lJFd41cRWH6P_Ao9_gn6dywI2Q6HEiMcuB31"
FIXED_BY_ANOTHER_KEY = "t1_x-vS5-OsRRCYg8oprouvpnyGLM1pwE4aysYhe0G1UP1rXi8UiK5OgCcvUNRkce_Q"


def test_the_format_stays() -> None:
    assert tokenise("anna@example.com", KEYS) == FIXED
    assert detokenise(FIXED, KEYS) == "anna@example.com"


def test_openssl_turns_a_token_back() -> None:
    body = base64.urlsafe_b64decode(FIXED.removeprefix("t1_") + "==")
    command = ["openssl", "enc", "-d", "-aes-256-cbc", "-K", KEYS.cipher.hex(), "-iv", body[:16].hex()]
    assert subprocess.run(command, input=body[16:], capture_output=True, check=True).stdout == b"anna@example.com"


@given(st.text(max_size=100))
def test_every_text_comes_back_and_equal_texts_have_equal_tokens(value: str) -> None:
    value = value.encode("utf-8", "replace").decode()
    token = tokenise(value, KEYS)
    assert token == tokenise(value, token_keys(SECRET))
    assert detokenise(token, KEYS) == value


@pytest.mark.parametrize(
    "token",
    [
        "",
        "t1_",
        "anna",
        "t1_AAAA",
        FIXED_BY_ANOTHER_KEY,
        *(FIXED[:place] + ("A" if FIXED[place] != "A" else "B") + FIXED[place + 1 :] for place in (3, 12, 30, 50)),
    ],
)
def test_what_this_key_did_not_make_is_refused(token: str) -> None:
    with pytest.raises(TokenError, match="not a token of this key"):
        detokenise(token, KEYS)


def test_keys_are_long_and_never_shown() -> None:
    with pytest.raises(TokenError, match="has 31 characters; it needs 32"):
        token_keys(SECRET[1:])
    assert repr(KEYS) == "TokenKeys()"


def test_the_program_turns_lines_back() -> None:
    command = [sys.executable, "-m", "runtime.common.tokens"]
    environment = {**os.environ, "TOKEN_KEY": SECRET, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, input=f"{FIXED}\n", capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout) == (0, "anna@example.com\n")
    done = subprocess.run(command, input="x\n", capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (1, "error: not a token of this key\n")


@pytest.mark.slow
def test_spark_makes_the_same_tokens_and_hides_the_keys(spark: Any) -> None:
    from runtime.glue.columns import declared_columns
    from runtime.glue.protection import ProtectionKeys

    values = ["anna", "", "a" * 500, "ünï – 日本", "anna", None]
    frame = spark.createDataFrame([(value,) for value in values], "user_id string")
    columns = {"user_id": {"type": "string", "protect": "tokenise"}}
    typed = declared_columns(frame, "clicks", columns, ProtectionKeys(tokens=KEYS))
    found = [row.user_id for row in typed.frame.collect()]
    assert found == [None if value is None else tokenise(value, KEYS) for value in values]
    plan = typed.frame._jdf.queryExecution().toString()
    shown = [text for key in (KEYS.mac, KEYS.cipher) for text in (key.hex(), base64.b64encode(key).decode())]
    assert [text for text in shown if text in plan] == []
    assert "token_material" in plan
