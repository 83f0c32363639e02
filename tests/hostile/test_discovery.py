"""People who may create Applications and Kustomizations in a namespace of their own, and the applications of others."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from bot.config.sections.cluster import ClusterConfig
from bot.core.applications import argocd, flux, flux_values
from bot.core.applications.argocd import read_application
from bot.core.applications.discovery import CHANNEL_ANNOTATION, UnsupportedResource, annotated_channel
from bot.core.applications.flux_chart import GIT_REPOSITORY
from bot.core.charts.reference import ChartRef
from bot.core.git.target_revision import TargetRevision
from bot.core.incidents.incident import IncidentState
from bot.core.objects.step_budget import json_size
from bot.handlers.discovery import deployer_kinds
from bot.handlers.discovery import resources as resource_lists
from bot.handlers.discovery.resources import ResourceBudget
from bot.ports.cluster import Kind
from tests.common.deployers import (
    SOURCE_REF,
    apply_deployer,
    argo_application,
    flux_resource,
    git_repository,
    kustomization,
    serve_deployers,
    synced_at,
)
from tests.common.kubernetes import as_yaml, config_map
from tests.common.slack import DEPLOYS, cards

KIB = 2**10
KIND = Kind("argoproj.io", "v1alpha1", "Application", "applications", namespaced=True)
EVIL_URL = "https://git.example/evil.git"


@pytest.fixture
def bot(bot, source, cluster):
    """The bot, and an application `shop` in its cluster that has drifted."""
    serve_deployers(cluster)
    source.commit("First", {f"apps/{name}/a.yaml": as_yaml(config_map()) for name in ("shop", "b", "c", "d")})
    cluster.apply(config_map(), namespace="shop")
    cluster.edit(config_map(), "shop", {"data": {"debug": "yes"}})
    return bot


def discover(bot, **sections):
    bot.start(**{"clusters": {"prod": {"discover": ["argocd", "flux"]}}, **sections})
    bot.discover()


def paths(bot):
    return {name: application.path for name, application in bot.discoverer.applications.items()}


def reconciling(name, since="2026-11-20T10:00:00Z"):
    condition = {"type": "Reconciling", "status": "True", "lastTransitionTime": since}
    return kustomization(name, status={"conditions": [condition]})


def strangers(url):
    """Resources that sync the application's path, and that anyone could create."""
    return [
        [argo_application("a", EVIL_URL)],
        [argo_application("a", url, namespace="evil")],
        [argo_application("a", url, destination={"name": "stage", "namespace": "shop"})],
        [argo_application("a", url)],
        [git_repository(EVIL_URL), reconciling("a")],
        [git_repository(url), reconciling("a")],
    ]


@pytest.mark.parametrize("is_discovered", [False, True])
def test_only_its_own_deployer_holds_back_the_alerts_of_an_application(bot, source, cluster, slack, is_discovered):
    apply_deployer(cluster, argo_application("shop", source.url), namespace="argocd")
    discover(bot, alerts={"looks": 1}, **({"applications": {}} if is_discovered else {}))
    for number, resources in enumerate(strangers(source.url)):
        started = [
            {**resource, "operation": {}} if resource["kind"] == "Application" else resource for resource in resources
        ]
        apply_deployer(cluster, *started, namespace=f"evil-{number}")
    bot.check("shop")
    assert len(cards(slack)) == 1


@pytest.mark.parametrize("started", [-timedelta(days=1), timedelta(), timedelta(days=365)], ids=["old", "now", "never"])
def test_a_sync_holds_back_alerts_only_until_the_deadline(bot, source, cluster, slack, started):
    """Also if the deployer always reports that it has just begun, or that it begins next year."""
    own = argo_application("shop", source.url)
    apply_deployer(cluster, own, namespace="argocd")
    bot.start(alerts={"looks": 1}, schedule={"rollout_deadline": "10m"})
    counts = []
    for _ in range(3):
        state = {"phase": "Running", "startedAt": f"{bot.clock() + started:%Y-%m-%dT%H:%M:%SZ}"}
        cluster.set_status(own, "argocd", {"operationState": state})
        bot.check("shop", seconds=300)
        counts.append(len(cards(slack)))
    assert counts == ([1, 1, 1] if started < timedelta() else [0, 0, 1])


