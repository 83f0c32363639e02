"""Applications discovered in Argo CD: followed, checked, shown, and gone again."""

import json
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest

from bot.cli.check_configured import check_configured
from bot.cli.check_report import as_json, as_text, exit_code
from bot.config.sections.cluster import ClusterConfig
from bot.core.applications.deployer_status import DeployerStatus, disagreement
from bot.core.drift.model import Status
from bot.core.incidents.incident import IncidentState
from bot.core.rollouts.rollout import pending_applications
from bot.handlers.command_service import CommandService
from bot.handlers.discovery.applications import ApplicationGoneError
from bot.handlers.discovery.held_names import HeldNames
from bot.handlers.queries.object_links import object_links
from bot.handlers.slack.people import People
from bot.i18n.language import Language
from bot.messages.incident import parse_option
from bot.messages.object_links import ObjectLink
from bot.ports.errors import PortError
from bot.ports.store import StoreError
from tests.common.bot import application_settings
from tests.common.deployers import (
    apply_deployer,
    argo_application,
    git_repository,
    kustomization,
    serve_deployers,
    synced_at,
)
from tests.common.forge import WEB_URL, InMemoryForge
from tests.common.kubernetes import as_yaml, config_map, running_cluster
from tests.common.samples import SCALED, check, incident
from tests.common.slack import ALERTS, cards, headline, replies

SETTINGS = config_map(level="info")


def settings(name="settings", level="info"):
    return as_yaml(config_map(name, level=level))


def test_an_application_is_followed_without_further_configuration(discovery):
    discovery.argo(argo_application("shop", discovery.url, status=synced_at(discovery.source.sha())))
    discovery.cluster.apply(SETTINGS, namespace="shop")
    discovery.start()
    assert list(discovery.applications) == ["shop"]
    assert discovery.bot.check()["shop"].status is Status.SYNCED
    assert f"Argo CD: Synced at {discovery.source.sha()[:8]} · Healthy" in discovery.status()
    assert "⚠️" not in discovery.status()


@pytest.mark.parametrize(
    ("automated", "prune"),
    [({"prune": True}, True), ({"prune": False}, False), ({"prune": True, "enabled": False}, False)],
)
def test_whether_a_deployer_prunes_is_known(discovery, automated, prune):
    discovery.argo(argo_application("shop", discovery.url, syncPolicy={"automated": automated}))
    discovery.flux(git_repository(discovery.url), kustomization("web", prune=prune))
    discovery.start(deployers=("argocd", "flux"))
    assert {item.name: item.prunes for item in discovery.applications.values()} == {"shop": prune, "web": prune}


def test_the_menu_of_a_card_works_for_a_long_name(discovery, slack):
    """A menu's values have at most 150 characters."""
    name = "a" * 253
    discovery.argo(argo_application(name, discovery.url))
    discovery.cluster.apply(config_map(level="debug"), namespace="shop")
    discovery.start(alerts={"looks": 1})
    bot = discovery.bot
    bot.check()
    config = replace(bot.config, applications=discovery.applications)
    service = CommandService(config, bot.ports, bot.monitor, People(bot.ports.chat, {}, bot.clock))
    (card,) = cards(slack)
    values = [option["value"] for option in card.blocks[-1]["elements"][-1]["options"]]
    assert [service.referenced_applications(parse_option(value)[1]) for value in values] == [[name]] * 4


def test_a_disagreement_with_argo_cd_is_pointed_out(discovery):
    """Argo CD does not see what somebody added: that is the finding."""
    discovery.argo(argo_application("shop", discovery.url, status=synced_at(discovery.source.sha())))
    discovery.cluster.apply(SETTINGS, namespace="shop")
    discovery.cluster.edit(SETTINGS, "shop", {"data": {"more": "x"}})
    discovery.start()
    check = discovery.bot.check()["shop"]
    assert check.status is Status.OUT_OF_SYNC
    # For a chart in git, Flux reports no commit.
    assert "in sync, but the bot sees drift in 1 of" in str(disagreement(DeployerStatus("Flux", "Ready"), check))
    head = discovery.source.sha()[:8]
    assert (
        f"⚠️ Argo CD reports that the application is in sync at {head}, but the bot sees drift in 1 of its objects."
        in discovery.status()
    )
    assert (
        f"⚠️ Argo CD informa que la aplicación está en sincronía en {head}, pero el bot ve drift en 1 de sus objetos."
        in discovery.status(Language.SPANISH)
    )


