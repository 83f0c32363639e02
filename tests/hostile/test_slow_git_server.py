"""A git server that doesn't answer: it delays the checks of its own repository, and no others."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import rmtree

import pytest

from bot.adapters.git.mirror import Mirror
from bot.adapters.git.repository import GitRepository
from bot.core.applications.shard import Shard
from bot.core.drift.model import Status
from bot.handlers import repository_fetcher
from bot.handlers.discovery import last_known
from bot.handlers.object_monitor import ObjectMonitor
from bot.handlers.watch.plan import ObjectChange
from bot.ports.cluster import Kind
from bot.ports.git import RepositoryError
from tests.common.bot import application_settings
from tests.common.deployers import apply_deployer, argo_application, serve_deployers
from tests.common.kubernetes import FLUX, as_yaml, config_map
from tests.common.slack import headlines, replies
from tests.common.wait import DEADLINE, wait_for
from tests.hostile.server import HostileServer, send

PROD = Shard("prod")
SETTINGS = config_map(level="info")
CONFIG_MAPS = Kind("", "v1", "ConfigMap", "configmaps", namespaced=True)


class SlowGitServer:
    """Serves a repository over HTTP, as files, except while it is `slow`: then `release` lets it answer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._may_answer = threading.Event()
        self.fetches = 0
        self.server = HostileServer()
        self.server.respond = self._respond

    def slow(self):
        self._may_answer.clear()

    def release(self):
        self._may_answer.set()

    def _respond(self, handler):
        self.fetches += "/info/refs" in handler.path
        assert self._may_answer.wait(DEADLINE)
        file = self._folder / handler.path.partition("?")[0].removeprefix("/slow.git/")
        if file.is_file():
            send(handler, file.read_bytes(), Content_Type="application/octet-stream")
        else:
            send(handler, b"", 404)


@pytest.fixture
def slow_source(make_source):
    source = make_source("slow")
    source.commit("First", {"apps/cart/settings.yaml": as_yaml(SETTINGS)})
    source.git("update-server-info")
    return source


@pytest.fixture
def git_server(slow_source):
    git_server = SlowGitServer(slow_source.path / ".git")
    with git_server.server.serve():
        yield git_server
        git_server.release()


@pytest.fixture
def bot(bot, source, cluster, git_server, monkeypatch):
    """The bot with `shop`, and `cart` from the slow server, whose first fetch is still running."""
    monkeypatch.setattr(repository_fetcher, "WAIT_SECONDS", 0.5)
    source.commit("First", {"apps/shop/settings.yaml": as_yaml(SETTINGS)})
    for name in ("cart", "shop"):
        cluster.apply(SETTINGS, namespace=name, manager=FLUX)
    return bot.start(
        repositories={"slow": {"url": f"{git_server.server.url}/slow.git"}},
        applications={"shop": application_settings("shop"), "cart": application_settings("cart", repository="slow")},
    )


def scheduled(bot):
    bot.monitor.check_shard(PROD)


def second_look(bot):
    scheduled(bot)
    bot.monitor.recheck_suspected(PROD)


def watch(bot):
    """Check all objects that were edited, as after a watch has seen them change."""
    checks = ObjectMonitor(bot.ports, bot.config, bot.monitor)
    plan = checks.watch_plan(PROD, bot.ports.clusters["prod"].discover())
    edited = {(CONFIG_MAPS, (name, "settings")): ObjectChange(is_settled=True) for name in ("shop", "cart")}
    assert checks.check_objects(PROD, edited, plan) == {(CONFIG_MAPS, ("cart", "settings"))}, "it is checked again"


@pytest.mark.parametrize("look", [scheduled, second_look, watch])
def test_a_slow_git_server_delays_only_the_checks_of_its_repository(bot, cluster, slack, git_server, look):
    def status(name):
        bot.monitor.reconcile_cards()
        check = bot.store.checks.latest().get(name)
        return check and check.status

    def wait_for_status(name, expected):
        wait_for(lambda: status(name) is expected, failure=bot.store.checks.latest)

    scheduled(bot)
    wait_for_status("shop", Status.SYNCED)
    wait_for_status("cart", Status.UNKNOWN)
    error = bot.store.checks.latest()["cart"].error
    assert "slow is still being fetched" in str(error)
    scheduled(bot)
    assert git_server.fetches == 1, "no check waits for it again"
    git_server.release()
    wait_for_status("cart", Status.SYNCED)

    git_server.slow()
    for name in ("cart", "shop"):
        cluster.edit(SETTINGS, name, {"data": {"level": "debug"}})
    for _ in range(2):
        bot.clock.tick()
        look(bot)
    wait_for(lambda: status("shop") is Status.OUT_OF_SYNC and any("shop" in line for line in headlines(slack)))
    assert status("cart") is Status.SYNCED, "not unknown because of a fetch that is only slow"
    assert git_server.fetches == 2

    git_server.release()
    wait_for_status("cart", Status.OUT_OF_SYNC)


