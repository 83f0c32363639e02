"""Files that kustomizations refer to by URL: downloaded over TLS from allowed places, within bounds, and kept."""

import threading
from contextlib import suppress

import pytest

from bot.adapters.downloads import files as downloads
from bot.adapters.downloads.background import BackgroundFetches
from bot.adapters.git.bases import GitBases
from bot.adapters.rendering.programs import ProgramRenderer
from bot.core.rendering.remote_base import RemoteBase
from bot.core.rendering.remote_file import RemoteFile
from bot.core.rendering.source import KustomizeParameters, Source
from bot.handlers.rendering.manifest_cache import INVALID
from bot.ports.bases import BaseUnavailableError, LastingBaseError
from bot.ports.errors import PortError
from bot.ports.git import RepositoryError
from tests.common.rendering import Rendering
from tests.common.wait import wait_for
from tests.hostile.server import HostileServer, send

ONE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {level: info}\n"


@pytest.fixture
def web(certificate, monkeypatch):
    """A trusted server that serves what a test says; every check downloads again."""
    monkeypatch.setenv("GIT_SSL_CAINFO", certificate.file)
    monkeypatch.setattr(downloads, "_FETCH_EVERY", 0.0)
    server = HostileServer(certificate)
    server.respond = lambda handler: send(handler, ONE.encode())
    with server.serve():
        yield server


@pytest.fixture
def following(source, tmp_path, web):
    rendering = Rendering(source, tmp_path)
    host = web.url.removeprefix("https://")
    rendering.use(ProgramRenderer.find(), GitBases(tmp_path / "bases", [f"{host}/allowed/*"]))
    return rendering


def app(*entries, more=""):
    return {"app/kustomization.yaml": f"resources: [{', '.join(map(repr, entries))}]\n{more}"}


def render(rendering, source=None):
    """Each object's name and level, and the notes."""
    rendered = rendering.cache.rendering(rendering.repository, rendering.repository.head(), source or Source("app"))
    levels = {manifest.name: manifest.object["data"]["level"] for manifest in rendered.manifests}
    return levels, [str(note) for note in rendered.notes]


@pytest.mark.parametrize("is_flux", [False, True])
def test_a_file_is_downloaded_named_as_not_pinned_and_downloaded_again(following, web, is_flux):
    url = f"{web.url}/allowed/one.yaml"
    following.commit(app(f"{url}?token=hunter2", more="namePrefix: a-\n"))
    parameters = KustomizeParameters(name_suffix="-b") if is_flux else KustomizeParameters()
    source, name = Source("app", kustomize=parameters), "a-one-b" if is_flux else "a-one"
    note = f"The file {url} is not pinned to a commit, so its content can change without a commit in this repository."
    assert render(following, source) == ({name: "info"}, [note])
    assert web.paths[0] == "/allowed/one.yaml?token=hunter2"
    manifests = following.render(source)
    assert following.render(source) is manifests
    web.respond = lambda handler: send(handler, ONE.replace("info", "debug").encode())
    assert render(following, source)[0] == {name: "debug"}


def test_an_unchanged_file_is_not_sent_again(following, web):
    tags = []

    def respond(handler):
        tags.append(handler.headers.get("If-None-Match"))
        send(handler, b"" if tags[-1] else ONE.encode(), 304 if tags[-1] else 200, ETag='"1"')

    web.respond = respond
    following.commit(app(f"{web.url}/allowed/one.yaml"))
    assert render(following)[0] == render(following)[0] == {"one": "info"}
    assert tags[0] is None
    assert set(tags[1:]) == {'"1"'}


def test_a_file_at_a_commit_is_downloaded_once(following, web, tmp_path):
    following.commit(app(f"{web.url}/allowed/{'a' * 40}/one.yaml"))
    assert render(following) == ({"one": "info"}, [])
    web.respond = lambda handler: send(handler, b"", 500)
    host = web.url.removeprefix("https://")
    following.use(ProgramRenderer.find(), GitBases(tmp_path / "bases", [f"{host}/allowed/*"]))
    assert render(following) == ({"one": "info"}, [])
    assert len(web.paths) == 1


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/other/one.yaml", "/other/one.yaml under bases.allow"),
        ("/allowed/../other/one.yaml", "rendering never downloads files"),
        ("/allowed/%2e%2e/other/one.yaml", "rendering never downloads files"),
        ("/allowed/..%5cone.yaml", "rendering never downloads files"),
        ("\\.example.com/one.yaml", "rendering never downloads files"),
    ],
)
def test_what_is_not_allowed_is_not_requested(following, web, path, message):
    assert message in following.error(app(web.url + path))
    plain = web.url.replace("https:", "http:")
    assert "rendering never downloads files" in following.error(app(f"{plain}/allowed/one.yaml"))
    with_password = web.url.replace("://", "://user:hunter2@")
    refusal = following.error(app(f"{with_password}/allowed/one.yaml"))
    assert "rendering never downloads files" in refusal
    assert "hunter2" not in refusal
    assert web.paths == []


