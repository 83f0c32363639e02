"""A server that answers as a test says, over HTTP or with a certificate that nobody trusts."""

import ssl
import subprocess
import threading
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class HostileServer:
    """A server whose `respond` is called with each request's handler, until it raises or returns."""

    def __init__(self):
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
        self.url = f"http://127.0.0.1:{self.server.server_port}"

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


@contextmanager
def serving_tls(folder):
    """A server that knows nothing, with a self-signed certificate, its URL, and the certificate's file."""
    file = Path(folder) / "server.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(file)]
    command = ["openssl", "req", "-x509", *key, "-out", f"{file}.crt", "-days", "1", *subject]
    subprocess.run(command, check=True, capture_output=True)
    server = HostileServer()
    server.respond = lambda handler: send(handler, b"{}", 404)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{file}.crt", file)
    server.server.socket = context.wrap_socket(server.server.socket, server_side=True)
    with server.serve():
        yield server, server.url.replace("http:", "https:"), f"{file}.crt"


@contextmanager
def untrusted(folder):
    """The URL and the certificate's file of a server as above."""
    with serving_tls(folder) as (_, url, certificate):
        yield url, certificate
