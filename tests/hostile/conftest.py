"""Fixtures of several edges."""

import pytest

from tests.hostile.server import Certificate, HostileServer, send


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return Certificate.make(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def untrusted_server(certificate):
    """A server that knows nothing, with a certificate that nobody trusts: its URL and the certificate's file."""
    server = HostileServer(certificate)
    server.respond = lambda handler: send(handler, b"{}", 404)
    with server.serve():
        yield server.url, certificate.file
