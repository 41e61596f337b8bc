"""Enforces the roles' policies on every request; moto 5.2.5's own check denies exact ARNs and ignores conditions."""

import io
import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from moto.iam.models import iam_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sts.models import sts_backends

from pipelinegen.local.cloud.calls import Place, Request, calls_of, read_request
from pipelinegen.local.cloud.sessions import ADMINISTRATOR
from pipelinegen.local.cloud.tasks import current_task
from pipelinegen.local.cloud.trust import NotTrustedError, TrustPolicies
from pipelinegen.local.iam import Call, Decision, decide

DENIED_FILE: Final = "denied.jsonl"
ALLOWED_FILE: Final = "allowed.jsonl"

#: Requests with larger bodies are objects for S3, whose content decides nothing.
_BODY_LIMIT: Final = 8 * 1024 * 1024


class AuthorisationMiddleware:
    """A WSGI application that hands a request on only if the role that signed it may make it."""

    def __init__(
        self, application: Any, account: str, workdir: Path, trust: TrustPolicies, partition: str = "aws"
    ) -> None:
        self._application = application
        self._account = account
        self._partition = partition
        self._trust = trust
        self._denials = workdir / DENIED_FILE
        self._allowances = workdir / ALLOWED_FILE
        self._noted: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Serves or refuses one request."""
        request = read_request(environ, _peek(environ))
        refusal = self._refusal(request) if request is not None else None
        if request is None or refusal is None:
            return self._application(environ, start_response)
        return _respond(request, refusal, start_response)

    def _refusal(self, request: Request) -> str | None:
        """Why the request is refused, None if it is not."""
        if request.access_key == ADMINISTRATOR["AWS_ACCESS_KEY_ID"]:
            return None
        roles = sts_backends[self._account][self._partition]
        role = roles.get_assumed_role_from_access_key(request.access_key)
        if role is None:
            return "The security token included in the request is invalid."
        name = role.role_arn.rpartition("/")[2]
        policies = self._policies(name)
        for call in calls_of(request, Place(self._account, self._secret_arn(request.region), self._partition)):
            decision = decide(policies, call)
            if decision.allowed and call.action == "sts:AssumeRole":
                decision = self._trusted(role.role_arn, call.resource)
            if not decision.allowed:
                return self._denied(role.arn, name, call, decision)
            self._allowed(name, call)
        return None

    def _trusted(self, caller_arn: str, role_arn: str) -> Decision:
        try:
            self._trust.require_role(role_arn, caller_arn)
        except NotTrustedError:
            return Decision(False, "because the role's trust policy does not allow it")
        return Decision(True)

    def _policies(self, role_name: str) -> list[Mapping[str, Any]]:
        documents = iam_backends[self._account][self._partition].get_role(role_name).policies.values()
        return [json.loads(text) for text in documents]

    def _secret_arn(self, region: str) -> Any:
        def find(name: str) -> str:
            secrets = secretsmanager_backends[self._account][region].secrets
            unknown = f"arn:{self._partition}:secretsmanager:{region}:{self._account}:secret:{name}"
            return str(secrets[name].arn) if name in secrets else unknown

        return find

    def _allowed(self, role: str, call: Call) -> None:
        """Writes down each call of a state once, however often it is made."""
        task = current_task()
        entry = {
            "action": call.action,
            "context": dict(call.context),
            "resource": call.resource,
            "role": role,
            "state": task.state if task else None,
        }
        line = json.dumps(entry)
        with self._lock:
            if line not in self._noted:
                self._noted.add(line)
                with self._allowances.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")

    def _denied(self, user: str, role: str, call: Call, decision: Decision) -> str:
        task = current_task()
        entry = {
            "action": call.action,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "context": dict(call.context),
            "date": task.date if task else None,
            "resource": call.resource,
            "role": role,
            "state": task.state if task else None,
        }
        with self._lock, self._denials.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        where = f" on resource: {call.resource}" if call.resource != "*" else ""
        return f"User: {user} is not authorized to perform: {call.action}{where} {decision.reason}"


def _peek(environ: dict[str, Any]) -> bytes:
    """The body of a request, which stays readable; empty for objects on their way to S3."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    uploads = environ["REQUEST_METHOD"] == "PUT"
    if uploads or not 0 < length <= _BODY_LIMIT:
        return b""
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _respond(request: Request, message: str, start_response: Any) -> list[bytes]:
    """The refusal in the form of the service's protocol."""
    if request.service == "s3":
        code, kind, text = "403 Forbidden", "application/xml", _S3_ERROR
    elif request.service in ("sns", "sqs", "sts", "monitoring", "iam") and not request.target:
        code, kind, text = "403 Forbidden", "text/xml", _QUERY_ERROR
    else:
        code = "403 Forbidden" if request.service == "lambda" else "400 Bad Request"
        body = json.dumps({"__type": "AccessDeniedException", "Message": message, "message": message}).encode()
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", "AccessDeniedException")]
        start_response(code, [*headers, ("Content-Length", str(len(body)))])
        return [body]
    body = b"" if request.method == "HEAD" else text.format(message=escape(message)).encode()
    start_response(code, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


_S3_ERROR: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>{message}</Message></Error>'
)
_QUERY_ERROR: Final = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{message}</Message></Error>"
    "<RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
)