@pytest.mark.parametrize("destination", ["prod", "stage"])
@pytest.mark.parametrize(
    ("finalizers", "expected"), [([], [0, 0, 1]), (["example.com/never"], [0, 1, 1])], ids=["gone", "never gone"]
)
def test_a_deletion_holds_back_alerts_only_until_the_deadline(
    bot, source, cluster, slack, destination, finalizers, expected
):
    """Also if a finalizer keeps the resource forever, and if it deploys to another cluster."""
    own = argo_application("shop", source.url, destination={"name": destination, "namespace": "shop"})
    own["metadata"]["finalizers"] = finalizers
    apply_deployer(cluster, own, namespace="argocd")
    cluster.edit(config_map(), "shop", {"data": {"debug": None}})
    stage = {"kubeconfig": str(cluster.kubeconfig(bot.folder / "stage.kubeconfig"))}
    sections = {"alerts": {"looks": 1}, "schedule": {"rollout_deadline": "10m"}}
    discover(bot, applications={}, clusters={"prod": {"discover": ["argocd", "flux"]}, "stage": stage}, **sections)
    bot.check()
    cluster.delete(own, "argocd")
    cluster.delete(config_map(), "shop")
    counts = []
    for _ in range(3):
        bot.check(seconds=300)
        counts.append(len(cards(slack)))
    assert counts == expected


def test_an_application_that_is_created_again_is_held_back_while_it_syncs(bot, source, cluster, slack, monkeypatch):
    own = {**argo_application("shop", source.url), "operation": {}}
    apply_deployer(cluster, own, namespace="argocd")
    discover(bot, applications={}, alerts={"looks": 1})
    cluster.delete(own, "argocd")
    cluster.delete(config_map(), "shop")
    bot.check()
    bot.discover()
    bot.monitor.reconcile_cards()
    monkeypatch.setattr(cluster.api._writer, "_clock", lambda: datetime.now(UTC) + timedelta(hours=1))
    apply_deployer(cluster, own, namespace="argocd")
    bot.discover()
    bot.check(seconds=3600)
    assert cards(slack) == []
    bot.check(seconds=3600)
    assert len(cards(slack)) == 1


def test_an_object_that_was_deleted_by_hand_is_reported(bot, source, cluster, slack):
    apply_deployer(cluster, argo_application("shop", source.url), namespace="argocd")
    discover(bot, applications={}, alerts={"looks": 1})
    cluster.delete(config_map(), "shop")
    bot.check()
    assert len(cards(slack)) == 1


def test_each_sync_has_its_own_deadline(bot, source, cluster, slack):
    own = argo_application("shop", source.url)
    bot.start(alerts={"looks": 1}, schedule={"rollout_deadline": "10m"})
    for _ in range(2):
        apply_deployer(cluster, {**own, "operation": {}}, namespace="argocd")
        cluster.edit(config_map(), "shop", {"data": {"debug": "yes"}})
        bot.check(seconds=3600)
        cluster.delete(own, "argocd")
        cluster.edit(config_map(), "shop", {"data": {"debug": None}})
        bot.check()
    assert cards(slack) == []


def test_an_application_of_the_same_name_changes_neither_name_nor_incident(bot, source, cluster):
    apply_deployer(cluster, argo_application("shop", source.url), namespace="argocd")
    discover(bot, applications={}, alerts={"looks": 1})
    bot.check()
    (before,) = bot.store.incidents.unsettled()
    evil = argo_application("shop", source.url, "apps/b", namespace="evil")
    apply_deployer(cluster, evil, namespace="evil")
    bot.discover()
    assert paths(bot) == {"shop": "apps/shop", "evil/shop": "apps/b"}
    bot.monitor.reconcile_cards()
    cluster.delete(evil, "evil")
    bot.discover()
    bot.monitor.reconcile_cards()
    (after,) = bot.store.incidents.unsettled()
    assert (after.id, after.state) == (before.id, IncidentState.OPEN)


@pytest.mark.parametrize("is_restarted", [False, True])
def test_an_application_that_is_created_again_gets_its_name_back(bot, source, cluster, is_restarted):
    real, evil = argo_application("shop", source.url), argo_application("shop", source.url, "apps/b", namespace="evil")
    apply_deployer(cluster, real, namespace="team")
    discover(bot, applications={})
    apply_deployer(cluster, evil, namespace="evil")
    bot.discover()
    bot.check()
    cluster.delete(real, "team")
    if is_restarted:
        bot.restart()
        bot.discover()
        assert paths(bot) == {"evil/shop": "apps/b"}
    apply_deployer(cluster, real, namespace="team")
    bot.discover()
    assert paths(bot) == {"shop": "apps/shop", "evil/shop": "apps/b"}


