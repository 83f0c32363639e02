"""What strangers send to the bot's ports, as bytes on a socket, to `gitops-bot run` as a process of its own."""

import hashlib
import hmac
import json
import logging
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from unittest.mock import Mock
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cli.log import MAX_TRACEBACK, OneLineFormatter
from bot.core.sanitize import escaped
from bot.handlers.probes import liveness
from bot.http_endpoints import SLACK_PATH, Web
from bot.http_server import MAX_BODY_BYTES, MAX_CONNECTIONS, MAX_HEADER_BYTES, REQUEST_SECONDS
from tests.common.bot import FREE_PORTS, application_settings, write_config
from tests.common.descriptors import many_open_files
from tests.common.fleet import BotProcess
from tests.common.git import SourceRepository
from tests.common.wait import wait_for
from tests.hostile.memory import peak_mib

SECRET = "signing secret"
WEBHOOK_PATH = "/webhooks/platform"
PATHS = (SLACK_PATH, WEBHOOK_PATH)
FORGED = "2026-11-21 12:00:00,000 INFO bot.app: forged"
A_RECORD = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ [\w.]+: |    ")
SLACK_SECONDS = (
    3  # until Slack gives up: https://docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response
)
BASE_MB = 48  # that a burst of requests may add to the peak: their bodies, at most 1 MiB each, and buffers


class Target:
    """The running bot, with Slack in HTTP mode. Neither its Slack nor its cluster exists."""

    def __init__(self, folder: Path) -> None:
        source = SourceRepository(folder / "source")
        source.commit("First", {"apps/shop/a.yaml": "a: 1\n"})
        config = write_config(
            folder / "config.yaml",
            slack={"channel": "C0ALERTS01", "api_url": "http://127.0.0.1:9", "mode": "http", **FREE_PORTS},
            repositories={
                "platform": {
                    "url": source.url,
                    "forge": {"kind": "github", "repository": "acme/platform", "api_url": "http://127.0.0.1:9"},
                }
            },
            clusters={"prod": {"kubeconfig": str(folder / "missing")}},
            applications={"shop": application_settings("shop")},
            schedule=dict.fromkeys(("drift", "git", "second_look", "rollout"), "24h"),
        )
        kubeconfig = {
            "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
            "users": [{"name": "c", "user": {}}],
            "current-context": "c",
        }
        (folder / "missing").write_text(json.dumps(kubeconfig))
        environment = {
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_SIGNING_SECRET": SECRET,
            "WEBHOOK_SECRET": SECRET,
            "GITHUB_TOKEN": "t",
        }
        self.process = BotProcess(config, environment, folder / "bot.log")

    def start(self) -> None:
        self.process.start()
        listening = re.compile(r"listening on port (\d+), and for health probes on port (\d+)")
        match = wait_for(lambda: listening.search(self.process.log()), failure=self.process.log)
        self.port, self.health_port = int(match[1]), int(match[2])

    def connect(self, port: int | None = None) -> socket.socket:
        return socket.create_connection(("127.0.0.1", port or self.port), timeout=REQUEST_SECONDS * 2)

    def send(self, data: bytes, port: int | None = None) -> int | None:
        """The status of the response to these bytes; None when the connection was closed without one."""
        with self.connect(port) as connection, suppress(ConnectionError):
            with suppress(ConnectionError):  # it answers and closes while this still sends
                connection.sendall(data)
            head = connection.recv(1024)
            return int(head.split()[1]) if head.startswith(b"HTTP/") else None
        return None

    def post(self, path: str, body: bytes, **headers: str) -> int | None:
        lines = [f"POST {path} HTTP/1.1", "Host: bot", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def health(self) -> int | None:
        return self.send(b"GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\n", self.health_port)

    def peak_mb(self) -> int:
        """The process's peak resident memory so far."""
        return peak_mib(self.process.process.pid)


@contextmanager
def running_target(folder: Path) -> Iterator[Target]:
    target = Target(folder)
    try:
        target.start()
        yield target
    finally:
        target.process.kill()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with running_target(tmp_path_factory.mktemp("target")) as target:
        before = target.peak_mb()
        yield target
        assert target.peak_mb() - before < 2 * BASE_MB
        assert target.health() == 200
        log = target.process.log()
        assert all(A_RECORD.match(line) for line in log.splitlines()), log
        assert "Traceback" not in log, log


def signed(body: bytes, *, timestamp: str = "", secret: str = SECRET) -> dict[str, str]:
    timestamp = timestamp or str(int(time.time()))
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"X_Slack_Request_Timestamp": timestamp, "X_Slack_Signature": f"v0={digest}"}


