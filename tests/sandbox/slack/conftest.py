"""A sandbox on a clock that tests move, a Web API client, and a real Bolt app connected to it."""

from collections.abc import Callable, Iterator

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.sandbox.slack import Rates, SandboxSlack

Connect = Callable[..., SocketModeHandler]


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def slack(clock: Clock) -> Iterator[SandboxSlack]:
    with SandboxSlack(seed=7, clock=clock, rates=Rates.unlimited(), event_retries=(0, 0, 0)).serve() as served:
        yield served


@pytest.fixture
def client(slack: SandboxSlack) -> WebClient:
    return WebClient(token="xoxb-sandbox", base_url=slack.api_url)


@pytest.fixture
def app(client: WebClient) -> App:
    return App(client=client)


@pytest.fixture
def connect(slack: SandboxSlack) -> Iterator[Connect]:
    """Bring an app online; it is taken down at the end of the test. `ping_interval` is in seconds."""
    handlers: list[SocketModeHandler] = []

    def start(app: App, ping_interval: float = 10) -> SocketModeHandler:
        before = slack.connections
        handler = SocketModeHandler(app, "xapp-sandbox", ping_interval=ping_interval)
        handlers.append(handler)
        handler.connect()
        slack.wait_for(lambda: slack.connections == before + 1)
        return handler

    yield start
    for handler in handlers:
        handler.client.auto_reconnect_enabled = False
    slack.drop_connections()
    slack.wait_for(lambda: not slack.connections)
    for handler in handlers:
        with handler.client.connect_operation_lock:  # a reconnect under way would leak its socket
            handler.client.closed = True
        handler.client.enqueue_message("{}")  # wakes its queue reader, which would sleep out a second
        try:
            handler.close()
        except AttributeError:  # slack_sdk's own monitor closed the same socket at this instant
            handler.close()