def test_a_name_is_free_a_week_after_its_application_was_deleted(bot, source, cluster):
    shop = argo_application("shop", source.url)
    apply_deployer(cluster, shop, namespace="team")
    discover(bot, applications={})
    for old, namespace, seconds, name in (("team", "next", 60, "prod/shop"), ("next", "last", 8 * 24 * 3600, "shop")):
        cluster.delete(shop, old)
        bot.clock.advance(seconds=seconds)
        apply_deployer(cluster, shop, namespace=namespace)
        bot.discover()
        assert list(paths(bot)) == [name]


def test_no_name_of_a_source_replaces_another_application(bot, source, cluster):
    def several(*names):
        entries = [
            {"repoURL": source.url, "path": f"apps/{path}", "name": name}
            for path, name in zip("bcd", names, strict=False)
        ]
        return argo_application("shop", source.url, source=None, sources=entries)

    apply_deployer(cluster, several("2", "", "x"), namespace="argocd")
    discover(bot, applications={})
    assert paths(bot) == {"shop.1": "apps/b", "shop.2": "apps/c", "shop.x": "apps/d"}
    apply_deployer(cluster, several("x", "x"), namespace="argocd")
    apply_deployer(cluster, argo_application("shop.1", source.url), namespace="evil")
    bot.discover()
    assert paths(bot) == {"shop.1": "apps/b", "shop.2": "apps/c", "prod/shop.1": "apps/shop"}
    assert bot.discoverer.inventory().unsupported == ()


def test_the_status_of_a_configured_application_is_that_of_its_oldest_resource(bot, source, cluster):
    apply_deployer(
        cluster, argo_application("shop", source.url, status={"sync": {"status": "OutOfSync"}}), namespace="argocd"
    )
    link = {"argocd.argoproj.io/managed-by-url": "https://evil.example"}
    for name in ("aa", "shop"):
        evil = argo_application(name, source.url, status=synced_at(source.sha()), annotations=link)
        apply_deployer(cluster, evil, namespace="evil")
    discover(bot)
    inventory = bot.discoverer.inventory()
    assert [(name, status.sync, status.page) for name, status in inventory.deployer_statuses.items()] == [
        ("shop", "OutOfSync", "")
    ]
    assert [resource.origin.namespace for resource in inventory.unsupported] == ["evil", "evil"]
    assert "the configured application shop" in str(inventory.unsupported[0].reason)


@pytest.mark.parametrize("channel", ["C0NOBODY001", DEPLOYS])
def test_an_annotation_with_an_unavailable_channel_silences_nothing(bot, source, cluster, slack, channel):
    slack.archive(DEPLOYS, archived=True)
    annotations = {"gitops-bot/channel": channel}
    for name, path in (("shop", "apps/shop"), ("again", "apps/b")):
        apply_deployer(cluster, argo_application(name, source.url, path, annotations=annotations), namespace="argocd")
    discover(bot, applications={}, alerts={"looks": 1})
    for _ in range(3):
        bot.check(seconds=3600)
    assert [message.text.partition(" are ")[0] for message in cards(slack)].count(f"Messages for {channel}") == 1
    assert len(cards(slack)) == 3
    cluster.edit(config_map(), "shop", {"data": {"debug": None}})
    bot.check()
    assert sum("resolved" in message.text.lower() for message in cards(slack)) == 2


def test_a_configured_application_takes_nothing_from_a_resource_that_anyone_can_create(bot, source, cluster):
    """Also if nothing but CI deploys it."""
    link = {"argocd.argoproj.io/managed-by-url": "https://evil.example"}
    evil = argo_application("zzz", source.url, status=synced_at(source.sha()), annotations=link)
    apply_deployer(cluster, evil, namespace="evil")
    discover(bot)
    inventory = bot.discoverer.inventory()
    assert (list(inventory.applications), dict(inventory.deployer_statuses)) == (["shop"], {})
    assert "deployer_namespaces" in str(inventory.unsupported[0].reason)
    bot.start(clusters={"prod": {"deployer_namespaces": ["evil"], "argocd_url": "https://argocd.example"}})
    bot.discover()
    (status,) = bot.discoverer.inventory().deployer_statuses.values()
    assert (status.sync, status.page) == ("Synced", "https://argocd.example/applications/evil/zzz")