ARGOCD_SETTINGS = config_map("argocd-cm", url="https://argocd.example/")
ELSEWHERE = {"argocd.argoproj.io/managed-by-url": "https://other.example/argo"}


@pytest.mark.parametrize(
    ("settings", "annotations", "clusters", "url"),
    [
        (ARGOCD_SETTINGS, {}, {}, "https://argocd.example"),
        (ARGOCD_SETTINGS, {}, {"argocd_url": "https://configured.example"}, "https://configured.example"),
        (ARGOCD_SETTINGS, ELSEWHERE, {}, "https://other.example/argo"),
        (ARGOCD_SETTINGS, ELSEWHERE, {"argocd_url": "https://configured.example"}, "https://configured.example"),
        (config_map("argocd-cm", url="javascript:alert(1)"), {}, {}, None),
        (config_map("other", url="https://argocd.example"), {}, {}, None),
    ],
)
def test_a_difference_links_to_its_line_and_to_its_page_in_argo_cd(discovery, settings, annotations, clusters, url):
    sha = discovery.source.sha()
    discovery.argo(argo_application("shop", discovery.url, annotations=annotations))
    discovery.cluster.apply(settings, namespace="argocd")
    discovery.cluster.apply(config_map(level="debug"), namespace="shop")
    forges = {"platform": InMemoryForge(discovery.source)}
    discovery.start(clusters={"prod": {"discover": ["argocd"], **clusters}}, forges=forges)
    check = discovery.bot.check()["shop"]
    statuses = discovery.bot.discoverer.inventory().deployer_statuses
    links = object_links(discovery.bot.ports, discovery.applications, statuses, [check])(check, check.drift[0])
    assert links[0] == ObjectLink("settings.yaml:4", f"{WEB_URL}/blob/{sha}/apps/shop/settings.yaml#L4")
    page = f"{url}/applications/argocd/shop"
    assert list(links[1:]) == ([ObjectLink("Argo CD", f"{page}?node=/ConfigMap/shop/settings")] if url else [])
    assert (page in discovery.status()) == bool(url)


def test_without_permission_to_read_argo_cd_s_settings_there_is_no_link(discovery):
    discovery.argo(argo_application("shop", discovery.url))
    discovery.cluster.apply(ARGOCD_SETTINGS, namespace="argocd")
    discovery.cluster.fail("/api/v1/namespaces/argocd/configmaps", 403)
    discovery.start()
    assert discovery.bot.discoverer.inventory().notes == ()
    assert discovery.bot.discoverer.inventory().deployer_statuses["shop"].page == ""


def test_a_source_that_is_not_supported_stays_so_while_argo_cd_s_settings_cannot_be_read(discovery):
    sources = [{"repoURL": discovery.url, "path": "apps/shop"}]
    sources.append({"repoURL": discovery.url, "path": "apps/other", "plugin": {"name": "x"}})
    discovery.argo(argo_application("shop", discovery.url, sources=sources, source=None))
    discovery.start()
    before = discovery.bot.discoverer.inventory()
    assert [item.name for item in before.unsupported] == ["shop.2"]
    discovery.cluster.fail("/api/v1/namespaces/argocd/configmaps", 503)
    discovery.bot.discover()
    after = discovery.bot.discoverer.inventory()
    assert (after.applications, after.unsupported) == (before.applications, before.unsupported)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Degraded", "Degraded"),
        ("1.2.3+build.7", "1.2.3+build.7"),
        ("Healthy\n\n✅ victim · synced", ""),
        ("Healthy and more", ""),
        ("\u202edehtlaeH", ""),
        ("x" * 12_000, ""),
    ],
)
def test_a_status_is_a_word(discovery, value, shown):
    """Whoever may write an Application must not write other entries into `/gitops status`."""
    status = {"sync": {"status": value, "revision": value}, "health": {"status": value}}
    discovery.argo(argo_application("shop", discovery.url, status=status))
    discovery.start()
    reported = discovery.bot.discoverer.inventory().deployer_statuses["shop"]
    assert {reported.sync, reported.health, reported.revision} == {shown}


