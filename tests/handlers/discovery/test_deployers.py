"""What deployers report about applications, while their cluster fails or hangs."""

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bot.core.health.cause import Cause, cause_of
from bot.handlers.discovery.deployer_lists import DeployerLists
from bot.handlers.discovery.deployers import DeployerReader
from bot.i18n.catalogue import cluster as texts
from bot.i18n.language import LocalizedText
from bot.ports.cluster import ClusterError
from tests.common.deployers import argo_application
from tests.common.kubernetes import HangingCluster
from tests.common.wait import wait_for


def reader(discovery, cluster=None):
    """A reader of the deployers on the cluster, and the application that Argo CD is syncing there."""
    discovery.argo({**argo_application("shop", discovery.url), "operation": {}})
    discovery.start()
    ports = discovery.bot.ports
    clusters = {"prod": cluster(ports.clusters["prod"])} if cluster else ports.clusters
    deployers = DeployerReader(clusters, {}, {}, deadline=timedelta(minutes=10), clock=discovery.clock)
    return deployers, list(discovery.applications.values()), clusters["prod"]


@pytest.mark.parametrize("path", ["*/applications", "/apis*", None])
def test_a_failed_read_neither_ends_a_sync_nor_restarts_its_deadline(discovery, path):
    """Also if the cluster can't say whether it serves Argo CD's resources."""

    def fail():
        discovery.cluster.fail(path, 403) if path else discovery.cluster.api.break_version("argoproj.io/v1alpha1")

    deployers, applications, _ = reader(discovery)
    assert deployers.changing(applications) == {"shop"}
    discovery.clock.advance(minutes=6)
    fail()
    assert deployers.changing(applications) == {"shop"}
    discovery.cluster.recover()
    discovery.cluster.api.restore_version("argoproj.io/v1alpha1")
    assert deployers.changing(applications) == {"shop"}
    discovery.clock.advance(minutes=6)
    assert deployers.changing(applications) == frozenset()
    fail()
    assert deployers.changing(applications) == frozenset()


@pytest.mark.parametrize(("seconds", "expected"), [(60, 2), (1, 3)], ids=["slow", "fast"])
def test_a_cluster_that_does_not_respond_is_read_once_a_minute(discovery, monkeypatch, seconds, expected):
    deployers, applications, cluster = reader(discovery)
    discoveries = []

    def fail():
        discoveries.append(discovery.clock.now)
        discovery.clock.advance(seconds=seconds)
        raise ClusterError(LocalizedText(texts.READ_VERSION))

    monkeypatch.setattr(cluster, "discover", fail)
    for pause in (30, 30, 0):
        deployers.changing(applications)
        discovery.clock.advance(seconds=pause)
    assert len(discoveries) == expected


def test_a_kind_that_fails_slowly_does_not_keep_others_from_being_read(discovery, monkeypatch):
    _, _, cluster = reader(discovery)
    lists, list_, failures = DeployerLists(cluster, discovery.clock), cluster.list, []

    def list_slowly(kind, *args):
        if kind.kind != "Application":
            return list_(kind, *args)
        failures.append(kind)
        discovery.clock.advance(seconds=30)
        raise ClusterError(LocalizedText(texts.READ_VERSION))

    monkeypatch.setattr(cluster, "list", list_slowly)
    for _ in range(2):
        assert lists.read((), timedelta()).failed == {"Application"}
    assert len(failures) == 1


@pytest.mark.parametrize("kinds", [(), ("Kustomization", "HelmRelease")])
def test_kinds_that_all_fail_slowly_delay_callers_by_a_minute_at_most_once_a_minute(discovery, monkeypatch, kinds):
    """Kinds that recover are read again, even if another one doesn't."""
    discovery.start(deployers=("argocd", "flux"))
    cluster, clock = discovery.bot.ports.clusters["prod"], discovery.clock
    lists, list_, broken = DeployerLists(cluster, clock), cluster.list, ["Application", "HelmRelease", "Kustomization"]

    def list_slowly(kind, *args):
        if kind.kind not in broken:
            return list_(kind, *args)
        clock.advance(seconds=60)
        raise ClusterError(LocalizedText(texts.READ_VERSION))

    def read():
        began = clock.now
        return lists.read(kinds, timedelta()).failed, clock.now - began

    monkeypatch.setattr(cluster, "list", list_slowly)
    for _ in range(4):
        assert [read()[1].total_seconds() for _ in range(3)] == [60, 0, 0]
        clock.advance(seconds=60)
    for kind in ("HelmRelease", "Kustomization"):
        broken.remove(kind)
        for _ in range(3):
            clock.advance(seconds=60)
            failed = read()[0]
        assert failed == {name for name in broken if not kinds or name in kinds}


RESULTS = [
    {"kind": "Job", "name": "seed", "hookType": "PreSync", "hookPhase": "Succeeded", "message": "created"},
    # Argo CD also gives this one a phase: https://github.com/argoproj/argo-cd/blob/master/gitops-engine/pkg/sync
    {"kind": "Deployment", "name": "web", "status": "SyncFailed", "hookPhase": "Failed", "message": "is immutable"},
]
MIGRATE = {"kind": "Job", "name": "migrate", "hookType": "PreSync", "hookPhase": "Failed", "message": "took too long"}
SECRET = {**MIGRATE, "name": "seed-secrets"}
SYNC = "one or more synchronization tasks completed unsuccessfully"


@pytest.mark.parametrize(
    ("results", "message"),
    [
        (RESULTS, SYNC),
        ([*RESULTS, MIGRATE], "Hook Job migrate failed: took too long"),
        ([SECRET, MIGRATE], "Hook Job migrate failed: took too long"),
        ([SECRET], SYNC),
    ],
    ids=["object", "hook", "hooks", "secret"],
)
def test_a_failed_hook_is_why_a_sync_failed(discovery, results, message):
    operation = {"phase": "Failed", "message": SYNC, "syncResult": {"resources": results}}
    deployers, applications, _ = reader(discovery)
    discovery.argo({**argo_application("shop", discovery.url), "status": {"operationState": operation}})
    failure, *_ = deployers.failures(applications)["shop"]
    assert (failure.reason, failure.message) == ("SyncFailed", message)
    assert (cause_of(failure.reason, failure.message) is Cause.HOOK_FAILED) == ("Hook" in message)


def is_waiting(frame):
    """Whether a thread waits for the list of another one."""
    return frame.f_code is DeployerLists.read.__code__ and "begun" in frame.f_locals


def test_callers_that_wait_for_a_cluster_share_one_list(discovery):
    deployers, applications, cluster = reader(discovery, HangingCluster)
    with ThreadPoolExecutor(10) as pool:
        first = pool.submit(deployers.changing, applications)
        wait_for(lambda: cluster.discoveries)
        others = [pool.submit(deployers.changing, applications) for _ in range(9)]
        wait_for(lambda: sum(map(is_waiting, sys._current_frames().values())) == len(others))
        cluster.release()
        assert [future.result() for future in (first, *others)] == [{"shop"}] * 10
    assert cluster.discoveries == 2
