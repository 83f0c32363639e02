"""Hostile Helm repositories, registries and packages: refused in a sentence, and no credential leaves its host."""

import gzip
import io
import json
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from types import SimpleNamespace
from urllib.parse import quote

import pytest
import requests
import yaml
from cachetools import TTLCache
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.charts import helm_repository, registry
from bot.adapters.charts.credentials import read_credentials
from bot.adapters.charts.fetcher import ChartFetcher
from bot.adapters.downloads import background
from bot.adapters.downloads.background import BackgroundFetches
from bot.adapters.downloads.cache import DownloadCache
from bot.core.charts import archive as archives
from bot.core.charts import bounds
from bot.core.charts import index as indexes
from bot.core.charts.archive import ArchiveError, unpack
from bot.core.charts.reference import ChartRef
from bot.ports.charts import ChartError, LastingChartError
from bot.ports.tenant import CURRENT_TENANT, for_tenant
from tests.common.charts import package
from tests.common.wait import wait_for
from tests.hostile.server import HostileServer, send

SECRET = "Basic c2VjcmV0OnRva2Vu"
OTHER_SECRET = "Basic b3RoZXI6dG9rZW4="
CHART = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


def tar_of(*members):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, kind, text in members:
            member = tarfile.TarInfo(name)
            member.type, member.size = kind, len(text)
            member.linkname = "/etc/passwd" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            tar.addfile(member, io.BytesIO(text))
    return content.getvalue()


def with_checksums(content, headers):
    """An archive whose headers at these places are valid again."""
    content = bytearray(content)
    for place in headers:
        checksum = tarfile.calc_chksums(content[place : place + 512])[0]
        content[place + 148 : place + 156] = b"%06o\0 " % checksum
    return bytes(content)


def half_a_sparse_member():
    header = bytearray(tarfile.TarInfo("web/a").tobuf(tarfile.GNU_FORMAT))
    header[156], header[482] = ord("S"), 1  # its map goes on in the next block
    return gzip.compress(with_checksums(header, [0]))


CHART_FILE = ("web/Chart.yaml", tarfile.REGTYPE, CHART.encode())


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([("web/../../evil", tarfile.REGTYPE, b"")], "which is not allowed"),
        ([("/etc/cron.d/evil", tarfile.REGTYPE, b"")], "which is not allowed"),
        ([("web/a\\..\\evil", tarfile.REGTYPE, b"")], "which is not allowed"),
        ([("web/C:/evil", tarfile.REGTYPE, b"")], "which is not allowed"),
        ([("web/.git/config", tarfile.REGTYPE, b"")], "which is not allowed"),
        ([("web/new\nline", tarfile.REGTYPE, b"")], "which is not allowed"),
        ([("evil", tarfile.REGTYPE, b"")], "which is not allowed"),
        ([("web/link", tarfile.SYMTYPE, b"")], "which is not a regular file"),
        ([("web/link", tarfile.LNKTYPE, b"")], "which is not a regular file"),
        ([("web/fifo", tarfile.FIFOTYPE, b"")], "which is not a regular file"),
        ([("web/device", tarfile.CHRTYPE, b"")], "which is not a regular file"),
        ([("web/sparse", tarfile.GNUTYPE_SPARSE, b"")], "which is not a regular file"),
        ([("GNU.sparse", tarfile.XHDTYPE, b"22 GNU.sparse.size=9\n"), ("web/sparse", tarfile.REGTYPE, b"")], "regular"),
        ([("headers", tarfile.XHDTYPE, b"12 a=" + b"b" * 6 + b"\n")] * 100, "1 KiB of extended headers"),
        ([CHART_FILE], "twice"),
        ([("web/large", tarfile.REGTYPE, bytes(2_000))], "a file larger than"),
        ([(f"web/{number}", tarfile.REGTYPE, b"") for number in range(50)], "more than 50 files"),
    ],
)
def test_a_package_with_anything_but_ordinary_files_is_refused(monkeypatch, members, reason):
    monkeypatch.setattr(archives, "MAX_FILE_BYTES", 1_000)
    monkeypatch.setattr(archives, "MAX_FILES", 50)
    monkeypatch.setattr(archives, "MAX_HEADER_BYTES", 1_024)
    assert unpack(tar_of(CHART_FILE)) == {"Chart.yaml": CHART.encode()}
    with pytest.raises(ArchiveError, match=reason) as refused:
        unpack(tar_of(CHART_FILE, *members))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x1f\x8b", b"x" * 100, gzip.compress(b"x" * 2_000), half_a_sparse_member(), tar_of()],
    ids=["nothing", "half a header", "text", "gzipped text", "half a sparse member", "no files"],
)
def test_what_is_not_a_package_is_refused(content):
    with pytest.raises(ArchiveError, match=r"is not a gzipped tar archive|contains no Chart\.yaml"):
        unpack(content)


def test_a_bomb_is_never_unpacked_whole(monkeypatch):
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 2**20)
    bomb = tar_of(CHART_FILE, *((f"web/{number}", tarfile.REGTYPE, bytes(2**18)) for number in range(40)))
    assert len(bomb) < 2**16
    with pytest.raises(ArchiveError, match="larger than 1 MiB when unpacked"):
        unpack(bomb)