FORM, JSON = "application/x-www-form-urlencoded", "application/json"
DEEP = b"[" * 200_000
NOW = str(int(time.time()))


@pytest.mark.parametrize(
    ("body", "content_type", "headers", "status"),
    [
        (b"\xff\xfe\xfd", FORM, {}, 401),
        (b"\xff\xfe\xfd", JSON, None, 401),
        (b"{not json", JSON, {}, 401),
        (b"{not json", JSON, None, 400),
        (b"payload={not json", FORM, None, 400),
        (b"[1, 2]", JSON, None, 400),
        (b'"text"', JSON, None, 400),
        (DEEP, JSON, {}, 401),
        (DEEP, JSON, None, 400),
        (b"payload=" + DEEP, FORM, None, 400),
        (b"a=1", FORM, {"X_Slack_Request_Timestamp": "9" * 5_000, "X_Slack_Signature": "v0=" + "0" * 64}, 401),
        (b"a=1", FORM, {"X_Slack_Request_Timestamp": "\xb2", "X_Slack_Signature": "v0=" + "0" * 64}, 401),
        (b"a=1", FORM, {"X_Slack_Request_Timestamp": NOW, "X_Slack_Signature": "v0=\xe9"}, 401),
        (b"a=1", FORM, {"X_Slack_Request_Timestamp": NOW}, 401),
        (b"a=1", FORM, signed(b"a=2"), 401),
        (b"a=1", FORM, signed(b"a=1", secret="guessed"), 401),
        (b"a=1", FORM, signed(b"a=1", timestamp=str(int(NOW) - 3_600)), 401),
    ],
)
def test_a_request_that_is_not_slacks_gets_the_status_that_says_so(target, body, content_type, headers, status):
    """And never a 500; with None, the test signs it."""
    headers = signed(body) if headers is None else headers
    assert target.post(SLACK_PATH, body, Content_Type=content_type, **headers) == status


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "TRACE", "GITOPS"])
def test_other_methods_are_not_allowed(target, path, method):
    assert target.send(f"{method} {path} HTTP/1.1\r\nHost: bot\r\n\r\n".encode()) == 405


def test_slacks_test_of_the_certificate_is_answered(target):
    assert target.send(f"GET {SLACK_PATH}?ssl_check=1&token=x HTTP/1.1\r\nHost: bot\r\n\r\n".encode()) == 200


