"""A program that receives CloudEvents over HTTP and verifies their signatures itself."""

import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event

SECRET = "correct horse battery staple"


class Receiver:
    """Keeps the accepted events, in order, and their bodies with the signatures.

    `reject` has the statuses and headers for the next rejections.
    """

    def __init__(self) -> None:
        self.events: list[BaseCloudEvent] = []
        self.accepted: list[tuple[bytes, str]] = []
        self.requests = 0
        self.reject: list[tuple[int, dict[str, str]]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests += 1
                status, headers = receiver.reject.pop(0) if receiver.reject else (204, {})
                signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
                if not hmac.compare_digest(signature, self.headers["X-Hub-Signature-256"]):
                    status = 401
                if status == 204:
                    receiver.accepted.append((body, self.headers["X-Hub-Signature-256"]))
                    received = {"content-type": self.headers["Content-Type"]}
                    receiver.events.append(from_structured_event(HTTPMessage(received, body)))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/token-in-the-path"

    def types(self) -> list[str]:
        """The types of the events, without their prefix."""
        return [event.get_type().removeprefix("gitops-bot.") for event in self.events]


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver()
    threading.Thread(target=receiver.server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        receiver.server.server_close()
