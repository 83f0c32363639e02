"""Fixtures of several edges."""

import pytest

from bot.core.drift.model import Status
from tests.common.bot import application_settings
from tests.common.kubernetes import as_yaml, config_map
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


@pytest.fixture
def fleet(bot, source, cluster):
    """The bot, watching `cart` and `shop`, which are both in sync."""
    source.commit("First", {f"apps/{name}/settings.yaml": as_yaml(config_map()) for name in ("cart", "shop")})
    for name in ("cart", "shop"):
        cluster.apply(config_map(), namespace=name)
    bot.start(applications={name: application_settings(name) for name in ("cart", "shop")}, alerts={"looks": 1})
    assert {check.status for check in bot.check().values()} == {Status.SYNCED}
    return bot