@pytest.mark.parametrize("path", PATHS)
def test_bodies_above_the_bound_are_refused_and_cost_no_memory(target, path):
    """Three posts of 24 MiB at once, unsigned, took 3.8 GB."""
    assert target.post(path, b"x" * MAX_BODY_BYTES) == 401
    before = target.peak_mb()
    body, statuses = b"a=1&" * (6 * 2**20), []
    headers = {"Content_Type": FORM, **signed(b"other")}
    threads = [threading.Thread(target=lambda: statuses.append(target.post(path, body, **headers))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {413, None}
    assert target.post(path, b"x" * (MAX_BODY_BYTES + 1)) == 413
    assert target.peak_mb() - before < BASE_MB
    assert "a=1" not in target.process.log()


@pytest.mark.parametrize("path", PATHS)
def test_a_chunked_body_is_bounded_too(target, path):
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: bot\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    assert target.send(head + chunk * 400) in {413, None}


def test_headers_are_bounded(target):
    fitting, excessive = "x" * (MAX_HEADER_BYTES - 512), "x" * (MAX_HEADER_BYTES + 512)
    assert target.post(SLACK_PATH, b"", X_Filler=fitting) == 401
    assert target.post(SLACK_PATH, b"", X_Filler=excessive) == 431


def test_a_connection_has_one_request(target):
    request = b"GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\n"
    with target.connect(target.health_port) as connection, connection.makefile("rb") as responses:
        connection.sendall(request * 2)
        assert responses.read().count(b"HTTP/1.1") == 1


def test_nothing_of_an_unsigned_request_forges_a_log_line(target):
    """The fixture checks every line of the log when the module ends."""
    body = urlencode({"command": "/gitops", "text": f"x\n{FORGED}"}).encode() + b"\n" + FORGED.encode()
    for headers in ({}, signed(b"other"), {"X_Slack_Signature": "v0=1", "X_Slack_Request_Timestamp": "1\t2"}):
        assert target.post(SLACK_PATH, body, Content_Type=FORM, **headers) == 401
    assert target.send(f"GET /%0a{FORGED.replace(' ', '%20')} HTTP/1.1\r\nHost: bot\r\n\r\n".encode()) == 404
    assert "forged" not in target.process.log()


def test_slow_connections_never_keep_requests_waiting_and_are_closed_at_a_deadline(target):
    """250 of them made a request wait 18 s, and Slack gives up after 3 s. 110 once made the kubelet kill the pod."""
    with ExitStack() as opened:
        slow = []
        for number in range(MAX_CONNECTIONS * 5 // 2):  # some send nothing; of others, the header or the body drips
            assert number != MAX_CONNECTIONS - 10 or not is_closed(slow[0])  # others may still be open
            slow.append(opened.enter_context(target.connect()))
            end = (b"\r\n\r\n", b"\r\nX-")[number % 2]
            if number % 3:
                slow[-1].sendall(b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-Length: 999" + end)
        for port in (target.port, target.health_port):
            for _ in range(10):
                with target.connect(port) as client:
                    client.settimeout(SLACK_SECONDS)
                    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\n")
                    assert client.recv(12) == b"HTTP/1.1 200"
        assert is_closed(slow[0])
        assert not is_closed(slow[-1])
        wait_for(lambda: is_closed(slow[-1], sends=b"a"), seconds=2 * REQUEST_SECONDS)


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web(("127.0.0.1", 0), ("127.0.0.1", 0))
    yield web
    web.stop()


def test_both_ports_answer_while_the_bot_has_many_open_files(web):
    with many_open_files():
        web.start()
        for port in (web.port, web.health_port):
            with socket.create_connection(("127.0.0.1", port), timeout=SLACK_SECONDS) as connection:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: bot\r\n\r\n")
                assert connection.recv(12) == b"HTTP/1.1 404"
    assert web.is_serving


def test_a_server_that_ends_unexpectedly_is_logged_and_fails_the_liveness_probe(web, monkeypatch, caplog):
    monkeypatch.setattr("waitress.server.BaseWSGIServer.run", Mock(side_effect=ValueError("odd")))
    web.start()
    wait_for(lambda: not web.is_serving)
    assert "the HTTP server web has ended" in caplog.text
    checks = liveness(since_heartbeat=0, without_progress=0, is_serving=web.is_serving)
    assert [check.name for check in checks if not check.ok] == ["http"]


def is_closed(connection: socket.socket, *, sends: bytes = b"") -> bool:
    connection.settimeout(0.2)
    try:
        connection.sendall(sends)
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [
                *(b"POST ", b"GET ", SLACK_PATH.encode(), WEBHOOK_PATH.encode(), b" HTTP/1.1\r\n", b" HTTP/9\r\n"),
                *(
                    b"Content-Length: 5\r\n",
                    b"Content-Length: -1\r\n",
                    b"Transfer-Encoding: chunked\r\n",
                    b"Host: a\r\n",
                ),
                *(
                    b"X-Slack-Signature: v0=1\r\n",
                    b"X-Slack-Request-Timestamp: 1\r\n",
                    b"\r\n",
                    b"0\r\n\r\n",
                    b"\x00\xff",
                ),
                *(
                    b"Expect: 100-continue\r\n",
                    b"hello",
                    b"X-Hub-Signature-256: \xff\r\n",
                    b": \r\n",
                    b"ffffffffff\r\n",
                ),
            ]
        )
        | st.binary(max_size=40),
        max_size=12,
    )
)
def test_whatever_is_sent_is_never_an_internal_error(target, parts):
    with target.connect() as connection, suppress(ConnectionError):
        connection.sendall(b"".join(parts))
        connection.shutdown(socket.SHUT_WR)
        head = connection.recv(1024)
        assert not head.startswith(b"HTTP/") or int(head.split()[1]) < 500 or head.split()[1] in {b"501", b"505"}


PAYLOADS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("type", "event", "team_id", "user", "actions", "command", "view", "challenge"),
                    *("ref", "before", "after", "commits", "head_commit", "pull_request", "merged", "base", "head"),
                    *("repository", "full_name", "clone_url", "action", "number", "default_branch", "sender", "id"),
                ]
            ),
            inner
            | st.sampled_from(["refs/heads/main", "closed", "block_actions", "event_callback", "view_submission"]),
            max_size=6,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=60)
