"""Webhooks as each forge sends them over HTTP: accepted when signed, handled once, and never trusted for content."""

import errno
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import pytest

from bot.adapters.database.store import SqlStore
from bot.handlers.webhooks import Webhooks
from bot.http_endpoints import Web
from bot.sandbox.forge import SandboxForge
from bot.sandbox.forge.webhooks import Hook
from bot.sandbox.stack import WEBHOOK_SECRET
from bot.work_pool import WorkPool
from tests.common.bot import QUICK_SCHEDULE
from tests.common.demo import remote, running_demo
from tests.common.forge import FORGE_KINDS
from tests.common.slack import ALERTS
from tests.common.wait import DEADLINE, wait_for

ADDRESS = ("127.0.0.1", 0)
SECRET = "correct horse"


class WebhookReceiver:
    """A forge that sends to a bot which only records the repositories it polls; a shut `gate` holds the polls up."""

    def __init__(self, kind, folder, store):
        self.sandbox = SandboxForge(folder / "forge", dialect=FORGE_KINDS[kind].dialect)
        self.hosted = self.sandbox.create_repository("paper/press")
        self.sender = self.sandbox.webhooks
        self.started, self.polled = [], []
        self.gate = threading.Event()
        self.gate.set()
        self.work = WorkPool("work", workers=2, waiting=2)
        hooks = partial(Webhooks, store=store, clock=lambda: datetime.now(UTC), work=self.work, poll=self.poll)
        self.web = Web(ADDRESS, ADDRESS, webhooks=hooks({"press": kind, "ink": kind}, SECRET)).start()
        self.hook = Hook(f"http://127.0.0.1:{self.web.port}/webhooks/press", SECRET)
        self.sender.hooks.append(self.hook)

    def poll(self, name):
        self.started.append(name)
        assert self.gate.wait(DEADLINE)
        self.polled.append(name)

    def wait_for_polls(self, count):
        wait_for(lambda: len(self.polled) >= count)

    def push(self, branch="main", content="a: 1\n"):
        return self.hosted.commit(branch, {"a.yaml": content}, "Push\n", "mia")

    def signed(self, body=b"{}", secret=SECRET):
        return self.sender.headers(self.sandbox.dialect.hooks.push, body, secret)

    def send(self, headers, body=b"{}", path="press"):
        """The status of the answer."""
        return self.sender.post(Hook(self.hook.url.replace("press", path), SECRET), headers, body)

    def final_polls(self):
        """Take nothing new; the repositories polled once all work is done."""
        assert self.work.drain(DEADLINE)
        return self.polled


@pytest.fixture
def receiver(request, tmp_path, store):
    receiver = WebhookReceiver(getattr(request, "param", "github"), tmp_path, store)
    yield receiver
    receiver.final_polls()
    receiver.web.stop()


every_forge = pytest.mark.parametrize("receiver", FORGE_KINDS, indirect=True)


@every_forge
def test_a_push_and_a_pull_request_are_handled_at_once(receiver):
    receiver.push()
    receiver.wait_for_polls(1)
    receiver.hosted.git.move("topic", receiver.hosted.git.tip("main"), None)
    receiver.push("topic", "a: 2\n")
    receiver.wait_for_polls(2)
    receiver.hosted.open_pull(head="topic", base="main", title="Topic", body="", by="mia")
    receiver.wait_for_polls(3)
    assert receiver.final_polls() == ["press"] * 3


@every_forge
def test_a_request_with_a_wrong_signature_or_none_is_refused(receiver):
    assert receiver.send(receiver.signed(secret="guessed")) == 401
    assert receiver.send({}) == 401
    body_is_signed = not receiver.sandbox.dialect.hooks.plain
    assert receiver.send(receiver.signed(b'{"a": 1}'), b'{"a": 2}') == (401 if body_is_signed else 202)
    assert receiver.final_polls() == ([] if body_is_signed else ["press"])


@every_forge
def test_a_redelivery_is_handled_once(receiver):
    headers = receiver.signed()
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: receiver.send(headers), range(8))) == {202}
    assert receiver.final_polls() == ["press"]


def test_deliveries_during_a_poll_share_the_next_one(receiver):
    receiver.gate.clear()
    assert receiver.send(receiver.signed()) == 202
    wait_for(lambda: receiver.started)
    for _ in range(20):
        assert receiver.send(receiver.signed()) == 202
    receiver.gate.set()
    assert receiver.final_polls() == ["press"] * 2


def test_slow_polls_of_several_repositories_leave_threads_to_people(receiver):
    receiver.gate.clear()
    for path in ("press", "ink"):
        assert receiver.send(receiver.signed(), path=path) == 202
    answered = threading.Event()
    receiver.work.submit(answered.set, "U0ANA")
    assert answered.wait(DEADLINE / 2)
    receiver.gate.set()
    assert receiver.final_polls() == ["press", "ink"]


@pytest.mark.parametrize("event", ["ping", "star", ""])
def test_other_events_are_accepted_and_ignored(receiver, event):
    headers = receiver.signed()
    headers["X-GitHub-Event"] = event
    assert receiver.send(headers) == 202
    assert receiver.final_polls() == []


def test_an_unknown_repository_is_not_found(receiver):
    assert receiver.send(receiver.signed(), path="other") == 404
    assert receiver.send(receiver.signed(), path="../press") == 404


@pytest.mark.parametrize("value", ["", "sha256=", "sha256=é", "sha1=00", "=" * 5_000])
def test_a_malformed_signature_is_refused(receiver, value):
    headers = receiver.signed()
    headers["X-Hub-Signature-256"] = value.encode().decode("latin-1")
    assert receiver.send(headers) == 401


def test_without_a_secret_webhooks_are_not_served(receiver):
    web = Web(ADDRESS, ADDRESS).start()
    hook = Hook(f"http://127.0.0.1:{web.port}/webhooks/press", "")
    assert receiver.sender.post(hook, receiver.signed(), b"{}") == 404
    web.stop()


def test_the_bot_sees_a_push_long_before_it_would_poll():
    schedule = {**QUICK_SCHEDULE, "git": "1h", "drift": "1h", "second_look": "1h"}
    with running_demo(schedule=schedule, repository_settings={"approvals": {"grace": "1s"}}) as demo:
        hosted = remote(demo)
        hook = Hook(f"http://127.0.0.1:{demo.bot.web.port}/webhooks/platform", WEBHOOK_SECRET)
        demo.forge.webhooks.hooks.append(hook)
        store = SqlStore(demo.config.store)
        wait_for(lambda: store.approvals.head("platform"))
        store.close()
        text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n"
        sha = hosted.commit(hosted.branch, {f"{demo.shop.applications[0].path}/extra.yaml": text}, "Fix\n", "mira")

        def rollout_and_approval_are_posted():
            posted = [str(message.blocks) for message in demo.slack.messages(ALERTS)]
            flagged = ["Not approved" in blocks for blocks in posted if sha[:8] in blocks]
            return True in flagged and False in flagged

        wait_for(rollout_and_approval_are_posted)


@pytest.mark.parametrize(("server", "setting"), [("web", "slack.listen"), ("health", "slack.health_listen")])
def test_an_address_in_use_is_named_with_its_setting(monkeypatch, server, setting):
    def serve(*_, name, **__):
        if name == server:
            raise OSError(errno.EADDRINUSE, "Address already in use")

    monkeypatch.setattr("bot.http_endpoints.HttpServer", serve)
    with pytest.raises(OSError, match=rf"{setting}: cannot listen on 127.0.0.1:0 \(Address already in use\)\. Set"):
        Web(ADDRESS, ADDRESS)