@pytest.mark.parametrize("field", ["annotation", "spec", "status"])
def test_large_resources_keep_no_other_from_being_discovered(bot, source, cluster, field, monkeypatch):
    """The API server holds a list of more than the bot keeps of all resources. `shop` is larger than each of evil's."""
    monkeypatch.setattr("bot.adapters.kubernetes.bounds.KEPT_BYTES", 500 * KIB)
    monkeypatch.setattr("bot.handlers.discovery.resources.MAX_TOTAL_BYTES", 450 * KIB)
    padding = "x" * (100 * KIB)
    for number in range(6):
        pad = argo_application(
            f"pad{number}",
            source.url,
            "apps/b",
            annotations={"pad": padding} if field == "annotation" else {},
            status={"resources": [{"name": padding}]} if field == "status" else {},
            **({"info": [{"name": "pad", "value": padding}]} if field == "spec" else {}),
        )
        apply_deployer(cluster, pad, namespace="evil")
    huge = argo_application("huge", source.url, "apps/b", info=[{"name": "pad", "value": padding * 3}])
    apply_deployer(cluster, huge, namespace="evil")
    shop = argo_application("shop", source.url, info=[{"name": "pad", "value": padding + "x"}])
    apply_deployer(cluster, shop, namespace="argocd")
    discover(bot, applications={})
    inventory = bot.discoverer.inventory()
    reasons = {resource.name: str(resource.reason) for resource in inventory.unsupported}
    dropped = {f"pad{number}" for number in range(3, 6)} if field == "spec" else set()
    assert reasons.keys() == {"huge"} | dropped
    assert "too large for the bot" in reasons["huge"]
    assert all("Those in its namespace take the most" in reasons[name] for name in dropped)
    assert set(paths(bot)) == {"shop"} | {f"pad{number}" for number in range(6)} - dropped
    assert inventory.notes == ()


@pytest.mark.parametrize("revision", ["/".join(["x" * 200] * 17), " || ".join([">=1.0.0 <2.0.0"] * 300)])
def test_a_revision_that_no_database_can_index_is_not_tracked(bot, source, cluster, revision):
    place = {"repoURL": source.url, "path": "apps/b", "targetRevision": revision}
    apply_deployer(cluster, argo_application("long", source.url, source=place), namespace="evil")
    discover(bot)
    assert list(paths(bot)) == ["shop"]
    (unsupported,) = bot.discoverer.inventory().unsupported
    assert "is longer than 255 bytes" in str(unsupported.reason)


@pytest.mark.parametrize(
    ("accepts", "most"),
    [
        (lambda size: not TargetRevision("x" * size).is_too_long, 255),
        (lambda size: ChartRef.parse("https://charts.example/".ljust(size, "x"), "web", "1.0.0") is not None, 1_000),
        (lambda size: ResourceBudget().add(KIND, resource_of(size)).why is None, 256 * KIB),
        (lambda size: annotated_channel(in_channel("C".ljust(size, "0")))[0] != "", 63),
    ],
    ids=["revision", "chart repository", "resource", "channel"],
)
def test_a_resource_is_as_large_as_allowed_and_no_larger(accepts, most):
    assert (accepts(most), accepts(most + 1)) == (True, False)


def in_channel(channel):
    return {"metadata": {"annotations": {CHANNEL_ANNOTATION: channel}}}


def resource_of(size, **metadata):
    resource = {"metadata": {"name": "a", **metadata}, "spec": {"x": ""}}
    return {**resource, "spec": {"x": "x" * (size - json_size(resource))}}