@given(PAYLOADS, st.booleans(), st.sampled_from(["push", "pull_request", "ping", "\xe9"]))
def test_any_signed_json_is_responded_to(target, payload, is_form, event):
    """The fixture checks the log and the memory when the module ends."""
    body = json.dumps(payload).encode()
    slack = urlencode({"payload": body}).encode() if is_form else body
    status = target.post(SLACK_PATH, slack, Content_Type=FORM if is_form else JSON, **signed(slack))
    assert status in {200, 400, 404, 500}  # 500: there is no Slack to ask who the bot is, so Slack sends it again
    signature = f"sha256={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}"
    headers = {"X_GitHub_Event": event, "X_GitHub_Delivery": signature, "X_Hub_Signature_256": signature}
    assert target.post(WEBHOOK_PATH, body, Content_Type=JSON, **headers) == 202


@given(st.text() | st.sampled_from([f"a\n{FORGED}", "\x1b[2J", "\u202egnp", "\u200b", "\ud800", "a\r\x85\u2028b"]))
def test_no_text_forges_a_log_record(text):
    try:
        raise ValueError(text)  # noqa: TRY301
    except ValueError:
        failure = sys.exc_info()
    record = logging.LogRecord("bot", logging.INFO, __file__, 1, "read %s", (text,), failure)
    lines = OneLineFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s").format(record).split("\n")
    assert [bool(A_RECORD.match(line)) for line in lines] == [True] * len(lines)
    assert [line for line in lines[1:] if not line.startswith("    ")] == []
    assert [escaped(line) for line in lines] == lines


def formatted(message, error=None):
    """The lines of a record."""
    failure = (ValueError, ValueError(error), None) if error else None
    record = logging.LogRecord("bot", logging.INFO, __file__, 1, "%s", (message,), failure)
    return OneLineFormatter("%(message)s").format(record).splitlines()


@pytest.mark.parametrize(
    ("length", "shown"),
    [(8_000, "x" * 8_000), (8_001, f"{'x' * 8_000}… (8,001 characters)")],
)
def test_a_log_record_is_bounded(length, shown):
    message, *traceback = formatted("x" * length, "\n".join(["", "x" * length]))
    assert [message, traceback] == [shown, ["    ValueError: ", f"    {shown}"]]


@pytest.mark.parametrize(("lines", "shown"), [(200, 200), (201, 201), (10_000, 201)])  # with a line for what is dropped
def test_a_traceback_is_bounded(lines, shown):
    _, *traceback = formatted("x", "a\n" * (lines - 1) + "the end")
    assert (len(traceback), traceback[-1].strip()) == (shown, "the end")
    assert ("    …" in traceback) is (lines > MAX_TRACEBACK)
