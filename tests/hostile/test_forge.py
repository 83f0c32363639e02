"""What a forge can answer, or somebody who stands in for it: every request ends in an answer or in one sentence."""

import gzip
import io
import json
import subprocess
import sys
import threading
import time
import zlib
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from functools import cache, partial
from itertools import cycle
from pathlib import Path

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.forges import response_body, transport
from bot.adapters.forges.forge import parse_time
from bot.core.git.commit import Approval, PullRequest
from bot.ports.forge import ForgeError
from tests.common.forge import BOT_BRANCH, FORGE_KINDS, RunningForge, create_pull_request, reads
from tests.hostile.server import HostileServer, send

ROOT = Path(__file__).parents[2]
KIB, MB = 2**10, 2**20
SERVER = "https://forge.example"
RESPONSE_BYTES = 2 * MB  # a quarter of the bound, in the child
CHILD_MIB = 120  # that a request may need then: the empty objects take 50 MiB, and GitLab's library copies them


def repository(url):
    """One object that each forge's client takes for its repository."""
    return {
        "id": 1,
        "full_name": "paper/press",
        "url": f"{url}/api/v3/repos/paper/press",
        "owner": {"login": "paper"},
        "project": {"key": "PAPER"},
        "slug": "press",
    }


def is_repository(path):
    return path.partition("?")[0].endswith(("paper/press", "PAPER/repos/press", "projects/paper%2Fmill%2Fpress"))


def after_the_repository(respond):
    """Answers as the API for the repository itself, and otherwise with `respond`."""

    def either(handler):
        if is_repository(handler.path):
            send(handler, json.dumps(repository(handler.headers and f"http://{handler.headers['Host']}")).encode())
        else:
            respond(handler)

    return either


@pytest.fixture(scope="module")
def hostile():
    with HostileServer().serve() as forge:
        yield forge


@pytest.fixture(scope="module", params=FORGE_KINDS)
def site(request, tmp_path_factory):
    return RunningForge(request.param, tmp_path_factory.mktemp("site"))


@pytest.fixture
def adapter(site, hostile):
    hostile.paths.clear()
    return site.adapter(url=hostile.url, token="secret-token")


def everything(forge):
    """Every method that sends a request, but no write."""
    return (*reads(forge), lambda: forge.open_pull_requests("gitops-bot/"), lambda: forge.pushes("main"))


# ---------------------------------------------------------------- size


@cache
def compressed():
    """256 MiB of spaces."""
    compressor = zlib.compressobj(1, wbits=31)
    return b"".join([*(compressor.compress(b" " * MB) for _ in range(256)), compressor.flush()])


def bomb(handler):
    send(handler, compressed(), Content_Encoding="gzip")


def endless(handler):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while True:
        handler.wfile.write(b"100000\r\n" + b" " * MB + b"\r\n")


def many_values(handler):
    """As many Python objects as fit in a response that is still read."""
    values = b'{"values": [' + b"{}," * (RESPONSE_BYTES // 3 - 8) + b"{}]}"
    send(handler, gzip.compress(values, 1), Content_Encoding="gzip")


def endless_error(handler):
    handler.send_response(500)
    handler.send_header("Content-Length", str(2**40))
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * MB)


def endless_text(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", str(2**40))
    handler.end_headers()
    handler.wfile.write(b'{"title": "')
    while True:
        handler.wfile.write(b"x" * MB)


ATTACKS = {
    "bomb": (bomb, "it sent more than 2 MiB"),
    "endless": (endless, "it sent more than 2 MiB"),
    "text": (endless_text, "it sent more than 16 MiB"),
    "values": (many_values, "does not respond like"),
    "error": (endless_error, "the response took longer than 0.3 s"),
}
CHILD = """
import json, sys
from pathlib import Path
from bot.ports.forge import ForgeError
from bot.adapters.forges import transport
from tests.common.forge import FORGE_KINDS, RunningForge
from tests.hostile.memory import forget_peak, peak_mib
folder, url, transport.MAX_RESPONSE_BYTES = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
transport.MAX_RECEIVED_BYTES = 8 * transport.MAX_RESPONSE_BYTES
sites = [RunningForge(kind, folder / kind) for kind in FORGE_KINDS]
for attack in sys.argv[4:]:
    transport.REQUEST_SECONDS = 0.3 if attack == "error" else 60.0
    for site in sites:
        forge = site.adapter(url=f"{url}/{attack}", token="t")
        forget_peak()
        before = peak_mib()
        try:
            said = repr(forge.get_pull_request(7))
        except ForgeError as error:
            said = str(error)
        print(json.dumps([attack, said, peak_mib() - before]))
"""


def test_a_large_response_is_refused_within_its_memory(hostile, tmp_path):
    """A gzip bomb of some megabytes took all memory. Every forge's adapter, in one process whose peak is measured."""
    hostile.respond = lambda handler: ATTACKS[handler.path.split("/")[1]][0](handler)
    command = [sys.executable, "-c", CHILD, str(tmp_path), hostile.url, str(RESPONSE_BYTES), *ATTACKS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=100)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == len(ATTACKS) * len(FORGE_KINDS)
    for attack, sentence, mebibytes in results:
        assert ATTACKS[attack][1] in sentence
        assert mebibytes < CHILD_MIB, attack


DOCUMENTS = st.recursive(st.text() | st.none(), lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner))