def test_a_configured_application_of_the_same_name_and_path_wins(discovery):
    for name, path in (("shop", "apps/shop"), ("search", "apps/other")):
        status = {"sync": {"status": "OutOfSync"}}
        discovery.argo(argo_application(name, discovery.url, path, namespace="elsewhere", status=status))
    discovery.start(applications={name: application_settings(name) for name in ("shop", "search")})
    places = {name: (application.path, application.namespace) for name, application in discovery.applications.items()}
    assert places == {
        "shop": ("apps/shop", "shop"),
        "search": ("apps/search", "search"),
        "prod/search": ("apps/other", "elsewhere"),
    }
    assert set(discovery.bot.discoverer.inventory().deployer_statuses) == {"shop", "prod/search"}


def test_a_configured_application_of_the_same_source_is_not_duplicated(discovery):
    discovery.source.git("branch", "next")
    for name, revision in (("default", "HEAD"), ("again", "main"), ("other", "next")):
        place = {"repoURL": f"file://{discovery.url}/", "path": "./apps/shop/", "targetRevision": revision}
        discovery.argo(argo_application(name, discovery.url, source=place))
    discovery.start(applications={"mine": application_settings("shop")})
    assert {name: application.repository.key for name, application in discovery.applications.items()} == {
        "mine": "platform",
        "other": "platform@next",
    }


def test_applications_come_and_go_while_it_runs(discovery):
    discovery.argo(argo_application("shop", discovery.url))
    discovery.start()
    discovery.argo(argo_application("search", discovery.url, "apps/search"))
    discovery.bot.discover()
    assert set(discovery.applications) == {"shop", "search"}
    discovery.cluster.delete(argo_application("shop", discovery.url), "argocd")
    discovery.bot.discover()
    assert set(discovery.applications) == {"search"}
    with pytest.raises(ApplicationGoneError, match=r"Application shop no longer exists"):
        discovery.bot.monitor.check(["shop"])


def test_while_a_deployer_does_not_answer_known_applications_are_kept(discovery):
    discovery.argo(argo_application("shop", discovery.url))
    discovery.start()
    discovery.cluster.fail("*/applications", 403)
    discovery.bot.discover()
    assert list(discovery.applications) == ["shop"]
    (problem,) = map(str, discovery.bot.monitor.problems())
    assert problem.startswith("Could not list the Argo CD applications on prod: ")
    assert "applications.argoproj.io" in problem
    assert "keeps using the previous list" in problem
    assert discovery.bot.discoverer.inventory().unread_clusters == frozenset()
    discovery.cluster.recover()
    discovery.bot.discover()
    assert discovery.bot.monitor.problems() == []


def test_a_cluster_that_was_never_read_has_no_previous_list(discovery):
    discovery.cluster.fail("*/applications", 403)
    discovery.start()
    inventory = discovery.bot.discoverer.inventory()
    (problem,) = map(str, inventory.notes)
    assert problem.startswith("Could not list the Argo CD applications on prod since the bot started: ")
    assert problem.endswith("The bot is not watching them.")
    assert inventory.clusters == {"prod"}
    discovery.cluster.recover()
    discovery.bot.discover()
    assert discovery.bot.discoverer.inventory().clusters == frozenset()


def test_an_application_that_cannot_be_followed_says_why(discovery):
    url = discovery.url
    discovery.argo(
        argo_application("elsewhere", "https://ana:secret@git.example/other.git"),
        argo_application("away", url, destination={"server": "https://10.1.1.1:6443", "namespace": "x"}),
        argo_application("chart", url, source={"repoURL": "https://charts.example", "chart": "redis"}),
        argo_application("plugin", url, source={"repoURL": url, "path": "a", "plugin": {"name": "x"}}),
    )
    discovery.start(charts={"allow": []})
    assert list(discovery.applications) == []
    answer = discovery.status()
    for reason in (
        "elsewhere: the repository https://***@git.example/other.git is not configured",
        "away: the destination https://10.1.1.1:6443 is not a configured cluster",
        "chart: charts from charts.example are not allowed. Allow the host under charts.allow.",
        "plugin: a config management plugin renders the manifests",
    ):
        assert f"Application prod/argocd/{reason}" in answer
    refused = "no se permiten charts de charts.example. Permite el host en charts.allow."
    assert refused in discovery.status(Language.SPANISH)
    assert "secret" not in answer


