"""The audit log of the sandbox cluster: successful requests that change something, at level RequestResponse.

https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
"""

import uuid
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import orjson

from bot.sandbox.cluster.request import Request, Response, Target


class AuditLogFile:
    """Appends events to a file, one per line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def record(self, verb: str, request: Request, target: Target, response: Response, at: datetime) -> None:
        """Record a request that succeeded."""
        time = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        answer = orjson.loads(response.body)
        event = {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": "RequestResponse",
            "auditID": str(uuid.uuid4()),
            "stage": "ResponseComplete",
            "requestURI": request.path + (f"?{urlencode(request.query)}" if request.query else ""),
            "verb": verb,
            "user": {"username": request.identity},
            "userAgent": request.user_agent,
            "objectRef": {
                "resource": target.kind.plural,
                "apiGroup": target.kind.group,
                "apiVersion": target.kind.version,
                "namespace": target.namespace or "",
                "name": target.name or answer.get("metadata", {}).get("name", ""),
                "subresource": target.subresource,
            },
            "responseStatus": {"metadata": {}, "code": response.status},
            **({"requestObject": orjson.loads(request.body)} if request.body.startswith((b"{", b"[")) else {}),
            "responseObject": answer,
            "requestReceivedTimestamp": time,
            "stageTimestamp": time,
        }
        with self._path.open("ab") as file:
            file.write(orjson.dumps(event) + b"\n")