MEMBERS = st.tuples(
    st.sampled_from(["web/", "web", "./web/", "", "/", "../", "web/../"]),
    st.text(st.characters(codec="utf-8"), max_size=120),
    st.sampled_from([tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, b"S", b"L", b"x"]),
    st.binary(max_size=40),
)


DAMAGES = st.tuples(st.integers(0, 4_000), st.binary(max_size=12) | st.just(b"\x80" + b"\xff" * 11))


@settings(max_examples=150)
@given(st.lists(MEMBERS, max_size=5), st.lists(DAMAGES, max_size=3))
def test_any_archive_is_a_package_or_refused(members, damages):
    """Any members, and any damage to them in headers that are valid otherwise."""
    named = [(prefix + name, kind, content) for prefix, name, kind, content in members]
    content = bytearray(gzip.decompress(tar_of(CHART_FILE, *named)))
    headers = [place for place in range(0, len(content), 512) if content[place + 257 : place + 262] == b"ustar"]
    for place, damage in damages:
        content[place : place + len(damage)] = damage[: len(content) - place]
    with suppress(ArchiveError):
        assert "Chart.yaml" in unpack(gzip.compress(with_checksums(content, headers), 1))


@dataclass
class Attack:
    """A hostile server, another one, and a fetcher that has a credential for each."""

    server: HostileServer
    other: HostileServer
    fetcher: ChartFetcher

    def refusal(self, url=None):
        chart = ChartRef.parse(url or self.server.url, "web", "1.0.0")
        with pytest.raises(ChartError) as refused:
            self.fetcher.fetch(chart)
        assert "\n" not in str(refused.value)
        assert "c2VjcmV0" not in str(refused.value)
        return str(refused.value)

    def serve_index(self, content=b"", digest="", **entry):
        fields = {"name": "web", "version": "1.0.0", "urls": ["web.tgz"], "digest": digest, **entry}
        index = yaml.safe_dump({"apiVersion": "v1", "entries": {"web": [fields]}}).encode()
        self.server.respond = lambda handler: send(handler, index if "index" in handler.path else content)


@pytest.fixture
def attack(tmp_path):
    first, second = HostileServer(), HostileServer()
    with first.serve() as server, second.serve() as other:
        host = server.url.removeprefix("http://")
        other_host = other.url.removeprefix("http://")
        yield Attack(server, other, ChartFetcher(tmp_path, [host], {host: SECRET, other_host: OTHER_SECRET}))


def test_a_package_with_another_digest_is_refused(attack):
    attack.serve_index(package("web"), sha256(b"other").hexdigest())
    assert "does not match the digest" in attack.refusal()


