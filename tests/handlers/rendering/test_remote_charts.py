"""Charts in kustomizations: fetched beforehand, and rendered without the network like those in the repository."""

from hashlib import sha256

import pytest

from bot.adapters.charts.fetcher import ChartFetcher
from bot.adapters.rendering.programs import ProgramRenderer
from bot.core.rendering.source import Capabilities, Source
from bot.handlers.rendering import manifest_cache, render_request
from bot.ports.errors import PortError
from tests.common.charts import HelmRepository, package


@pytest.fixture
def charts(tmp_path):
    folder = tmp_path / "charts"
    folder.mkdir()
    with HelmRepository(folder).serve() as repository:
        yield repository


@pytest.fixture
def following(rendering, tmp_path, charts):
    """A rendering that fetches charts from the repository, and from no other host."""
    rendering.use(ProgramRenderer.find(), charts=ChartFetcher(tmp_path / "fetched", [charts.host], {}))
    return rendering


def app(*charts, more=""):
    entries = ", ".join(f"{{{chart}}}" for chart in charts)
    return {"app/kustomization.yaml": f"helmCharts: [{entries}]\n{more}"}


def levels(rendering, source=None):
    """Each object's name and level, and the notes."""
    rendered = rendering.cache.rendering(rendering.repository, rendering.repository.head(), source or Source("app"))
    objects = {manifest.name: manifest.object["data"] for manifest in rendered.manifests}
    return {name: data["level"] for name, data in objects.items()}, [str(note) for note in rendered.notes]


def test_charts_are_fetched_once_in_their_exact_version(following, charts):
    for version in ("1.0.0", "1.2.0"):
        charts.add("web", version)
    first = f"name: web, repo: '{charts.url}', version: 1.0.0, releaseName: a, valuesInline: {{level: debug}}"
    second = f"name: web, repo: '{charts.url}', version: 1.2.0, releaseName: b"
    following.commit(app(first, second, more="namePrefix: p-\n"))
    assert levels(following) == ({"p-a-web": "debug", "p-b-web": "info"}, [])
    requests = len(charts.requests)
    following.commit(app(first, more="helmGlobals: {chartHome: ./vendored}\n"))
    assert levels(following) == ({"a-web": "debug"}, [])
    assert len(charts.requests) == requests


def test_a_chart_that_is_in_the_repository_is_not_fetched(following, charts):
    chart = {"Chart.yaml": "{apiVersion: v2, name: web, version: 1.0.0}", "values.yaml": "{}"}
    config = "{apiVersion: v1, kind: ConfigMap, metadata: {name: own}, data: {level: own}}"
    vendored = {**chart, "templates/config.yaml": config}
    files = {f"app/charts/web-1.0.0/web/{name}": content for name, content in vendored.items()}
    following.commit({**files, **app(f"name: web, repo: '{charts.url}', version: 1.0.0, releaseName: a")})
    assert levels(following) == ({"own": "own"}, [])
    assert charts.requests == []


def test_a_chart_without_an_exact_version_is_named_and_fetched_again(following, charts, monkeypatch):
    charts.add("web", "1.0.0")
    following.commit(app(f"name: web, repo: '{charts.url}', releaseName: a"))
    found, notes = levels(following)
    changeable = "has no exact version, so its content can change without a commit in this repository."
    assert notes == [f"The chart web in app/kustomization.yaml {changeable}"]
    charts.add("web", "1.1.0", package("web", "1.1.0", {"values.yaml": "level: warn\n"}))
    assert levels(following) == (found, notes)
    monkeypatch.setattr(manifest_cache, "_CHARTS_FRESH", 0.0)
    monkeypatch.setattr("bot.adapters.charts.helm_repository._FRESH_SECONDS", 0.0)
    hashed = []
    monkeypatch.setattr(render_request, "sha256", lambda: hashed.append(1) or sha256())
    assert levels(following)[0] == {"a-web": "warn"}
    assert len(hashed) == 1  # since it takes long for large files
    monkeypatch.setattr(following.cache, "_renderer", None)  # the same files aren't rendered again
    assert levels(following)[0] == {"a-web": "warn"}