def test_a_channel_that_is_not_an_id_is_replaced_by_the_default(discovery):
    discovery.argo(argo_application("loud", discovery.url, annotations={"gitops-bot/channel": "#general"}))
    discovery.start()
    (application,) = discovery.applications.values()
    assert application.channel == discovery.bot.config.slack.channel
    (note,) = application.notes
    assert "is not a channel ID such as C0123456789, so alerts go to the default channel" in str(note)


def test_each_source_of_several_is_followed_at_its_own_revision(discovery):
    discovery.source.branch("next")
    discovery.source.commit("Next", {"apps/more/settings.yaml": settings("more")})
    discovery.source.switch()
    discovery.argo(
        argo_application(
            "shop",
            discovery.url,
            source=None,
            sources=[
                {"repoURL": discovery.url, "path": "apps/shop", "targetRevision": "main"},
                {"repoURL": discovery.url, "path": "apps/more", "targetRevision": "next", "name": "more"},
                {"repoURL": "https://charts.example", "chart": "redis", "targetRevision": "1.2.3"},
                {"repoURL": discovery.url, "targetRevision": "main", "ref": "values"},
                {"repoURL": discovery.url, "path": "apps/shop", "targetRevision": "main", "name": "last"},
            ],
            status={"sync": {"status": "OutOfSync", "revisions": ["a" * 40, "b" * 40, "1.2.3", "a" * 40]}},
        )
    )
    discovery.start(charts={"allow": []})
    assert {name: application.repository.key for name, application in discovery.applications.items()} == {
        "shop.1": "platform",
        "shop.more": "platform@next",
        "shop.last": "platform",
    }
    checks = discovery.bot.check()
    assert [drift.name for drift in checks["shop.more"].drift] == ["more"]
    assert checks["shop.more"].revision == discovery.source.sha("next")
    (note,) = checks["shop.more"].notes
    assert str(note) == (
        "A later source of the same Application, shop.3, may declare some of the same objects, but it cannot be read: "
        "charts from charts.example are not allowed. Allow the host under charts.allow."
    )
    assert checks["shop.last"].notes == ()
    answer = discovery.status()
    assert "Application prod/argocd/shop.3: charts from charts.example are not allowed" in answer
    assert f"OutOfSync at {'b' * 8}" in answer


def test_ignore_differences_apply_only_to_their_application(discovery):
    rule = {"group": "", "kind": "ConfigMap", "name": "settings", "jsonPointers": ["/data/level"]}
    for namespace in ("shop", "search"):
        discovery.cluster.apply(config_map(level="debug"), namespace=namespace, manager="helper")
    discovery.argo(
        argo_application("shop", discovery.url, ignoreDifferences=[rule]),
        argo_application("search", discovery.url, namespace="search"),
    )
    discovery.start()
    checks = discovery.bot.check()
    assert checks["shop"].status is Status.SYNCED
    assert checks["search"].status is Status.OUT_OF_SYNC
    assert "ignoreDifferences in its Application" in str(checks["shop"].set_aside[0].fields[0].reason)


def test_directory_options_select_the_files(discovery):
    url, values = discovery.url, '{"not": "a manifest"}'
    files = {"apps/shop/more/deeper.yaml": settings("deeper"), "apps/shop/values.json": values}
    discovery.source.commit("More", files)
    directory = {"include": "*.yaml"}
    plain = {"repoURL": url, "path": "apps/shop", "targetRevision": "main", "directory": directory}
    deep = {**directory, "recurse": True}
    less = {"recurse": True, "exclude": "{more/*,*.json}"}
    discovery.argo(
        argo_application("flat", url, source=plain),
        argo_application("deep", url, source={**plain, "directory": deep}),
        argo_application("less", url, source={**plain, "directory": less}),
    )
    discovery.start()
    checks = discovery.bot.check()
    assert {name: [drift.name for drift in check.drift] for name, check in checks.items()} == {
        "flat": ["settings"],
        "deep": ["deeper", "settings"],
        "less": ["settings"],
    }


def test_the_command_line_checks_discovered_applications(discovery):
    discovery.argo(argo_application("shop", discovery.url))
    discovery.start()
    (checked,), not_followed = check_configured(discovery.bot.config, ["shop"], explain=False)
    assert [drift.name for drift in checked.drift] == ["settings"]
    assert not_followed == ()
    checks, not_followed = check_configured(discovery.bot.config, [], explain=False)
    assert [check.application for check in checks] == ["shop"]
    assert not_followed == ()
    with pytest.raises(PortError, match=r"Unknown application shpo; did you mean shop\? Applications: .*shop\."):
        check_configured(discovery.bot.config, ["shpo"], explain=False)
    discovery.cluster.fail("*/applications", 503)
    with pytest.raises(PortError, match="Could not list the Argo CD applications on prod"):
        check_configured(discovery.bot.config, [], explain=False)


