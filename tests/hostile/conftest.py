"""Fixtures of several edges."""

import gc
import shutil
import time

import pytest
from hypothesis.internal.charmap import charmap

from bot.core.drift.model import Status
from bot.sandbox.forge import SandboxForge
from bot.sandbox.server import Server
from tests.common.bot import application_settings
from tests.common.kubernetes import as_yaml, config_map
from tests.hostile.memory import forget_peak, peak_mib
from tests.hostile.server import Certificate, HostileServer, send

# What all examples of a property test may add and take, in CPU time. Hypothesis and the other threads count too.
PROPERTY_MIB, PROPERTY_SECONDS = 128, 30


@pytest.fixture(autouse=True)
def bounded_properties(request):
    """Every property test ends within its bounds of memory and time, whatever its examples are."""
    if not getattr(request.function, "is_hypothesis_test", False):
        yield
        return
    charmap()  # Hypothesis makes its own tables once, which take more
    gc.collect()
    forget_peak()
    before, start = peak_mib(), time.process_time()
    yield
    assert peak_mib() - before < PROPERTY_MIB
    assert time.process_time() - start < PROPERTY_SECONDS


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


@pytest.fixture
def served(source, tmp_path):
    """The source over HTTP, from a server without limits: its URL, and the requests that it got."""
    forge = SandboxForge(tmp_path / "forge")
    path = forge.create_repository("acme/platform").path
    shutil.rmtree(path)
    path.symlink_to(source.path / ".git")
    with Server(forge.app) as server:
        yield f"{server.url}/acme/platform.git", forge.requests
