"""A sandbox on a clock that tests move, a Web API client, and a real Bolt app connected to it."""

from collections.abc import Callable, Iterator

import pytest
from slack_bolt import App
from slack_sdk import WebClient

from bot.adapters.slack.socket_mode import SocketHandler
from bot.sandbox.slack import Rates, SandboxSlack
from tests.common.clock import Clock
from tests.common.wait import wait_for

Connect = Callable[..., SocketHandler]


@pytest.fixture
def slack(clock: Clock) -> Iterator[SandboxSlack]:
    with SandboxSlack(
        seed=7, clock=clock.timestamp, rates=Rates.unlimited(), event_retries=(0, 0, 0)
    ).serve() as served:
        yield served


@pytest.fixture
def client(slack: SandboxSlack) -> WebClient:
    return WebClient(token="xoxb-sandbox", base_url=slack.api_url)  # it retries, as by default


@pytest.fixture
def app(client: WebClient) -> App:
    return App(client=client)


@pytest.fixture
def connect(slack: SandboxSlack) -> Iterator[Connect]:
    """Bring an app online; it is taken down at the end of the test. `ping_interval` is in seconds."""
    handlers: list[SocketHandler] = []

    def start(app: App, ping_interval: float = 10) -> SocketHandler:
        before = slack.connections
        handler = SocketHandler(app, "xapp-sandbox", ping_interval=ping_interval)
        handlers.append(handler)
        handler.connect()
        wait_for(lambda: slack.connections == before + 1)
        return handler

    yield start
    for handler in handlers:
        handler.close()
    wait_for(lambda: not slack.connections)