def test_the_command_line_checks_no_namesake_of_what_it_cannot_read(discovery, tmp_path):
    with running_cluster() as staging:
        serve_deployers(staging)
        apply_deployer(staging, argo_application("shop", discovery.url), namespace="argocd")
        staging.apply(SETTINGS, namespace="shop")
        settings = {"kubeconfig": str(staging.kubeconfig(tmp_path / "staging")), "discover": ["argocd"]}
        discovery.bot.start(clusters={"prod": {"discover": ["argocd"]}, "staging": settings}, applications={})
        (checked,), _ = check_configured(discovery.bot.config, ["shop"], explain=False)
        assert (checked.cluster, checked.status) == ("staging", Status.SYNCED)
        discovery.cluster.fail("*/applications", 503)  # an older one would have the name
        with pytest.raises(PortError, match="Could not list the Argo CD applications on prod"):
            check_configured(discovery.bot.config, ["shop"], explain=False)


def test_applications_keep_their_names_if_their_cluster_gets_another(discovery):
    discovery.argo(argo_application("shop", discovery.url))
    discovery.start()
    discovery.bot.check()
    config = discovery.bot.config
    discovery.bot.restart(replace(config, clusters={"production": config.clusters["prod"]}, applications={}))
    discovery.bot.discover()
    assert [(name, it.cluster) for name, it in discovery.applications.items()] == [("shop", "production")]


def test_the_command_line_says_why_a_destination_cannot_be_read(discovery):
    destination = {"server": "https://10.1.1.1", "namespace": "shop"}
    discovery.argo(argo_application("shop", discovery.url, destination=destination))
    discovery.start()
    config = discovery.bot.config
    staging = ClusterConfig(kubeconfig=Path("/nowhere"))
    config = replace(config, clusters={**config.clusters, "staging": staging})
    for names in ([], ["shop"]):
        with pytest.raises(PortError, match=r"^Cluster staging: there is no kubeconfig at /nowhere\.$"):
            check_configured(config, names, explain=False)


def test_the_command_line_says_what_it_does_not_follow_and_exits_2(discovery):
    chart = {"repoURL": "https://charts.example", "chart": "redis"}
    discovery.argo(
        *(argo_application(f"chart-{number}", discovery.url, source=chart) for number in range(5)),
        argo_application("elsewhere", "https://git.example/other.git"),
    )
    discovery.start(charts={"allow": []})
    for followed in (False, True):
        if followed:
            discovery.argo(argo_application("shop", discovery.url))
            discovery.cluster.apply(SETTINGS, namespace="shop")
        checks, not_followed = check_configured(discovery.bot.config, [], explain=False)
        assert [check.status for check in checks] == [Status.SYNCED] * followed
        assert exit_code(checks, not_followed) == 2
        total, charts, elsewhere = as_text(checks, not_followed=not_followed).splitlines()[followed:]
        assert total == ("7 applications: 1 in sync, 6 not watched" if followed else "6 applications: 6 not watched")
        assert charts.startswith(
            "  5 Applications (prod/argocd/chart-0, prod/argocd/chart-1, prod/argocd/chart-2 and 2 more): "
            "charts from charts.example"
        )
        assert elsewhere.startswith("  1 Application (prod/argocd/elsewhere): the repository https://git.example/other")
    first, _ = json.loads(as_json(checks, not_followed=not_followed))["not_followed"]
    assert (first["kind"], first["count"], len(first["resources"])) == ("Application", 5, 5)
    with pytest.raises(PortError, match=r"Application argocd/elsewhere on prod is not watched: the repository"):
        check_configured(discovery.bot.config, ["elsewhere"], explain=False)


def test_before_a_deployer_has_answered_the_bot_is_discovering(discovery):
    discovery.argo(argo_application("shop", discovery.url))
    discovery.bot.start(clusters={"prod": {"discover": ["argocd"]}}, applications={})
    for _ in range(2):
        assert "The bot is discovering applications. Try again in a minute." in discovery.status()
        discovery.clock.advance(minutes=1)
    discovery.bot.discover()
    assert "1 application: 1 not checked yet" in discovery.status()


