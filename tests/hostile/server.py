"""A server that answers as a test says, over HTTP or with a certificate that nobody trusts."""

import ssl
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate for 127.0.0.1, which nobody trusts: its file, and the one with its key."""

    file: str
    key: str

    @classmethod
    def make(cls, folder):
        key = str(Path(folder) / "server.pem")
        subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
        options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key]
        command = ["openssl", "req", "-x509", *options, "-out", f"{key}.crt", "-days", "1", *subject]
        subprocess.run(command, check=True, capture_output=True)
        return cls(f"{key}.crt", key)

    def use_for(self, server):
        """Let a socket server speak TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)


class HostileServer:
    """A server whose `respond` is called with each request's handler, until it raises or returns."""

    def __init__(self, certificate=None):
        self.respond = None
        self.paths = []
        forge = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except OSError:
                    self.close_connection = True

            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                forge.paths.append(self.path)
                forge.respond(self)

            do_POST = do_GET  # noqa: N815  the base class calls it so

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.server.server_port}"
        if certificate:
            certificate.use_for(self.server)

    @contextmanager
    def serve(self):
        thread = threading.Thread(target=partial(self.server.serve_forever, 0.05), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join()


def send(handler, body, status=200, **headers):
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", "Content-Length": len(body), **headers}.items():
        handler.send_header(name.replace("_", "-"), str(value))
    handler.end_headers()
    handler.wfile.write(body)
