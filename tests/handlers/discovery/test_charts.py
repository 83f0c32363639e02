"""Charts from Helm repositories and OCI registries: fetched, verified, rendered, and compared with the cluster."""

import pytest

from bot.core.drift.model import Status
from tests.common.charts import HelmRepository
from tests.common.deployers import flux_resource
from tests.common.kubernetes import FLUX, config_map

FOUND = {"kubernetes": "v1.36.2", "releases": "true"}


@pytest.fixture
def charts(tmp_path):
    folder = tmp_path / "charts"
    folder.mkdir()
    with HelmRepository(folder).serve() as repository:
        yield repository


def release(name, chart="podinfo", version="", *, history=(), **spec):
    source = {"kind": "HelmRepository", "name": "charts"}
    template = {"chart": {"spec": {"chart": chart, "version": version, "sourceRef": source}}}
    return flux_resource("HelmRelease", name, {**template, **spec}, {"history": list(history)})


def helm_repository(url, **spec):
    return flux_resource("HelmRepository", "charts", {"url": url, **spec})


def live(discovery, name, version="1.0.0", level="info"):
    labelled = config_map(name, level=level, **FOUND)
    labelled["metadata"]["labels"] = {"chart": f"podinfo-{version}"}
    discovery.cluster.apply(labelled, namespace="flux-system", manager=FLUX)


def check(discovery, **sections):
    discovery.start(deployers=["flux"], **sections)
    return discovery.bot.check()


def test_a_release_of_a_helm_repository_is_compared_with_the_chart_that_is_fetched(discovery, charts):
    charts.add("podinfo", "1.0.0")
    charts.add("podinfo", "2.0.0")
    discovery.flux(
        helm_repository(charts.url),
        release("same", version="1.0.0"),
        release("changed", version="2.x", values={"level": "debug"}),
        release("gone", "gone", "1.0.0"),
    )
    live(discovery, "same-podinfo")
    live(discovery, "changed-podinfo", "2.0.0")
    checks = check(discovery)
    assert checks["same"].status is Status.SYNCED, checks["same"].error
    (drift,) = checks["changed"].drift
    assert [(str(field.path), field.desired, field.live) for field in drift.fields] == [("data.level", "debug", "info")]
    assert "it does not have this chart" in str(checks["gone"].error)
    before = len(charts.requests)
    discovery.bot.restart()
    discovery.bot.discover()
    assert discovery.bot.check("same")["same"].status is Status.SYNCED
    assert len(charts.requests) == before