def test_each_application_follows_its_own_revision_of_a_repository(discovery):
    """One repository, several lines of it, each checked at its own commit; a rollout says where it moved."""
    for branch, level in (("staging", "debug"), ("release-1.9", "warn")):
        discovery.source.switch()
        discovery.source.branch(branch)
        discovery.source.commit(branch, {"apps/shop/settings.yaml": settings(level=level)})

    def at(namespace, **revision):
        return application_settings("shop", namespace=namespace, **revision)

    discovery.start(
        deployers=(),
        applications={
            "live": at("live"),
            "stage": at("stage", revision="staging"),
            "done": at("done", revision="release-*"),
            "main": at("main", revision="main"),
        },
    )
    checks = discovery.bot.check()
    assert {name: check.revision for name, check in checks.items()} == {
        "live": discovery.source.sha("main"),
        "stage": discovery.source.sha("staging"),
        "done": discovery.source.sha("release-1.9"),
        "main": discovery.source.sha("main"),
    }
    assert discovery.applications["main"].repository.key == "platform"
    discovery.source.switch("staging")
    discovery.source.branch("release-1.10")
    newest = discovery.source.commit("Ten", {"apps/shop/settings.yaml": settings(level="error")})
    discovery.bot.monitor.poll_all_refs("platform")
    (rollout,) = discovery.bot.store.rollouts.unsettled()
    assert (rollout.branch, rollout.revision, rollout.rewritten) == ("release-1.10", newest, False)
    assert [part.application for part in rollout.parts] == ["done"]
    assert discovery.bot.check("done")["done"].revision == newest
    assert len(list((discovery.bot.folder / "mirrors").glob("*.git"))) == 1


def test_the_alert_of_a_deleted_application_ends_only_once_discovery_has_succeeded(discovery, monkeypatch):
    """A restart knows nothing yet, and a cluster or database that fails says nothing: neither ends an alert."""
    gone = argo_application("shop", discovery.url)
    discovery.argo(gone)
    discovery.start(alerts={"looks": 1})
    discovery.bot.check()
    assert [incident.state for incident in discovery.bot.store.incidents.unsettled()] == [IncidentState.OPEN]
    discovery.cluster.fail("*/applications", 503)
    discovery.start(alerts={"looks": 1})
    assert not discovery.applications
    discovery.bot.monitor.reconcile_cards()
    assert [incident.state for incident in discovery.bot.store.incidents.unsettled()] == [IncidentState.OPEN]
    discovery.cluster.recover()
    with monkeypatch.context() as patched:
        patched.setattr(HeldNames, "holders", Mock(side_effect=StoreError("database is locked")))
        with pytest.raises(StoreError):
            discovery.bot.discover()
    discovery.bot.monitor.reconcile_cards()
    assert [incident.state for incident in discovery.bot.store.incidents.unsettled()] == [IncidentState.OPEN]
    discovery.bot.discover()
    discovery.bot.monitor.reconcile_cards()
    assert [incident.state for incident in discovery.bot.store.incidents.unsettled()] == [IncidentState.OPEN]
    discovery.cluster.delete(gone, "argocd")
    discovery.bot.discover()
    discovery.bot.monitor.reconcile_cards()
    (card, reply) = discovery.bot.slack.messages(ALERTS)
    assert headline(card) == "⚪ No longer watched · shop · prod: ConfigMap settings is missing"
    assert reply.text == "shop on prod is no longer watched."
    assert discovery.bot.store.incidents.open_for("shop") is None


@pytest.mark.parametrize(
    "version",
    [
        *("argoproj.io/v1alpha1", "kustomize.toolkit.fluxcd.io/v1"),
        *("helm.toolkit.fluxcd.io/v2", "source.toolkit.fluxcd.io/v1"),
    ],
)
def test_a_version_that_cannot_be_read_ends_no_alert(discovery, version):
    """It doesn't count as one that the cluster doesn't serve."""
    bot, names = discovery.bot, {"shop", "web"}
    discovery.argo(argo_application("shop", discovery.url))
    discovery.flux(git_repository(discovery.url), kustomization("web"))
    discovery.start(deployers=("argocd", "flux"), alerts={"looks": 1})
    bot.check()
    discovery.cluster.api.break_version(version)
    for restarts in (False, True):
        if restarts:
            bot.restart()
        for _ in range(2):
            discovery.clock.advance(minutes=11)
            bot.discover()
        bot.monitor.reconcile_cards()
        assert all(bot.store.incidents.open_for(name) for name in names)
        assert (set(discovery.applications) < names) is restarts
        assert bot.discoverer.is_complete() is not restarts
        (note,) = bot.discoverer.inventory().notes
        assert version in str(note)
        assert ("The bot keeps using the previous list" in str(note)) is not restarts


