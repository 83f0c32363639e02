"""Webhooks as each forge sends them, over HTTP: taken when they are signed, looked at once, never believed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import pytest

from bot.adapters.database.store import SqlStore
from bot.handlers.webhooks import Webhooks
from bot.sandbox.demo import ALERTS, Demo
from bot.sandbox.forge import GITHUB, SandboxForge
from bot.sandbox.forge.bitbucket import BITBUCKET
from bot.sandbox.forge.bitbucket_server import BITBUCKET_SERVER
from bot.sandbox.forge.gitlab import GITLAB
from bot.sandbox.forge.webhooks import Hook
from bot.sandbox.stack import WEBHOOK_SECRET
from bot.web import MOST_BYTES, Web
from bot.work import WorkPool
from tests.conftest import QUICK

DIALECTS = {"github": GITHUB, "gitlab": GITLAB, "bitbucket": BITBUCKET, "bitbucket-server": BITBUCKET_SERVER}
SECRET = "correct horse"
PATIENCE = 30.0


class Desk:
    """A forge that sends to a bot which only remembers what it was to look at; `gate` holds it up when it is shut."""

    def __init__(self, kind, folder):
        self.sandbox = SandboxForge(folder / "forge", dialect=DIALECTS[kind])
        self.hosted = self.sandbox.create_repository("paper/press")
        self.sender = self.sandbox.webhooks
        self.looks = []
        self.gate = threading.Event()
        self.gate.set()
        self.looked = threading.Semaphore(0)
        self.begun = threading.Semaphore(0)
        self.work = WorkPool("work", workers=2, waiting=2)
        self.store = SqlStore(f"sqlite:///{folder}/state.db")
        hooks = partial(Webhooks, store=self.store, clock=lambda: datetime.now(UTC), work=self.work, look=self.look)
        self.web = Web(("127.0.0.1", 0), lambda: None, None, hooks({"press": kind}, SECRET)).start()
        self.hook = Hook(f"http://127.0.0.1:{self.web.port}/webhooks/press", SECRET)
        self.sender.hooks.append(self.hook)

    def look(self, name):
        self.begun.release()
        assert self.gate.wait(PATIENCE)
        self.looks.append(name)
        self.looked.release()

    def push(self):
        return self.hosted.commit("main", {"a.yaml": "a: 1\n"}, "Push\n", "mia")

    def signed(self, body=b"{}", secret=SECRET, event=None):
        event = event or self.sandbox.dialect.hooks.push
        return self.sender.headers(event, body, secret)

    def send(self, headers, body=b"{}", path="press"):
        return self.sender.post(Hook(self.hook.url.replace("press", path), SECRET), headers, body)

    def close(self):
        assert self.work.drain(PATIENCE)
        self.web.stop()
        self.store.close()


@pytest.fixture(params=DIALECTS)
def desk(request, tmp_path):
    made = Desk(request.param, tmp_path)
    yield made
    made.close()


@pytest.fixture
def github(tmp_path):
    made = Desk("github", tmp_path)
    yield made
    made.close()


def test_a_push_and_a_pull_request_are_looked_at_at_once(desk):
    desk.push()
    assert desk.looked.acquire(timeout=PATIENCE)
    desk.hosted.git.move("topic", desk.hosted.git.tip("main"), None)
    desk.hosted.commit("topic", {"a.yaml": "a: 2\n"}, "Topic\n", "mia")
    assert desk.looked.acquire(timeout=PATIENCE)
    desk.hosted.open_pull(head="topic", base="main", title="Topic", body="", by="mia")
    assert desk.looked.acquire(timeout=PATIENCE)
    assert desk.looks == ["press"] * 3


def test_who_does_not_know_the_secret_is_told_nothing(desk):
    assert desk.send(desk.signed(secret="guessed")) == 401
    assert desk.send({}) == 401
    assert desk.looks == []


def test_another_body_than_was_signed_is_refused_where_bodies_are_signed(desk):
    expected = 202 if desk.sandbox.dialect.hooks.plain else 401
    assert desk.send(desk.signed(b'{"a": 1}'), b'{"a": 2}') == expected


def test_one_delivery_is_looked_at_once_however_often_it_comes(desk):
    headers = desk.signed()
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: desk.send(headers), range(8))) == {202}
    assert desk.looked.acquire(timeout=PATIENCE)
    assert desk.looks == ["press"]


def test_many_at_once_are_one_look_and_what_comes_during_it_another(github):
    github.gate.clear()
    assert github.send(github.signed()) == 202
    assert github.begun.acquire(timeout=PATIENCE)
    for _ in range(20):
        assert github.send(github.signed()) == 202
    github.gate.set()
    for _ in range(2):
        assert github.looked.acquire(timeout=PATIENCE)
    assert github.looks == ["press"] * 2


@pytest.mark.parametrize("event", ["ping", "star", ""])
def test_what_moves_nothing_is_taken_and_not_looked_at(github, event):
    headers = github.signed()
    headers["X-GitHub-Event"] = event
    assert github.send(headers) == 202
    assert github.looks == []


def test_what_is_not_there(github):
    assert github.send(github.signed(), path="other") == 404
    assert github.send(github.signed(), path="../press") == 404


def test_a_body_that_is_too_large_is_not_read(github):
    body = b"x" * (MOST_BYTES + 1)
    assert github.send(github.signed(body), body) in {413, None}
    assert github.looks == []


@pytest.mark.parametrize("value", ["", "sha256=", "sha256=é", "sha1=00", "=" * 5_000])
def test_a_signature_that_is_none(github, value):
    headers = github.signed()
    headers["X-Hub-Signature-256"] = value.encode().decode("latin-1")
    assert github.send(headers) == 401


def test_without_a_secret_there_is_no_such_page(github):
    web = Web(("127.0.0.1", 0), lambda: None, None).start()
    assert github.sender.post(Hook(f"http://127.0.0.1:{web.port}/webhooks/press", ""), github.signed(), b"{}") == 404
    web.stop()


def test_the_bot_sees_a_push_long_before_it_would_poll():
    schedule = {**QUICK, "git": "1h", "drift": "1h", "second_look": "1h"}
    with Demo(schedule=schedule, deploy_delay=0.5, repository_settings={"approvals": {"grace": "1s"}}) as demo:
        demo.slack.wait_for(lambda: demo.slack.connections > 0, timeout=PATIENCE)
        hosted = demo.forge.repositories[demo.shop.repository]
        hook = Hook(f"http://127.0.0.1:{demo.bot.web.port}/webhooks/platform", WEBHOOK_SECRET)
        demo.forge.webhooks.hooks.append(hook)
        store = SqlStore(demo.config.store)
        demo.slack.wait_for(lambda: store.approvals.head("platform") is not None, PATIENCE)
        text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n"
        sha = hosted.commit(hosted.branch, {f"{demo.shop.applications[0].path}/extra.yaml": text}, "Fix\n", "mira")

        def told():
            cards = [str(each.blocks) for each in demo.slack.messages(ALERTS) if sha[:8] in str(each.blocks)]
            return any("Not approved" in card for card in cards) and any("Not approved" not in card for card in cards)

        demo.slack.wait_for(told, PATIENCE)
        store.close()