@pytest.mark.parametrize(
    ("sizes", "kept"),
    [
        ([("a", 10_000), ("a", 10_000), ("a", 10_000)], [0, 1, 2]),
        ([("a", 10_000), ("a", 10_001), ("a", 10_000)], [0, 2]),
        ([("a", 10_000)] * 4, [0, 1, 2]),  # of the same size, no more than necessary
        ([("evil", 2_000)] * 10 + [("a", 14_000)] + [("evil", 2_000)] * 10, [*range(8), 10]),
        ([("a", 5_000), ("b", 29_000), ("a", 5_000)], [0, 2]),
    ],
)
def test_the_namespace_that_uses_most_loses_its_largest_resources(monkeypatch, sizes, kept):
    monkeypatch.setattr(resource_lists, "MAX_TOTAL_BYTES", 30_000)
    budget = ResourceBudget()
    listed = []
    for number, (namespace, size) in enumerate(sizes):
        for _ in range(2):  # a list that expires is read again
            item = budget.add(KIND, resource_of(size, namespace=namespace, name=f"r{number:02}"))
        listed.append(item)
    assert [number for number, item in enumerate(listed) if item.why is None] == kept


def test_the_addresses_of_ten_argo_cds_are_read():
    read = []
    applications = [
        argo_application("shop", "", status={"controllerNamespace": f"argocd-{number}"}) for number in range(11)
    ]
    deployer_kinds._read_argo(
        {argocd.APPLICATION: applications}, "prod", ClusterConfig(), lambda *name: read.append(name)
    )
    assert len(read) == 10


def several(url, count):
    return argo_application("evil", url, source=None, sources=[{"repoURL": url, "path": f"a{n}"} for n in range(count)])


def expanding(url, count):
    options = {"images": ["$ARGOCD_APP_NAME" * count]}
    return argo_application("evil", url, source={"repoURL": url, "path": "apps/b", "kustomize": options})


def labeled(count):
    return kustomization("evil", "./apps/b", commonMetadata={"labels": {f"l{number}": "" for number in range(count)}})


def post_rendered(count):
    chart = {"spec": {"chart": "./apps/b", "sourceRef": SOURCE_REF}}
    return flux_resource("HelmRelease", "evil", {"chart": chart, "postRenderers": [{"kustomize": {}}] * count})


def valued(count, name="values"):
    chart = {"spec": {"chart": "./apps/b", "sourceRef": SOURCE_REF}}
    values_from = [{"kind": "ConfigMap", "name": name}] * count
    return flux_resource("HelmRelease", "evil", {"chart": chart, "valuesFrom": values_from})


def substituted(count, name="variables"):
    substitute_from = [{"kind": "ConfigMap", "name": name}] * count
    return kustomization("evil", "./apps/b", postBuild={"substituteFrom": substitute_from})


# Each takes a tenth of 5 MiB.
VALUES = config_map("values", **{"values.yaml": "a: ".ljust(512 * KIB - len('{"": ""}') + 2, "x")})
VARIABLES = config_map("variables", **{f"v{number}": "x" * 300 for number in range(1_024)})
VARIABLES["data"]["v0"] += "x" * (512 * KIB - flux_values.size_of_data(VARIABLES["data"]))
SMALL = config_map("small", **{"values.yaml": "a: b"})