@pytest.mark.parametrize("fails", [True, False])
def test_a_cluster_that_is_not_read_keeps_open_only_the_alerts_of_its_own_applications(discovery, fails):
    """Also those of deployers that it doesn't serve, for as long as an installation can take."""
    bot, gone = discovery.bot, argo_application("shop", discovery.url)

    def unsettled():
        bot.monitor.reconcile_cards()
        return {incident.application for incident in bot.store.incidents.unsettled() if not incident.resolved_at}

    discovery.argo(gone)
    with running_cluster() as stage, running_cluster() as bare:
        serve_deployers(stage)
        apply_deployer(stage, argo_application("far", discovery.url), namespace="argocd")
        kubeconfig = stage.kubeconfig(bot.folder / "stage.kubeconfig")
        clusters = {"prod": {}, "stage": {"kubeconfig": str(kubeconfig)}}
        clusters = {name: {**settings, "discover": ["argocd"]} for name, settings in clusters.items()}
        configured = {"search": application_settings("shop", namespace="search")}
        bot.start(clusters=clusters, applications=configured, alerts={"looks": 1})
        bot.discover()
        bot.check()
        discovery.cluster.delete(gone, "argocd")
        if fails:
            stage.fail("*/applications", 503)
        else:
            bare.kubeconfig(kubeconfig)
        bot.restart(replace(bot.config, applications={}))
        assert unsettled() == {"shop", "far", "search"}
        for minutes, expected in ((0, {"far"}), (9, {"far"}), (1, {"far"} if fails else set())):
            discovery.clock.advance(minutes=minutes)
            bot.discover()
            assert unsettled() == expected
        assert bot.discoverer.is_complete() is not fails


@pytest.mark.parametrize("revisions", [("1.0.0", "1.1.0", "1.0.0", "1.1.0"), ("main", "1.0.0", "main")])
def test_each_change_of_the_target_revision_is_a_rollout(discovery, revisions):
    def application(revision):
        source = {"repoURL": discovery.url, "path": "apps/shop", "targetRevision": revision}
        return argo_application("shop", discovery.url, source=source)

    def settings(revision):
        return config_map(level=revision.replace("main", "1.1.0"))

    bot, source, cluster = discovery.bot, discovery.source, discovery.cluster
    for tag in ("1.0.0", "1.1.0"):
        source.commit(tag, {"apps/shop/settings.yaml": as_yaml(settings(tag))})
        source.git("tag", tag)
    cluster.apply(settings(revisions[0]), namespace="shop")
    discovery.argo(application(revisions[0]))
    discovery.start(alerts={"looks": 1})
    bot.check()
    for number, revision in enumerate(revisions[1:]):
        live = ["✅ Live in 2 min: shop"] * number
        discovery.argo(application(revision))
        bot.discover()
        for _ in range(2):
            bot.check(seconds=60)
            assert [headline(card) for card in cards(bot.slack)] == [*live, "🚚 New target revision, rolling out: shop"]
        cluster.apply(settings(revision), namespace="shop")
        bot.check(seconds=60)
        bot.monitor.observe_rollouts()
        assert [headline(card) for card in cards(bot.slack)] == [*live, "✅ Live in 2 min: shop"]