@pytest.mark.parametrize("place", ["URL/other/one.yaml", "http://PLAIN/allowed/one.yaml", "file:///etc/passwd"])
def test_redirects_stay_where_files_are_allowed(following, web, place):
    place = place.replace("URL", web.url.replace("127.0.0.1", "localhost")).replace("PLAIN", web.url[8:])
    web.respond = lambda handler: send(handler, b"", 302, Location=place)
    assert "is not allowed, or the URL does not use TLS. Use https, and allow the host under" in following.error(
        app(f"{web.url}/allowed/one.yaml")
    )
    assert web.paths == ["/allowed/one.yaml"]


@pytest.mark.parametrize(
    ("respond", "message", "lasts"),
    [
        (lambda handler: send(handler, b"", 404), "the server responded with 404.", True),
        (lambda handler: send(handler, b"", 304), "the server responded with 304.", False),
        (lambda handler: send(handler, b"", 401), "it requires a credential, which the bot does not send.", False),
        (lambda handler: send(handler, bytes(2**10 + 1)), "the response is larger than", True),
        (lambda handler: send(handler, b"", 302, Location=handler.path), "it redirects more than 5 times.", False),
        (lambda handler: send(handler, b"- : ]["), "the YAML is not valid.", True),
        (lambda handler: send(handler, b"resources: [/etc/passwd]\n"), "not a Kubernetes object", True),
    ],
)
def test_a_bad_response_is_a_sentence(following, web, monkeypatch, respond, message, lasts):
    monkeypatch.setattr(downloads, "MAX_FILE_BYTES", 2**10)
    web.respond = respond
    assert message in following.error(app(f"{web.url}/allowed/one.yaml"), kind=INVALID if lasts else PortError)
    if not lasts:
        with pytest.raises(BaseUnavailableError) as raised:
            following.render("app")
        assert not isinstance(raised.value, LastingBaseError)


def test_a_host_that_does_not_respond_is_left_alone_for_a_while(web, tmp_path, monkeypatch):
    monkeypatch.setattr("bot.core.charts.bounds.FETCH_SECONDS", 0.3)

    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x")
            handler.wfile.flush()

    web.respond = drip
    monkeypatch.setattr(downloads, "_FETCH_EVERY", 60.0)
    bases = GitBases(tmp_path / "bases", [web.url.removeprefix("https://")])
    for name in ("one", "one", "two"):
        with pytest.raises(RepositoryError, match="did not respond within"):
            bases.content(RemoteFile(f"{web.url}/{name}.yaml"))
    assert len(web.paths) <= 1  # none if a busy machine needs all of the time to connect


def test_a_slow_host_is_not_waited_for(web, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "_FETCH_EVERY", 60.0)
    released = threading.Event()

    def respond(handler):
        released.wait(30)
        send(handler, ONE.encode(), 200 if handler.path == "/one.yaml" else 404)

    web.respond = respond
    host = web.url.removeprefix("https://")
    bases = GitBases(tmp_path / "bases", [f"{host}*"], BackgroundFetches(wait_seconds=0.1))
    file, base = RemoteFile(f"{web.url}/one.yaml"), RemoteBase(f"{web.url}/acme/base.git", "main", "")
    for fetch in (lambda: bases.content(file), lambda: bases.revision(base)):
        with pytest.raises(RepositoryError, match=f"is still being fetched from {host}. A later check will use it"):
            fetch()
    released.set()

    def content():
        with suppress(RepositoryError):
            return bases.content(file)

    def refusal():
        with pytest.raises(RepositoryError) as refused:
            bases.revision(base)
        return "still being fetched" not in str(refused.value) and str(refused.value)

    assert wait_for(content) == ONE.encode()
    assert "There is no git repository at" in wait_for(refusal)


def test_an_application_has_as_many_files_as_allowed_and_no_more(following, web, monkeypatch):
    monkeypatch.setattr("bot.handlers.rendering.render_request.MAX_REMOTE_FILES", 2)
    entries = [f"{web.url}/allowed/{number}.yaml" for number in range(3)]
    assert "can have at most 100 remote files" in following.error(app(*entries))
    assert "declared twice" in following.error(app(*entries[:2]))
