"""`http_call` steps ask a real server of this machine; what has none is refused before anything starts."""

import argparse
import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipelinegen.local.stand_ins import StandIns, stand_in
from tests.local.command_line import run_command

SPEC = Path(__file__).parent / "http_specs" / "partner.yaml"
THEIRS = "https://partner.example.com"


class Partner(BaseHTTPRequestHandler):
    """Answers a question, and refuses to be told anything."""

    asked: list[dict[str, Any]] = []

    def do_GET(self) -> None:
        """A state, and who asked."""
        self._answer(200, {"state": "open"})

    def do_POST(self) -> None:
        """No."""
        self._answer(418, {"why": "a teapot"})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        given = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        names = ("X-Api-Key", "Authorization", "X-Day", "Content-Type")
        headers = {name: self.headers[name] for name in names if name in self.headers}
        self.asked.append({"path": self.path, "headers": headers, "body": json.loads(given) if given else None})
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.mark.slow
def test_a_server_of_this_machine_is_asked_with_the_key(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    shutil.copy(SPEC, tmp_path / "specs")
    assert run_command("generate", folder=tmp_path).code == 0
    words = ("run", "specs/partner.yaml", "--date", "2026-11-20", "--report", tmp_path / "report.json")
    refused = run_command(*words, folder=tmp_path)
    assert "step 'ask' asks https://partner.example.com/v1/state" in refused.err
    assert f"--stand-in {THEIRS}=http://127.0.0.1:8000" in refused.err
    with ThreadingHTTPServer(("127.0.0.1", 0), Partner) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        pair = f"{THEIRS}=http://127.0.0.1:{server.server_port}"
        done = run_command(*words, "--stand-in", pair, folder=tmp_path)
        server.shutdown()
    key = "local stand-in of tests/partner"
    assert Partner.asked == [
        {"path": "/v1/state?date=2026-11-20&limit=5", "headers": {"X-Api-Key": key}, "body": None},
        {
            "path": "/v1/refresh",
            "headers": {"Authorization": key, "X-Day": "2026-11-20", "Content-Type": "application/json"},
            "body": {"status": 200, "text": "State of 2026-11-20"},
        },
    ]
    (day,) = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["days"]
    assert (done.code, day["failed_state"], day["error"]) == (1, "Tell", "States.Http.StatusCode.418")
    assert '{"why": "a teapot"}' in done.out


def test_who_answers_for_whom() -> None:
    pairs = StandIns.of([stand_in(f"{THEIRS}=http://127.0.0.1:8000/"), stand_in(f"{THEIRS}:8443=http://localhost:1")])
    assert pairs.address_of(f"{THEIRS}/v1/state") == "http://127.0.0.1:8000/v1/state"
    assert pairs.address_of(f"{THEIRS}:8443/x") == "http://localhost:1/x"
    assert pairs.address_of("https://other.example.com/x") is None
    assert StandIns.of(pairs.words()[1::2]) == pairs


@pytest.mark.parametrize("text", [THEIRS, f"{THEIRS}=https://elsewhere.example.com", "http://a.b=http://127.0.0.1:1"])
def test_only_this_machine_stands_in(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="does not say who answers for whom"):
        stand_in(text)