@given(DOCUMENTS, st.booleans(), st.lists(st.integers(1, 30), min_size=1))
def test_a_response_keeps_everything_but_long_texts(document, is_ascii, sizes):
    """However it is escaped, and in parts of any size."""

    def shortened(value):
        match value:
            case dict():
                return [(shortened(name), shortened(item)) for name, item in value.items()]
            case list():
                return [shortened(item) for item in value]
            case str():
                return value if len(json.dumps(value, ensure_ascii=is_ascii).encode()) - 2 <= 20 else ""
        return value

    text = io.BytesIO(json.dumps(document, ensure_ascii=is_ascii).encode())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(response_body, "MAX_STRING_BYTES", 20)
        patched.setattr(response_body, "_SMALL", -1)
        body = response_body.ResponseBody()
        for size in cycle(sizes):
            if not (part := text.read(size)):
                break
            body.add(part)
    assert json.loads(body.kept, object_pairs_hook=list) == shortened(document)


def read(operation, size, *, text=0):
    """What an operation keeps of a response with that many bytes and a long text of so many more."""
    response = requests.Response()
    response.raw = io.BytesIO(b'"' + b"x" * text + b'"' + b" " * (size - 2))
    return operation.read(response)


@pytest.mark.parametrize(
    ("use", "most", "reason"),
    [
        (lambda operation, count: [operation.begin_request(SERVER) for _ in range(count)], 1_000, "1000 requests"),
        (read, 8 * MB, "more than 8 MiB"),
        (lambda operation, size: [read(operation, size // 5) for _ in range(5)], 32 * MB // 5 * 5, "more than 32 MiB"),
        (lambda operation, size: read(operation, 2, text=size - 2), MB, "more than 1 MiB"),
    ],
    ids=["requests", "response", "operation", "received"],
)
def test_an_operation_uses_as_much_as_allowed_and_no_more(monkeypatch, use, most, reason):
    monkeypatch.setattr(transport, "MAX_RECEIVED_BYTES", MB if most == MB else transport.MAX_RECEIVED_BYTES)
    assert use(transport._Operation(SERVER), most)
    with pytest.raises(transport.LimitError, match=reason):
        use(transport._Operation(SERVER), most + 5)


@pytest.mark.parametrize(
    ("size", "text", "kept"),
    [(256 * KIB, 16 * KIB + 1, True), (256 * KIB + 1, 16 * KIB, True), (256 * KIB + 1, 16 * KIB + 1, False)],
)
def test_a_long_text_is_left_out_of_a_long_response(size, text, kept):
    body = response_body.ResponseBody()
    body.add((b'"' + b"x" * text + b'"').ljust(size))
    assert len(body.kept) == (size if kept else size - text)


@pytest.mark.parametrize(
    ("time", "valid"),
    [
        *(("1970-01-01T00:00:00Z", True), ("1969-12-31T23:59:59Z", False), ("1970-01-01T00:00:00", False)),
        *(("2199-12-31T23:59:59Z", True), ("2200-01-01T00:00:00Z", False)),
    ],
)
def test_a_time_has_a_zone_and_a_year_that_the_bot_can_compare(time, valid):
    with nullcontext() if valid else pytest.raises(ValueError, match="not a time"):
        assert parse_time(time).utcoffset() is not None


# ---------------------------------------------------------------- time


def drip(part):
    def dripping(handler):
        handler.wfile.write(part)
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.05)

    return dripping


@pytest.mark.parametrize(
    "part",
    [b"", b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"],
    ids=["status", "header", "body"],
)
def test_a_dripping_response_ends_at_the_deadline(adapter, hostile, monkeypatch, part):
    """Each byte started the timeout of 15 s again."""
    monkeypatch.setattr(transport, "REQUEST_SECONDS", 0.5)
    hostile.respond = drip(part)
    started = time.monotonic()
    with pytest.raises(ForgeError, match=r"exceeded one of the bot's limits: the response took longer than 0\.5 s"):
        adapter.get_pull_request(7)
    assert time.monotonic() - started < 20


def test_a_response_that_drips_over_tls_ends_at_the_deadline(site, certificate, monkeypatch):
    monkeypatch.setattr(transport, "REQUEST_SECONDS", 0.5)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate.file)
    with HostileServer(certificate).serve() as hostile:
        hostile.respond = drip(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n")
        with pytest.raises(ForgeError, match=r"the response took longer than 0\.5 s"):
            site.adapter(url=hostile.url, token="t").get_pull_request(7)


def test_a_silent_forge_is_given_up(adapter, hostile, monkeypatch):
    monkeypatch.setattr(transport, "READ_SECONDS", 0.2)
    end = threading.Event()
    hostile.respond = lambda _: end.wait(30)
    with pytest.raises(ForgeError, match="is not responding"):
        adapter.get_pull_request(7)
    end.set()


def test_an_operation_ends_at_its_deadline(adapter, hostile, monkeypatch):
    """Each of its requests is quicker."""
    monkeypatch.setattr(transport, "OPERATION_SECONDS", 0.3)
    respond = after_the_repository(endless_pages([]))

    def late(handler):
        time.sleep(0.2)
        respond(handler)

    hostile.respond = late
    with pytest.raises(ForgeError, match=r"the response took longer than 0\.3 s"):
        adapter.open_pull_requests()


def endless_pages(items):
    """Every page has a next one, as each forge says that."""

    def page(handler):
        url = f"http://{handler.headers['Host']}{handler.path.partition('?')[0]}"
        body = {"values": items, "next": f"{url}?page=2", "nextPageStart": 1, "isLastPage": False}
        is_bitbucket = handler.path.startswith(("/2.0", "/rest"))
        send(
            handler,
            json.dumps(body if is_bitbucket else items).encode(),
            Link=f'<{url}?page=2>; rel="next"',
            X_Next_Page="2",
        )

    return page


@contextmanager
def ends_with(sentence):
    try:
        yield
    except ForgeError as error:
        if sentence not in str(error):
            raise


def test_endless_empty_pages_end(adapter, hostile, monkeypatch):
    monkeypatch.setattr(transport, "MAX_REQUESTS", 30)
    hostile.respond = after_the_repository(endless_pages([]))
    for ask in (adapter.open_pull_requests, lambda: adapter.find_pull_request(BOT_BRANCH)):
        hostile.paths.clear()
        with ends_with("reading the result took more than 30 requests"):
            assert not ask()  # GitHub's library ends at an empty page
        assert len(hostile.paths) <= 31  # one may be repeated on a new connection


def test_pages_that_fill_the_memory_end(adapter, hostile, monkeypatch):
    monkeypatch.setattr(transport, "MAX_OPERATION_BYTES", MB)
    hostile.respond = after_the_repository(lambda handler: send(handler, b" " * MB + b"[]"))
    with pytest.raises(ForgeError, match="it sent more than 1 MiB"):
        adapter.open_pull_requests()


# ---------------------------------------------------------------- content


@pytest.mark.parametrize("body", [b"[" * 10_000, b'{"a":' * 10_000, b"[" * 990 + b"]" * 990, b"9" * 5_000, b"\xff{}"])
def test_json_that_cannot_be_read_is_not_the_api(adapter, hostile, body):
    for respond in (partial(send, body=body), after_the_repository(partial(send, body=body))):
        hostile.respond = respond
        for ask in reads(adapter):
            with pytest.raises(ForgeError, match="api_url"):
                ask()


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["open", "MERGED", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "2026-01-01", "ab" * 20]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "id",
                        "iid",
                        "number",
                        "title",
                        "state",
                        "author",
                        "username",
                        "user",
                        "login",
                        "nickname",
                        "values",
                    ),
                    *(
                        "source",
                        "destination",
                        "branch",
                        "name",
                        "commit",
                        "hash",
                        "links",
                        "html",
                        "href",
                        "base",
                        "head",
                    ),
                    *(
                        "ref",
                        "sha",
                        "merged_at",
                        "merge_commit_sha",
                        "html_url",
                        "web_url",
                        "source_branch",
                        "target_branch",
                    ),
                    *(
                        "fromRef",
                        "toRef",
                        "reviewers",
                        "status",
                        "participants",
                        "approved",
                        "approved_by",
                        "properties",
                    ),
                    *(
                        "createdDate",
                        "merge_commit",
                        "closed_by",
                        "date",
                        "next",
                        "nextPageStart",
                        "isLastPage",
                        "message",
                    ),
                ]
            ),
            inner,
            max_size=8,
        )
    ),
    max_leaves=20,
)


