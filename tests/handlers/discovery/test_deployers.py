"""What deployers report about applications, while their cluster fails or hangs."""

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

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


@pytest.mark.parametrize("path", ["*/applications", "/apis*"])
def test_a_failed_read_neither_ends_a_sync_nor_restarts_its_deadline(discovery, path):
    deployers, applications, _ = reader(discovery)
    assert deployers.changing(applications) == {"shop"}
    discovery.clock.advance(minutes=6)
    discovery.cluster.fail(path, 403)
    assert deployers.changing(applications) == {"shop"}
    discovery.cluster.recover()
    assert deployers.changing(applications) == {"shop"}
    discovery.clock.advance(minutes=6)
    assert deployers.changing(applications) == frozenset()
    discovery.cluster.fail(path, 403)
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
