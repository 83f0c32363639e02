"""Fixtures of several edges."""

import pytest

from tests.hostile.server import untrusted


@pytest.fixture(scope="module")
def untrusted_server(tmp_path_factory):
    with untrusted(tmp_path_factory.mktemp("untrusted")) as server:
        yield server