def is_whole(result):
    match result:
        case PullRequest():
            texts = (result.title, result.url, result.author, result.state, result.base, result.head, result.head_sha)
            at = result.merged_at
            return isinstance(result.number, int) and all(isinstance(text, str) for text in texts) and is_time(at)
        case Approval():
            return isinstance(result.by, str) and isinstance(result.sha, str) and is_time(result.at)
        case list():
            return all(is_whole(item) for item in result)
        case dict():
            return True
        case _:
            return result is None


def is_time(at):
    return at is None or datetime(1969, 1, 1, tzinfo=UTC) < at < datetime(2201, 1, 1, tzinfo=UTC)


def is_whole_or_a_sentence(ask):
    try:
        return is_whole(ask())
    except ForgeError as error:
        return "\n" not in str(error) and "secret-token" not in str(error)


@settings(max_examples=40)
@given(VALUES, st.sampled_from(range(7)), st.sampled_from([200, 200, 200, 201, 301, 400, 404, 409, 418]))
def test_any_json_is_an_answer_of_the_right_types_or_one_sentence(site, hostile, value, index, status):
    hostile.respond = after_the_repository(
        lambda handler: send(handler, json.dumps(value).encode(), status, Location="/x")
    )
    adapter = site.adapter(url=hostile.url, token="secret-token")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(transport, "MAX_REQUESTS", 12)
        assert is_whole_or_a_sentence(everything(adapter)[index])