@pytest.mark.parametrize("scheme", ["http", "oci"])
def test_a_cached_private_package_is_not_served_to_who_names_its_digest(attack, scheme):
    private = package("payroll")
    digest = sha256(private).hexdigest()
    entries = {"payroll": [{"name": "payroll", "version": "1.0.0", "digest": digest, "urls": ["payroll.tgz"]}]}
    index = yaml.safe_dump({"apiVersion": "v1", "entries": entries}).encode()

    def respond(handler):
        is_authorized = handler.headers.get("Authorization") == OTHER_SECRET
        send(handler, index if "index" in handler.path else private, 200 if is_authorized else 401)

    attack.other.respond = respond
    attack.fetcher._allow = ["*"]
    chart = ChartRef.parse(attack.other.url, "payroll", "1.0.0")
    revision = attack.fetcher.fetch(chart).revision

    layer = {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": f"sha256:{digest}"}
    if scheme == "http":
        attack.serve_index(urls=["web.tgz"], digest=digest)
    else:
        respond_to = {"manifests": json.dumps({"schemaVersion": 2, "layers": [layer]}).encode()}
        attack.server.respond = lambda handler: send(handler, respond_to.get(handler.path.split("/")[-2], b""))
    assert "does not match the digest" in attack.refusal(attack.server.url.replace("http", scheme, 1))

    requests_before = len(attack.other.paths)
    assert attack.fetcher.fetch(chart).revision == revision
    assert len(attack.other.paths) == requests_before
    attack.fetcher._http.credentials.clear()
    with pytest.raises(ChartError, match="requires"):
        attack.fetcher.fetch(chart)


def test_responses_are_bounded(attack, monkeypatch):
    monkeypatch.setattr(bounds, "MAX_INDEX_BYTES", 2**20)
    monkeypatch.setattr(bounds, "MAX_ARCHIVE_BYTES", 2**20)
    attack.serve_index(bytes(2**20 + 1))
    assert "larger than 1 MiB" in attack.refusal()

    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(bytes(2**16))

    attack.server.respond = endless
    other = ChartRef.parse(f"{attack.server.url}/stable", "web", "1.0.0")
    with pytest.raises(ChartError, match="larger than 1 MiB"):
        attack.fetcher.fetch(other)


@pytest.mark.parametrize(("document", "version"), [("manifests", "1.0.0"), ("token", "1.0.0"), ("tags", "1.x")])
def test_responses_of_a_registry_are_as_large_as_allowed_and_no_larger(attack, monkeypatch, document, version):
    monkeypatch.setattr(bounds, "MAX_DOCUMENT_BYTES", 1_000)
    realm = f'Bearer realm="{attack.server.url}/token"'
    chart = ChartRef.parse(attack.server.url.replace("http:", "oci:"), "web", version)

    def respond(handler, size):
        body = json.dumps({"token": "t", "tags": ["1.0.0"]}).encode()
        if (
            document == "token"
            and "token" not in handler.path
            and "Bearer" not in handler.headers.get("Authorization", "")
        ):
            return send(handler, b"", 401, WWW_Authenticate=realm)
        return send(handler, body.ljust(size) if document in handler.path else body)

    for size, reason in ((1_000, "does not describe a Helm chart"), (1_001, "larger than 0 MiB")):
        attack.server.respond = partial(respond, size=size)
        with pytest.raises(ChartError, match=reason):
            attack.fetcher.fetch(chart)


@pytest.mark.parametrize("bound", ["MAX_ARCHIVE_BYTES", "MAX_INDEX_BYTES", "MAX_ENTRY_BYTES"])
def test_packages_and_indexes_are_as_large_as_allowed_and_no_larger(attack, monkeypatch, bound):
    content = package("web")
    chart = f'\n  web:\n  - {{name: web, version: 1.0.0, urls: [web.tgz], digest: "{sha256(content).hexdigest()}"}}'
    index = f"apiVersion: v1\nentries:{chart}\n  other: []\n".encode()
    attack.server.respond = lambda handler: send(handler, index if "index" in handler.path else content)
    most = {"ARCHIVE": len(content), "INDEX": len(index), "ENTRY": len("entries:" + chart + "\n")}[bound.split("_")[1]]
    for module in (bounds, indexes):
        monkeypatch.setattr(module, bound, most - 1, raising=False)
    assert "larger than 0 MiB" in attack.refusal()
    for module in (bounds, indexes):
        monkeypatch.setattr(module, bound, most, raising=False)
    attack.fetcher._helm._indexes.clear()
    assert attack.fetcher.fetch(ChartRef.parse(attack.server.url, "web", "1.0.0")).version == "1.0.0"


@pytest.mark.parametrize("bound", ["MAX_FILE_BYTES", "MAX_FILES", "MAX_UNPACKED_BYTES", "MAX_HEADER_BYTES"])
def test_a_package_has_as_much_as_allowed_and_no_more(monkeypatch, bound):
    headers = b"20 comment=some text\n"
    content = tar_of(CHART_FILE, ("x", tarfile.XHDTYPE, headers), ("web/values.yaml", tarfile.REGTYPE, bytes(1_000)))
    unpacked = len(gzip.decompress(content))
    most = {"MAX_FILES": 2, "MAX_FILE_BYTES": 1_000, "MAX_UNPACKED_BYTES": unpacked}.get(bound, len(headers))
    monkeypatch.setattr(archives, bound, most)
    assert len(unpack(content)) == 2
    monkeypatch.setattr(archives, bound, most - 1)
    with pytest.raises(ArchiveError, match=r"more than|larger than"):
        unpack(content)


def test_a_server_that_drips_is_given_up_and_left_alone_for_a_while(attack, monkeypatch):
    monkeypatch.setattr(bounds, "FETCH_SECONDS", 0.3)

    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x")
            handler.wfile.flush()

    attack.server.respond = drip
    assert "did not respond within 0.3 seconds" in attack.refusal()
    requests = len(attack.server.paths)
    assert "did not respond within" in attack.refusal()
    assert len(attack.server.paths) == requests
    with for_tenant("prod/other"):  # only what the first one asked for may be slow
        attack.refusal()
    assert len(attack.server.paths) > requests
    clock = [0.0]
    outages = TTLCache(1, attack.fetcher._http._outages.ttl, timer=lambda: clock[0])
    object.__setattr__(attack.fetcher._http, "_outages", outages)
    attack.refusal()
    attack.server.respond = lambda handler: send(handler, b"", 404)
    for clock[0], reason in ((59.9, "did not respond within"), (60.0, "responded with 404")):
        assert reason in attack.refusal()


CA_VARIABLES = ("GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")  # the first one counts


@pytest.mark.parametrize("number", range(len(CA_VARIABLES)))
def test_an_untrusted_certificate_names_the_remedy_which_works(untrusted_server, tmp_path, monkeypatch, number):
    url, ca = untrusted_server
    for variable in CA_VARIABLES[:number]:
        monkeypatch.delenv(variable, raising=False)
    for variable in CA_VARIABLES[number:]:
        monkeypatch.setenv(variable, requests.certs.where())
    chart = ChartRef.parse(url, "web", "1.0.0")

    def refusal():
        with pytest.raises(ChartError) as refused:
            ChartFetcher(tmp_path, [chart.host], {}).fetch(chart)
        return str(refused.value)

    assert " is not trusted (" in (said := refusal())
    assert f"set {CA_VARIABLES[number]} to" in said
    if number < len(CA_VARIABLES) - 1:
        monkeypatch.setenv(CA_VARIABLES[number], "/nowhere")
        assert "(the CA file is missing or has no certificates). " in refusal()
    monkeypatch.setenv(CA_VARIABLES[number], ca)
    assert "it responded with 404" in refusal()


@pytest.mark.parametrize("scheme", ["https", "oci"])
def test_a_name_that_cannot_be_resolved_is_said(attack, scheme):
    attack.fetcher._allow = ["nowhere.invalid"]
    assert "nowhere.invalid is not responding (Name or service not known)" in attack.refusal(
        f"{scheme}://nowhere.invalid"
    )


@pytest.fixture
def released():
    """What a slow server waits for."""
    event = threading.Event()
    yield event
    event.set()


def test_a_slow_server_delays_nobody_for_long_and_its_charts_arrive_later(attack, released, monkeypatch):
    def serve(server, *, after=None):
        names = [f"chart-{number}" for number in range(12)]
        fields = {name: [{"name": name, "version": "1.0.0", "urls": [f"{name}.tgz"]}] for name in names}
        index = yaml.safe_dump({"apiVersion": "v1", "entries": fields}).encode()

        def respond(handler):
            if after and "index" not in handler.path:
                after.wait(30)
            send(handler, index if "index" in handler.path else package(handler.path[1:-4]))

        server.respond = respond
        return [ChartRef.parse(server.url, name, "*") for name in names]

    slow, quick = serve(attack.server, after=released), serve(attack.other)
    fetcher = attack.fetcher
    monkeypatch.setattr(fetcher, "_allow", ["*"])
    monkeypatch.setattr(fetcher, "_fetches", BackgroundFetches(wait_seconds=0.3))
    for chart in slow:
        with pytest.raises(ChartError, match=r"^chart-.* is still being fetched from 127\.0\.0\.1:\d+\. A later"):
            fetcher.fetch(chart)

    def has_arrived(chart):
        with suppress(ChartError):
            return fetcher.fetch(chart)

    assert wait_for(lambda: has_arrived(quick[0])).version == "1.0.0"
    released.set()
    arrived = [wait_for(lambda chart=chart: has_arrived(chart)) for chart in slow]
    released.clear()
    attack.server.respond = lambda _: released.wait(30)  # the index too
    assert [fetcher.fetch(chart) for chart in slow] == arrived
    monkeypatch.setattr(background, "RECENT_SECONDS", 0.0)
    wait_for(lambda: not has_arrived(slow[0]))  # after a fetch that had begun before
    with pytest.raises(ChartError, match="is still being fetched"):
        fetcher.fetch(slow[0])


def test_whoever_asks_again_gets_a_new_result():
    fetches = BackgroundFetches()
    asked = iter(range(1_000))
    results = [fetches.result("charts.example", "web", partial(next, asked)) for _ in range(1_000)]
    assert results == list(range(1_000))


def test_slow_hosts_delay_checks_together_no_longer_than_one_of_them(released, monkeypatch):
    clock, waited = SimpleNamespace(now=0.0), []

    def wait(_, seconds):
        waited.append(seconds)
        clock.now += seconds

    monkeypatch.setattr(background, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(background, "wait", wait)
    fetches = BackgroundFetches()
    for _ in range(2):
        for number in range(150):
            with pytest.raises(background.FetchPendingError):
                fetches.result(f"charts-{number}.example", number, released.wait)
    assert bounds.WAIT_SECONDS / 2 < sum(waited) < bounds.WAIT_SECONDS * 1.5
    waited.clear()
    with for_tenant("prod/other"), pytest.raises(background.FetchPendingError):
        fetches.result("charts-1.example", "another chart", released.wait)
    assert waited[0] > bounds.WAIT_SECONDS / 4


def test_the_slow_charts_of_one_tenant_keep_no_other_tenant_waiting(released):
    """200 of them on a shared registry made the charts of all others unknown for ten minutes."""
    fetches = BackgroundFetches(wait_seconds=0.1)

    def result(tenant, key, fetch):
        with for_tenant(tenant), suppress(background.FetchPendingError):
            return fetches.result("registry.example", key, fetch)

    for number in range(200):
        assert result("prod/many", number, released.wait) is None
    assert result("prod/many", "of both", lambda: "chart") is None
    for key in ("of both", *range(1_000, 1_020)):
        assert wait_for(partial(result, "prod/other", key, lambda: "chart")) == "chart"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_bounded_and_take_no_credential_elsewhere(attack, status):
    headers = []

    def record(handler):
        headers.append(handler.headers.get("Authorization"))
        send(handler, b"{}", 404)

    attack.other.respond = record
    for count, reason in ((5, "responded with 404"), (6, "redirects more than 5 times")):
        attack.server.paths.clear()
        attack.server.respond = lambda handler, count=count: send(
            handler, b"", status if len(attack.server.paths) <= count else 404, Location=f"{attack.server.url}/again"
        )
        assert reason in attack.refusal()
    attack.server.respond = lambda handler: send(handler, b"", status, Location=f"{attack.other.url}/index.yaml")
    assert "does not use TLS" in attack.refusal()
    assert headers == []
    attack.fetcher._allow = [*attack.fetcher._allow, attack.other.url.removeprefix("http://")]
    assert "responded with 404" in attack.refusal()
    assert headers == [None]
    attack.server.respond = lambda handler: send(handler, b"", status, Location="file:///etc/passwd")
    assert "a URL on file that does not use TLS" in attack.refusal()


def test_a_package_on_another_host_is_requested_without_a_credential(attack):
    headers = []

    def record(handler):
        headers.append(handler.headers.get("Authorization"))
        send(handler, b"", 401)

    attack.other.respond = record
    attack.fetcher._allow = [*attack.fetcher._allow, attack.other.url.removeprefix("http://")]
    attack.serve_index(urls=[f"{attack.other.url}/web.tgz"])
    assert "only to the repository's host" in attack.refusal()
    assert headers == [None]


def test_an_index_cannot_lead_to_another_server_without_tls(attack):
    two_hosts = f"{attack.other.url}\\@{attack.server.url.removeprefix('http://')}/web.tgz"  # urllib3 reads the first
    plain = (f"{attack.other.url}/web.tgz", "http://169.254.169.254/latest", "ftp://127.0.0.1/web.tgz", "")
    for url in (*plain, two_hosts):
        attack.serve_index(urls=[url] if url else [])
        attack.fetcher._helm._indexes.clear()
        assert "does not use TLS" in (said := attack.refusal()) or "no usable address" in said or "not valid" in said
    assert attack.other.paths == []


@pytest.mark.parametrize(
    "url", ["https://[", "oci://[:1.0.0", "https://host:x/", "https://\u2100.example/", "https://a..b/"]
)
@pytest.mark.parametrize("way", ["index", "redirect", "challenge", "pages"])
def test_a_server_that_refers_to_an_invalid_url_is_refused_in_a_sentence(attack, way, url):
    responses = {
        "redirect": lambda handler: send(handler, b"", 302, Location=quote(url, safe=":/[")),
        "challenge": lambda handler: send(
            handler, b"", 401, WWW_Authenticate=f'Bearer realm="{quote(url, safe=":/[")}"'
        ),
        "pages": lambda handler: send(handler, b"{}", Link=f'<{quote(url, safe=":/[")}>; rel="next"'),
    }
    attack.serve_index(urls=[url])
    attack.server.respond = responses.get(way, attack.server.respond)
    scheme, version = ("http" if way in ("index", "redirect") else "oci"), ("1.x" if way == "pages" else "1.0.0")
    with pytest.raises(ChartError, match=r"not valid|no usable|not responding|does not use TLS|more tags"):
        attack.fetcher.fetch(ChartRef.parse(attack.server.url.replace("http", scheme, 1), "web", version))


@pytest.mark.parametrize(
    "index",
    [b"", b"entries: [", b"entries: {web: {}}", b"entries:\n  web:\n  - 1\n", b"\xff", b"a: &a [*a]", b"#" * 1_001],
)
def test_an_invalid_index_is_refused(attack, monkeypatch, index):
    monkeypatch.setattr("bot.core.charts.index.MAX_ENTRY_BYTES", 1_000)
    attack.server.respond = lambda handler: send(handler, index)
    assert "its index is not valid" in (said := attack.refusal()) or "does not have this chart" in said


def test_large_indexes_of_one_tenant_are_parsed_one_at_a_time(attack, monkeypatch):
    """Six at once slowed everything else down six times, and took a gigabyte."""
    running, most, parse, both = {"many": 0, "other": 0}, {"many": 0, "other": 0}, helm_repository.read_entries, set()

    def slow(*arguments):
        tenant = CURRENT_TENANT.get()
        running[tenant] += 1
        most[tenant] = max(most[tenant], running[tenant])
        if tenant == "other":
            wait_for(lambda: running["many"])  # another tenant's
            both.add(tenant)
        elif len(both) == 0:
            wait_for(lambda: both)
        running[tenant] -= 1
        return parse(*arguments)

    monkeypatch.setattr(helm_repository, "read_entries", slow)
    attack.serve_index(package("web"))

    def fetch(tenant, version):
        with for_tenant(tenant):
            return attack.fetcher.fetch(ChartRef.parse(attack.server.url, "web", version)).version

    with ThreadPoolExecutor(4) as pool:
        tenants = ("many", "many", "many", "other")
        versions = list(pool.map(fetch, tenants, (">=1", "1.x", "1.0", "^1")))
    assert versions == ["1.0.0"] * 4
    assert most == {"many": 1, "other": 1}


def test_a_version_that_is_newer_than_the_index_is_found(attack, monkeypatch):
    attack.serve_index(package("web"))
    charts = [ChartRef.parse(attack.server.url, "web", version) for version in ("1.x", "2.0.0")]
    assert attack.fetcher.fetch(charts[0]).version == "1.0.0"
    attack.serve_index(package("web"), version="2.0.0")
    with pytest.raises(ChartError, match=r"it has no version 2\.0\.0"):  # it was read seconds ago
        attack.fetcher.fetch(charts[1])
    monkeypatch.setattr(helm_repository, "_RETRY_SECONDS", 0.0)
    assert attack.fetcher.fetch(charts[1]).version == "2.0.0"
    requests_before = len(attack.server.paths)
    with pytest.raises(ChartError):
        attack.fetcher.fetch(replace(charts[1], version="3.0.0"))
    assert len(attack.server.paths) == requests_before + 1


def test_nobody_waits_for_an_index_that_another_reads_again(attack, monkeypatch):
    """Whoever asked for a missing version made everyone wait for a slow server each minute."""
    attack.serve_index(package("web"))
    charts = [ChartRef.parse(attack.server.url, "web", version) for version in ("1.x", "9.9.9")]
    fresh = attack.fetcher._helm.locate(charts[0])
    monkeypatch.setattr(helm_repository, "_RETRY_SECONDS", -1.0)
    asked, released, serve = threading.Event(), threading.Event(), attack.server.respond
    attack.server.respond = lambda handler: (asked.set(), released.wait(30), serve(handler))
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(attack.fetcher._helm.locate, charts[1])
        assert asked.wait(20)
        try:
            assert pool.submit(attack.fetcher._helm.locate, charts[0]).result(20) == fresh
        finally:
            released.set()
        assert slow.exception(20)


def test_a_package_in_a_registry_that_is_not_allowed_is_refused(attack):
    attack.serve_index(urls=[f"{attack.other.url.replace('http:', 'oci:')}/charts/web:1.0.0"])
    host = attack.other.url.removeprefix("http://")
    assert f"from {host}: charts from this host are not allowed" in attack.refusal()
    assert attack.other.paths == []


def test_hosts_are_allowed_by_name_and_by_pattern(tmp_path):
    listed = ChartFetcher(tmp_path, ["ghcr.io", "*.example.com", "local:8443", "[::1]:5000"], {})
    assert ChartRef.parse("https://evil.test\\.example.com", "web") is None  # HTTP clients would connect to evil.test
    longest = ".".join(["a" * 63] * 3 + ["a" * 61])
    assert [bool(ChartRef.parse(f"https://{host}:8443", "web")) for host in (longest, f"{longest}a")] == [True, False]
    allowed = ("ghcr.io", "GHCR.io:443", "a.b.example.com", "local:8443", "[::1]:5000")
    assert [listed.is_allowed(host) for host in allowed] == [True] * len(allowed)
    others = ("example.com", "local", "local:1", "ghcr.io.evil.example", "ghcr.io@evil.example", "[::1]")
    assert [listed.is_allowed(host) for host in others] == [False] * len(others)
    discovered = ChartFetcher(tmp_path, None, {})
    assert not discovered.is_allowed("ghcr.io")
    for deployer in ("argocd", "flux"):
        discovered.allow_discovered(("prod", deployer), ["ghcr.io", "*"])
    assert discovered.is_allowed("ghcr.io")
    assert not discovered.is_allowed("evil.example")
    discovered.allow_discovered(("prod", "flux"), [])
    assert discovered.is_allowed("ghcr.io")
    discovered.allow_discovered(("prod", "argocd"), ["other.example"])
    assert not discovered.is_allowed("ghcr.io")


def test_a_proxy_gets_its_own_credential_and_no_other(attack, monkeypatch):
    seen = []

    def proxy(handler):
        seen.append((handler.path, handler.headers.get("Proxy-Authorization")))
        send(handler, b"", 404)

    attack.other.respond = proxy
    monkeypatch.setenv("http_proxy", attack.other.url.replace("://", "://ana:s%40cret@"))
    attack.fetcher._allow = ["charts.example"]
    assert "responded with 404" in attack.refusal("http://charts.example")
    assert seen == [("http://charts.example/index.yaml", "Basic YW5hOnNAY3JldA==")]


@pytest.mark.parametrize("proxy", ["proxy.corp:3128", "socks5://proxy.corp:1080", "http://proxy.corp:x", "http://["])
def test_an_invalid_proxy_is_not_blamed_on_the_url(attack, monkeypatch, proxy):
    monkeypatch.setenv("http_proxy", proxy)
    attack.fetcher._allow = ["charts.example"]
    assert "Check the network and the proxy" in attack.refusal("http://charts.example")


def manifest(**fields):
    layer = {"mediaType": LAYER, "digest": f"sha256:{sha256(package('web')).hexdigest()}", "size": 1}
    return json.dumps({"schemaVersion": 2, "layers": [layer], **fields}).encode()


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        (b"[]", {}, "does not describe a Helm chart"),
        (b"{", {}, "response is not valid"),
        (b"[" * 100_000, {}, "response is not valid"),
        (manifest(layers=[]), {}, "does not describe a Helm chart"),
        (manifest(layers=[{"mediaType": LAYER, "digest": "sha256:../../x"}]), {}, "does not describe a Helm chart"),
        (manifest(), {"Docker_Content_Digest": f"sha256:{'0' * 64}"}, "does not match the digest"),
    ],
)
def test_an_invalid_manifest_is_refused(attack, body, headers, reason):
    attack.server.respond = lambda handler: send(handler, body, **headers)
    assert reason in attack.refusal(attack.server.url.replace("http:", "oci:"))