@pytest.fixture
def discovering(bot, cluster, source, git_server, slow_source, monkeypatch):
    """The bot with Applications at HEAD: `web`, and `late` from the slow server, whose first fetch is still running.

    Some are at a path of that repository too: `same` is the configured `cart`, and `both` has it as its second source.
    """
    monkeypatch.setattr(last_known, "WAIT_SECONDS", 0.5)
    serve_deployers(cluster)
    slow = f"{git_server.server.url}/slow.git"
    sources = [{"repoURL": source.url, "path": "apps/base"}, {"repoURL": slow, "path": "apps/cart"}]
    for application in (
        argo_application("web", source.url, "apps/shop", namespace="web"),
        argo_application("late", slow, "apps/late", namespace="late"),
        argo_application("same", slow, "apps/cart", namespace="cart"),
        argo_application("both", source.url, namespace="both", sources=sources, source=None),
    ):
        apply_deployer(cluster, application, namespace="argocd")
    for name, level in {"web": "info", "late": "0", "cart": "debug", "both": "info"}.items():
        cluster.apply(config_map(level=level), namespace=name, manager=FLUX)
    source.commit("Base", {"apps/base/settings.yaml": as_yaml(config_map(level="base"))})
    merge_late(slow_source, 0)
    return bot.start(clusters={"prod": {"discover": ["argocd"]}}, alerts={"looks": 1})


def merge_late(source, number):
    sha = source.commit(f"Merge {number}", {"apps/late/settings.yaml": as_yaml(config_map(level=str(number)))})
    source.git("update-server-info")
    return sha


def discovered(bot):
    return {name: item.repository.key for name, item in bot.discoverer.applications.items() if item.origin}


ALL = {"web": "platform", "late": "slow", "both.1": "platform", "both.2": "slow"}


def settle():
    """Wait for the fetches in the background."""
    wait_for(lambda: not {"default branch", "fetch"} & {thread.name for thread in threading.enumerate()})


def look(bot):
    bot.clock.tick()
    scheduled(bot)
    bot.monitor.reconcile_cards()


def test_a_slow_git_server_delays_the_discovery_of_no_other_application(discovering, git_server):
    """Also if its own Applications are at HEAD, whose branch only the server knows at first."""
    bot = discovering
    bot.discover()
    assert discovered(bot) == {"web": "platform"}
    reason = "The repository slow is still being fetched. The application is checked when the fetch ends."
    unsupported = {item.name: str(item.reason) for item in bot.discoverer.inventory().unsupported}
    assert unsupported == dict.fromkeys(("late", "same", "both.1", "both.2"), reason)
    assert str(bot.discoverer.why_unknown("late")) == reason
    assert bot.discoverer.why_unknown("typo") is None
    assert not bot.discoverer.is_complete()
    bot.discover()
    assert git_server.fetches == 1, "no poll waits for it again"
    assert discovered(bot) == {"web": "platform"}
    git_server.release()
    wait_for(lambda: bot.discover() or discovered(bot) == ALL)
    assert bot.discoverer.is_complete()
    git_server.slow()
    bot.restart()
    bot.discover()
    assert discovered(bot) == ALL, "the mirror has the branch"
    git_server.release()
    settle()


def test_an_application_at_head_is_the_same_during_the_first_fetch(
    discovering, cluster, slow_source, git_server, slack
):
    """After restarts without the mirrors, no alert or rollout of it is reported twice or ends."""
    bot = discovering
    git_server.release()

    def look_when_fetched():
        bot.discover()
        for _ in range(3):
            settle()
            look(bot)

    look_when_fetched()
    merges = []
    for number in (1, 2):
        git_server.slow()
        rmtree(bot.config.mirrors)
        merges.append(merge_late(slow_source, number))
        bot.restart()
        bot.discover()
        look(bot)
        git_server.release()
        settle()
        look(bot)
        look_when_fetched()
        cluster.apply(config_map(level=str(number)), namespace="late", manager=FLUX)
        look_when_fetched()
    rollouts = (*bot.store.rollouts.unsettled(), *bot.store.rollouts.ended(bot.clock().replace(year=2000), 100))
    assert {rollout.id for rollout in rollouts} == {f"slow@{sha}" for sha in merges}
    drift = "🟠 cart · prod: ConfigMap settings key “level” info → debug"
    assert headlines(slack) == [drift, *["🚚 Merged, rolling out: late"] * len(merges)]
    assert not replies(slack), "nothing is no longer watched"


def test_fetches_that_wait_for_the_same_one_share_its_failure(tmp_path, monkeypatch):
    may_answer, waiting, requests = threading.Event(), set(), []
    create = Mirror._create

    def respond(handler):
        requests.append(handler.path)
        assert may_answer.wait(DEADLINE)
        send(handler, b"", 500)

    def fetch():
        with pytest.raises(RepositoryError):
            repository.fetch()

    monkeypatch.setattr(Mirror, "_create", lambda mirror: (create(mirror), waiting.add(threading.get_ident())))
    server = HostileServer()
    server.respond = respond
    with server.serve(), ThreadPoolExecutor() as pool:
        repository = GitRepository("slow", f"{server.url}/slow.git", "main", tmp_path / "mirrors")
        fetches = [pool.submit(fetch)]
        wait_for(lambda: requests)
        fetches += [pool.submit(fetch) for _ in range(3)]
        wait_for(lambda: len(waiting) == len(fetches))
        may_answer.set()
        for running in fetches:
            running.result()
    assert len(requests) == 4  # each of two fetches, and whether the server responds at all