@pytest.mark.parametrize(
    ("resource", "most", "reason"),
    [
        (lambda _, count: valued(count), 10, "take more than 5 MiB"),
        (lambda _, count: substituted(count), 10, "take more than 5 MiB"),
        (lambda _, count: valued(count, "small"), 50, "valuesFrom has more than 50 entries"),
        (lambda _, count: substituted(count, "small"), 50, "substituteFrom has more than 50 entries"),
        (several, 100, "more than 100 sources"),
        (expanding, 32_000 // len("evil"), "expand to too much text"),
        (lambda _, count: labeled(count), 100, "more than 100 labels"),
        (lambda _, count: post_rendered(count), 20, "more than 20 postRenderers"),
    ],
)
def test_what_a_resource_multiplies_is_bounded(bot, source, cluster, resource, most, reason):
    for data in (VALUES, VARIABLES, SMALL):
        cluster.apply(data, namespace="evil")
    for count in (most, most + 1):
        apply_deployer(cluster, git_repository(source.url), resource(source.url, count), namespace="evil")
        discover(bot)
        unsupported = bot.discoverer.inventory().unsupported
        assert [reason in str(item.reason) for item in unsupported] == [True] * (count > most)


@pytest.mark.parametrize("is_reversed", [False, True])
def test_of_too_many_values_in_a_namespace_the_largest_are_dropped(monkeypatch, is_reversed):
    """Values that many resources share take memory for each. Those of other namespaces aren't affected."""
    monkeypatch.setattr(flux_values, "MAX_NAMESPACE_BYTES", 40_000)
    sizes = {"a": 1_000, "b": 25_000, "c": 1_000, "d": 3_000}

    def resources(kind, declare):
        declared = [
            {**declare(1, str(size)), "metadata": {"namespace": namespace, "name": name}}
            for namespace in ("evil", "other")
            for name, size in sizes.items()
            if (namespace, name) != ("other", "b")
        ]
        return {kind: declared[::-1] if is_reversed else declared}

    repositories = [
        {**git_repository("https://git.example/a"), "metadata": {"namespace": namespace, "name": "platform"}}
        for namespace in ("evil", "other")
    ]
    listed = resources(flux.KUSTOMIZATION, substituted) | resources(flux.HELM_RELEASE, valued)
    results = flux.read_resources(
        defaultdict(list, {**listed, GIT_REPOSITORY: repositories}),
        "prod",
        lambda _kind, _namespace, name: {"values.yaml": "x: ".ljust(int(name), "x")},
    )
    (dropped,) = (result for result in results if isinstance(result, UnsupportedResource))
    assert (dropped.origin.namespace, dropped.name) == ("evil", "b")
    assert "in its namespace take more than" in str(dropped.reason)
    assert len(results) == 14


def test_of_too_many_values_in_a_cluster_the_namespace_with_most_loses_its_largest(monkeypatch):
    monkeypatch.setattr(flux_values, "MAX_CLUSTER_BYTES", 40_000)
    places = [("other", "9000"), *[("evil", size) for size in ("3000", "4000", "20000", "3001", "8000", "3002")]]
    declared = [{**substituted(1, size), "metadata": {"namespace": place, "name": size}} for place, size in places]
    repositories = [
        {**git_repository("https://git.example/a"), "metadata": {"namespace": namespace, "name": "platform"}}
        for namespace in ("evil", "other")
    ]
    results = flux.read_resources(
        defaultdict(list, {flux.KUSTOMIZATION: declared, GIT_REPOSITORY: repositories}),
        "prod",
        lambda _kind, _namespace, name: {"values.yaml": "x: ".ljust(int(name), "x")},
    )
    (dropped,) = (result for result in results if isinstance(result, UnsupportedResource))
    assert (dropped.name, len(results)) == ("20000", 7)
    assert "all Flux resources on the cluster take more than" in str(dropped.reason)


def test_of_values_of_equal_size_only_those_that_are_too_many_are_dropped(monkeypatch):
    monkeypatch.setattr(flux_values, "MAX_NAMESPACE_BYTES", 40_000)
    declared = [{**substituted(1, "3000"), "metadata": {"namespace": "shop", "name": f"s{n}"}} for n in range(50)]
    repository = {**git_repository("https://git.example/a"), "metadata": {"namespace": "shop", "name": "platform"}}
    results = flux.read_resources(
        defaultdict(list, {flux.KUSTOMIZATION: declared, GIT_REPOSITORY: [repository]}),
        "prod",
        lambda _kind, _namespace, name: {"values.yaml": "x: ".ljust(int(name), "x")},
    )
    watched = [result.name for result in results if not isinstance(result, UnsupportedResource)]
    assert (len(watched), len(results)) == (12, 50)


@pytest.mark.parametrize(("sources", "is_read"), [(2, True), (100, False)])
def test_the_patterns_of_all_sources_are_counted_together(sources, is_read):
    pattern = "{a,b}" * 7 + "x" * 50
    source = {"repoURL": "https://git.example/a", "path": "a", "directory": {"include": pattern}}
    application = argo_application("many", "https://git.example/a")
    application["spec"]["sources"] = [{**source, "path": str(n)} for n in range(sources)]
    last = read_application(application, "prod")[-1]
    assert isinstance(last, UnsupportedResource) is not is_read


def test_sources_share_what_they_may_refer_to():
    values = [{"repoURL": "https://git.example/" + "x" * 1_000, "ref": f"r{number}"} for number in range(50)]
    charts = [{"repoURL": "https://git.example/a", "path": f"a{number}"} for number in range(50)]
    applications = read_application(argo_application("shop", "", source=None, sources=values + charts), "prod")
    assert len({id(application.source.argocd_references) for application in applications}) == 1
    assert max(len(application.source.argocd) for application in applications) < 1_000