def test_charts_get_the_versions_that_argo_cd_passes(following, charts):
    charts.add("web")
    following.commit(app(f"name: web, repo: '{charts.url}', version: 1.0.0, releaseName: a"))
    capabilities = Capabilities("1.36.2", ("helm.toolkit.fluxcd.io/v2/HelmRelease",))
    (manifest,) = following.render(Source("app", capabilities=capabilities))
    assert (manifest.object["data"]["kubernetes"], manifest.object["data"]["releases"]) == ("v1.36.2", "true")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("name: web, repo: 'https://elsewhere.example', version: 1.0.0, releaseName: a", "Allow the host under charts"),
        ("name: web, repo: 'file:///etc', version: 1.0.0, releaseName: a", "rendering never downloads files"),
        ("name: gone, repo: 'URL', version: 1.0.0, releaseName: a", "it does not have this chart"),
        ("name: web, repo: 'URL', version: 9.0.0, releaseName: a", "it has no version 9.0.0"),
        ("name: web, repo: 'URL', version: 1.0.0", "has no releaseName here"),
        ("name: web, repo: 'URL', version: '../../../..', releaseName: a", "points outside the repository"),
        ("name: ../web, repo: 'URL', version: 1.0.0, releaseName: a", "points outside the repository"),
        ("name: web, repo: 'URL', version: --devel, releaseName: a", "begins with a hyphen"),
        ("name: web, repo: 'URL', version: 1.0.0, releaseName: --post-renderer=/bin/sh", "begins with a hyphen"),
        ("name: web, repo: 'URL', version: 1.0.0, releaseName: a, configHome: x", "configHome is not supported"),
    ],
)
def test_what_cannot_be_fetched_or_rendered_safely_says_why(following, charts, entry, message):
    charts.add("web")
    assert message in following.error(app(entry.replace("URL", charts.url)))


@pytest.mark.parametrize("field", ["generators", "transformers", "resources"])
def test_a_kustomization_cannot_refer_to_files_of_a_fetched_chart(following, charts, field):
    charts.add("web", "1.0.0", package("web", files={"evil.yaml": "kind: HelmChartInflationGenerator\n"}))
    entry = f"name: web, repo: '{charts.url}', version: 1.0.0, releaseName: a"
    for path in ("charts/web-1.0.0/web/evil.yaml", "charts/web-1.0.0/web"):
        assert "is not in the repository" in following.error(app(entry, more=f"{field}: [{path}]\n"))


def test_a_fetched_chart_cannot_become_a_kustomization(following, charts):
    charts.add("web", "1.0.0", package("web", files={"kustomization.yaml": "resources: []\n"}))
    web, other = (f"helmCharts: [{{name: {name}, repo: '{charts.url}', releaseName: a}}]\n" for name in ("web", "x"))
    files = {
        "one/kustomization.yaml": "generators: [../home/web]\n",
        "two/kustomization.yaml": f"{other}helmGlobals: {{chartHome: ../home/web}}\n",
    }
    for entries in ("[../one, ../two]", "[../two, ../one]"):
        files["app/kustomization.yaml"] = f"{web}helmGlobals: {{chartHome: ../home}}\nresources: {entries}\n"
        message = following.error(files)
        assert "rendering never downloads files" in message or "is not in the repository" in message
    assert charts.requests == []


def test_an_unreachable_repository_affects_only_its_application(following, charts):
    charts.add("web", "1.0.0", digest="0" * 64)
    one = "{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {level: info}}"
    files = app(f"name: web, repo: '{charts.url}', version: 1.0.0, releaseName: a")
    following.commit({**files, "other/one.yaml": one})
    with pytest.raises(PortError, match="does not match the digest"):
        following.render("app")
    assert levels(following, Source("other"))[0] == {"one": "info"}