DOCUMENTS = st.recursive(
    st.none()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(["1.0.0", "v1.0.0", "web.tgz", "http://[", "file:///etc/passwd", "//", LAYER])
    | st.sampled_from([f"sha256:{'0' * 64}", f"sha256:{'0' * 63}", "oci://127.0.0.1:1/web:1.0.0", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["entries", "web", "version", "urls", "digest", "created", "layers", "mediaType", "tags"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
).map(lambda value: {"entries": {"web": [value]}, "layers": [value], "tags": [value], "value": value})


@pytest.fixture(scope="module")
def chart_server():
    with HostileServer().serve() as server:
        yield server


@settings(max_examples=100)
@given(DOCUMENTS, st.sampled_from(["value", None]), st.sampled_from(["1.0.0", "1.x", ""]), st.booleans())
def test_any_document_of_a_server_is_one_sentence(chart_server, tmp_path_factory, document, part, version, is_oci):
    """An index, a manifest or a page of tags."""
    body = json.dumps(document[part] if part else document).encode()
    chart_server.respond = lambda handler: send(handler, body)
    url = chart_server.url.replace("http:", "oci:") if is_oci else chart_server.url
    fetcher = ChartFetcher(tmp_path_factory.getbasetemp(), [url.partition("//")[2]], {})
    with pytest.raises(ChartError) as refused:
        fetcher.fetch(ChartRef.parse(url, "web", version))
    assert "\n" not in str(refused.value)


def test_a_layer_with_another_digest_is_refused(attack):
    attack.server.respond = lambda handler: send(handler, manifest() if "manifests" in handler.path else b"other")
    assert "does not match the digest" in attack.refusal(attack.server.url.replace("http:", "oci:"))


def test_a_token_service_elsewhere_gets_no_credential(attack):
    seen = []

    def issue(handler):
        seen.append(handler.headers.get("Authorization"))
        send(handler, b'{"token": "x"}')

    def challenge(handler):
        send(handler, b"{}", 401, WWW_Authenticate=f'Bearer realm="{attack.other.url}/token",service="x"')

    attack.server.respond, attack.other.respond = challenge, issue
    url = attack.server.url.replace("http:", "oci:")
    assert "does not use TLS" in attack.refusal(url)
    attack.fetcher._allow = [*attack.fetcher._allow, attack.other.url.removeprefix("http://")]
    assert "requires a credential" in attack.refusal(url)
    assert seen == [None]
    # Nor if its own token service redirects there.
    token_service = f"{attack.server.url}/token"
    attack.server.respond = lambda handler: (
        send(handler, b"", 302, Location=f"{attack.other.url}/token")
        if handler.path.startswith("/token")
        else send(handler, b"{}", 401, WWW_Authenticate=f'Bearer realm="{token_service}"')
    )
    assert "requires a credential" in attack.refusal(url)
    assert seen == [None, None]


@pytest.mark.parametrize("scheme", ["http", "oci"])
def test_a_credential_is_sent_only_with_tls_or_on_this_machine(tmp_path, monkeypatch, scheme):
    seen = []

    def record(handler):
        seen.append(handler.headers.get("Authorization"))
        send(handler, b"{}", 401, WWW_Authenticate='Basic realm="x"')

    server = HostileServer()
    server.respond = record
    with server.serve() as proxy:  # which stands for the network on the way to another host
        monkeypatch.setenv("http_proxy", proxy.url)
        fetcher = ChartFetcher(tmp_path, ["charts.example"], {"charts.example": SECRET})
        chart = replace(ChartRef.parse(f"{scheme}://charts.example", "web", "1.0.0"), plain_http=True)
        with pytest.raises(ChartError, match="requires a credential"):
            fetcher.fetch(chart)
    assert seen
    assert not any(seen)


@pytest.mark.parametrize("scheme", ["http", "oci"])
@pytest.mark.parametrize(
    ("status", "lasts"), [(404, True), (410, True), (401, False), (403, False), (429, False), (503, False)]
)
def test_only_what_a_server_does_not_have_is_given_up(attack, scheme, status, lasts):
    """Otherwise a rollout could be live before the objects in a chart that was not read are removed."""
    attack.server.respond = lambda handler: send(handler, b"", status)
    chart = ChartRef.parse(attack.server.url.replace("http", scheme, 1), "web", "1.0.0")
    with pytest.raises(ChartError) as refused:
        attack.fetcher.fetch(chart)
    assert isinstance(refused.value, LastingChartError) == lasts


def test_hosts_that_are_not_discovered_yet_are_not_given_up(tmp_path):
    chart = ChartRef.parse("https://charts.example.org", "web", "1.0.0")
    for allow, lasts in ((None, False), ([], True)):
        with pytest.raises(ChartError) as refused:
            ChartFetcher(tmp_path, allow, {}).fetch(chart)
        assert isinstance(refused.value, LastingChartError) == lasts


def test_a_dead_link_of_one_repository_is_no_outage_of_its_server(attack):
    dead = "https://127.0.0.1:1"
    index = {"entries": {"web": [{"name": "web", "version": "1.0.0", "urls": [f"{dead}/web.tgz"]}]}}
    good = {"entries": {"web": [{"name": "web", "version": "1.0.0", "urls": ["web.tgz"]}]}}

    def respond(handler):
        if handler.path.endswith("index.yaml"):
            return send(handler, yaml.safe_dump(index if "tenant-a" in handler.path else good).encode())
        return send(handler, package("web"))

    attack.server.respond = respond
    assert "127.0.0.1:1 is not responding" in attack.refusal(f"{attack.server.url}/tenant-a")
    other = ChartRef.parse(f"{attack.server.url}/tenant-b", "web", "1.x")
    assert attack.fetcher.fetch(other).version == "1.0.0"


@pytest.mark.parametrize("way", ["another scheme", "a late redirect", "a package"])
def test_nobody_causes_an_outage_for_the_charts_of_others(attack, monkeypatch, way):
    """Each minute, a tenant could make the charts of all others on a host unknown."""
    monkeypatch.setattr(bounds, "FETCH_SECONDS", 1.0)
    attack.fetcher._allow = ["*"]
    index = yaml.safe_dump({"entries": {"web": [{"name": "web", "version": "1.0.0", "urls": ["web.tgz"]}]}}).encode()

    def respond(handler):
        if "stuck" in handler.path:
            threading.Event().wait(1.5)
        send(handler, index if "index" in handler.path else package("web"))

    attack.other.respond = respond
    url = attack.server.url
    if way == "another scheme":
        url = attack.other.url.replace("http", "https")
    elif way == "a late redirect":
        attack.server.respond = lambda handler: send(handler, b"", 302, Location=f"{attack.other.url}/stuck")
    else:
        attack.serve_index(urls=[f"{attack.other.url}/stuck.tgz"])
    with pytest.raises(ChartError, match=r"is not responding|did not respond"):
        attack.fetcher.fetch(ChartRef.parse(url, "web", "1.x"))
    assert attack.fetcher.fetch(ChartRef.parse(attack.other.url, "web", "1.x")).version == "1.0.0"


def test_tags_are_bounded_and_pages_stay_in_the_registry(attack, monkeypatch):
    monkeypatch.setattr(bounds, "MAX_TAG_PAGES", 3)
    chart = ChartRef.parse(attack.server.url.replace("http:", "oci:"), "web", "1.x")
    for link in (f"{attack.other.url}/v2/web/tags/list", "/v2/web/tags/list?last=a"):
        attack.server.respond = lambda handler, link=link: send(
            handler, b'{"tags": ["a"]}', Link=f'<{link}>; rel="next"'
        )
        with pytest.raises(ChartError, match="more tags than the bot can read"):
            attack.fetcher.fetch(chart)
    assert attack.other.paths == []

    def pages(handler, count):
        following = len(attack.server.paths)
        link = {"Link": f'<{attack.server.url}/v2/web/tags/list?{following}>; rel="next"'} if following < count else {}
        return send(handler, json.dumps({"tags": ["1.0.0"] * 10 if "tags" in handler.path else []}).encode(), **link)

    for count, tags, reason in ((3, 30, "describe a Helm chart"), (4, 40, "more tags than"), (3, 29, "more tags than")):
        attack.server.paths.clear()
        attack.server.respond = partial(pages, count=count)
        monkeypatch.setattr(bounds, "MAX_TAGS", tags)
        with pytest.raises(ChartError, match=reason):
            attack.fetcher.fetch(chart)


def test_pages_of_tags_have_a_minute_together_and_invalid_tags_are_ignored(attack, monkeypatch):
    longest = f"1.9.0_{'x' * 122}"
    attack.server.respond = lambda handler: (
        send(handler, json.dumps({"tags": [longest, f"1.9.1_{'x' * 123}"]}).encode(), Link='<?last=a>; rel="next"')
        if handler.path.endswith("n=1000")
        else send(handler, b"{}", 200 if "tags" in handler.path else 404)
    )
    chart = ChartRef.parse(attack.server.url.replace("http:", "oci:"), "web", "1.x")
    seconds = 60.0
    for reason, last in (("responded with 404", longest), ("did not respond within 60 seconds", "list?n=1000")):
        monkeypatch.setattr(registry, "time", SimpleNamespace(monotonic=iter([0.0, 0.0, seconds]).__next__))
        with pytest.raises(ChartError, match=reason):
            attack.fetcher.fetch(chart)
        assert attack.server.paths[-1].endswith(last)
        seconds = 60.1


def test_threads_that_write_at_once_do_not_fail(tmp_path):
    cache = DownloadCache(tmp_path)
    contents = [str(number).encode() for number in range(400)]
    with ThreadPoolExecutor(4) as pool:
        digests = list(pool.map(cache.write, contents))
    assert [cache.read(digest) for digest in digests] == contents


def test_the_cache_is_bounded_and_does_not_trust_its_files(tmp_path, monkeypatch):
    monkeypatch.setattr("bot.adapters.downloads.cache.MAX_CACHE_BYTES", 2_500)
    cache = DownloadCache(tmp_path)
    digests = [cache.write(bytes([number]) * 1_000) for number in range(3)]
    assert sum(cache.read(digest) is not None for digest in digests) == 2
    kept = next(digest for digest in digests if cache.read(digest))
    (tmp_path / "contents" / kept[:40]).write_bytes(b"changed")
    assert cache.read(kept) is None


def test_the_versions_whose_packages_are_known_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("bot.adapters.downloads.cache.MAX_NAMES", 2)
    cache = DownloadCache(tmp_path)
    for name in "abc":
        cache.set_alias(name, "1.0.0")
    assert sorted(cache.alias(name) for name in "abc") == ["", "1.0.0", "1.0.0"]


def test_the_docker_configuration_is_read_and_a_broken_one_is_not_fatal(tmp_path):
    login = {"username": "ana", "password": "secret"}
    config = {
        "auths": {"ghcr.io": {"auth": "YW5hOnNlY3JldA=="}, "https://index.docker.io/v1/": login, "x": {"auth": "?"}}
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    read = read_credentials({"DOCKER_CONFIG": str(tmp_path)})
    assert read["ghcr.io"] == read["registry-1.docker.io"] == "Basic YW5hOnNlY3JldA=="
    assert "x" not in read
    assert read_credentials({}) == read_credentials({"DOCKER_CONFIG": "/nowhere"}) == {}
    assert read_credentials({"DOCKER_AUTH_CONFIG": '{"auths": []}'}) == {}