@pytest.mark.parametrize(
    ("revision", "checks", "headlines"),
    [
        ("1.0.0", ("1.1.0", "1.0.0"), ["⏭️ Superseded: shop", "✅ Live"]),
        ("1.0.0", ("1.0.0",), ["⏭️ Superseded: shop"]),
        ("1.1.1", ("1.1.0", "1.1.1"), ["✅ Live"]),  # the same manifests as 1.1.0
        ("1.2.0", ("1.1.0", "1.2.0"), ["⏭️ Superseded: shop", "✅ Live"]),
        ("1.2.0", ("1.1.0",), ["⏭️ Superseded: shop", "✅ Live"]),
    ],
)
def test_a_rollout_ends_if_another_target_revision_replaces_its_own(discovery, revision, checks, headlines):
    def track(revision):
        source = {"repoURL": discovery.url, "path": "apps/shop", "targetRevision": revision}
        discovery.argo(argo_application("shop", discovery.url, source=source))
        bot.discover()

    bot, source, cluster = discovery.bot, discovery.source, discovery.cluster
    levels = {"1.0.0": "1", "1.1.0": "2", "1.1.1": "2", "1.2.0": "3"}
    for tag, level in levels.items():
        source.commit(tag, {"apps/shop/settings.yaml": settings(level=level), "README.md": tag})
        source.git("tag", tag)
    cluster.apply(config_map(level="1"), namespace="shop")
    discovery.start(alerts={"looks": 1})
    track("1.0.0")
    bot.check()
    bot.clock.tick()
    track("1.1.0")
    bot.monitor.fetch(discovery.applications.values())
    if "1.1.0" in checks:
        bot.check(seconds=60)
    track(revision)
    bot.monitor.observe_rollouts()
    (part,) = bot.store.rollouts.unsettled()[0].parts
    assert (part.is_pending, str(part.error)) == (True, "It now tracks another repository or revision.")
    bot.monitor.fetch(discovery.applications.values())
    if revision in checks:
        bot.check(seconds=60)
    cluster.apply(config_map(level=levels[revision]), namespace="shop")
    for _ in range(2):
        bot.monitor.observe_rollouts()
    assert [headline(card).partition(" in ")[0] for card in cards(bot.slack)] == headlines
    assert not pending_applications(bot.store.rollouts.unsettled())


@pytest.mark.parametrize("differs", [False, True])
def test_an_alert_ends_when_its_application_moves(discovery, differs):
    """What differs in the new namespace is an alert of its own."""
    bot, cluster = discovery.bot, discovery.cluster
    discovery.argo(argo_application("shop", discovery.url))
    discovery.start(alerts={"looks": 1})
    bot.check()
    cluster.apply({**SETTINGS, "data": {"level": "debug" if differs else "info"}}, namespace="shop2")
    discovery.argo(argo_application("shop", discovery.url, destination={"name": "in-cluster", "namespace": "shop2"}))
    bot.discover()
    bot.check(seconds=60)
    headlines = [headline(card).partition(" · ")[0] for card in cards(bot.slack)]
    assert headlines == ["⚪ No longer watched", *["🟠 shop"] * differs]
    assert [reply.text for reply in replies(bot.slack)] == ["shop on prod is no longer watched."]


def test_an_application_that_only_another_replica_has_discovered_gets_alerts(discovery):
    bot, cluster = discovery.bot, discovery.cluster
    discovery.start()
    cluster.fail("*/applications", 503)
    bot.clock.tick()
    origin = ("prod", "Application", "argocd", "late")
    bot.store.checks.save([check("late", drift=(SCALED,), at=bot.clock(), origin=origin)])
    bot.store.incidents.exchange(None, incident("late", announced_at=None, checked_at=bot.clock()))
    bot.discover()
    bot.monitor.reconcile_cards()
    (card,) = cards(bot.slack)
    assert card.text.startswith("Minor drift in late on prod")
    cluster.recover()
    bot.clock.tick()
    bot.discover()
    bot.monitor.reconcile_cards()
    assert [reply.text for reply in replies(bot.slack)] == ["late on prod is no longer watched."]


def test_an_application_that_is_discovered_while_alerts_are_closed_keeps_its_alert(discovery, monkeypatch):
    bot = discovery.bot
    discovery.argo(argo_application("shop", discovery.url))
    discovery.start(alerts={"looks": 1})
    bot.check()
    discovery.cluster.fail("*/applications", 503)
    bot.restart()
    bot.discover()
    discovery.cluster.recover()
    latest = bot.store.checks.latest

    def discover_first(names):
        bot.clock.tick()
        bot.discover()
        return latest(names)

    with monkeypatch.context() as patched:
        patched.setattr(bot.store.checks, "latest", discover_first)
        bot.monitor.reconcile_cards()
    assert "shop" in discovery.applications
    assert bot.store.incidents.open_for("shop")