# ---------------------------------------------------------------- other servers


@pytest.mark.parametrize("where", ["http://127.0.0.1:{port}", "http://localhost:{port}", "//127.0.0.1:{port}"])
def test_nothing_in_a_response_sends_the_bot_to_another_server(adapter, hostile, where):
    with HostileServer().serve() as other:
        other.respond = lambda handler: send(handler, b"[]")
        url = where.format(port=other.server.server_port)

        def elsewhere(handler):
            path = handler.path.partition("?")[0]
            pull = {"id": 1, "number": 1, "url": f"{url}{path}", "merged_at": "2026-01-01T00:00:00Z", "state": "closed"}
            body = {"values": [], "next": f"{url}{path}?page=2"}
            send(
                handler,
                json.dumps(body if path.startswith("/2.0") else [pull]).encode(),
                Link=f'<{url}{path}?page=2>; rel="next"',
                X_Next_Page="2",
            )

        def redirect(handler):
            send(handler, b"", 301, Location=f"{url}{handler.path}")

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(transport, "MAX_REQUESTS", 12)
            for respond in (redirect, after_the_repository(redirect), after_the_repository(elsewhere)):
                hostile.respond = respond
                for ask in (*everything(adapter), lambda: create_pull_request(adapter)):
                    with suppress(ForgeError):
                        ask()
        # A watch of an earlier test may try to reach its cluster at a port that is used again.
        assert [path for path in other.paths if not path.startswith(("/api/v1/", "/apis/"))] == []


# ---------------------------------------------------------------- DNS and TLS


def test_a_name_that_cannot_be_resolved_is_said(site):
    with pytest.raises(ForgeError, match=r"The name nowhere\.invalid cannot be resolved"):
        site.adapter(url="http://nowhere.invalid", token="t").get_pull_request(7)


def test_a_server_without_tls_is_said(site, hostile):
    hostile.respond = lambda handler: send(handler, b"{}")
    with pytest.raises(ForgeError, match=r"The TLS handshake with .* failed"):
        site.adapter(url=hostile.url.replace("http:", "https:"), token="t").get_pull_request(7)


def test_an_untrusted_certificate_names_the_remedy_which_works(site, untrusted_server, monkeypatch):
    url, ca = untrusted_server
    adapter = site.adapter(url=url, token="t")
    sentence = r"certificate of .* is not trusted \(self-signed certificate\).*REQUESTS_CA_BUNDLE"
    with pytest.raises(ForgeError, match=sentence):
        adapter.get_pull_request(7)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    with pytest.raises(ForgeError, match=r"not trusted \(the CA file is missing.*\).*REQUESTS_CA_BUNDLE"):
        adapter.get_pull_request(7)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca)
    with pytest.raises(ForgeError, match="is not visible to the bot"):
        adapter.get_pull_request(7)
