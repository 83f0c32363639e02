"""A git server that doesn't answer: it delays the checks of its own repository, and no others."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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
from tests.common.slack import headlines
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
def git_server(make_source):
    source = make_source("slow")
    source.commit("First", {"apps/cart/settings.yaml": as_yaml(SETTINGS)})
    source.git("update-server-info")
    git_server = SlowGitServer(source.path / ".git")
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


def test_a_slow_git_server_delays_the_discovery_of_no_other_application(bot, cluster, source, git_server, monkeypatch):
    """Also if its own Applications are at HEAD, whose branch only the server knows at first."""
    monkeypatch.setattr(last_known, "WAIT_SECONDS", 0.5)
    serve_deployers(cluster)
    urls = {"web": source.url, "late": f"{git_server.server.url}/slow.git"}
    for name, url in urls.items():
        apply_deployer(cluster, argo_application(name, url, f"apps/{name}"), namespace="argocd")
    bot.start(clusters={"prod": {"discover": ["argocd"]}})

    def keys():
        return {name: bot.discoverer.applications[name].repository.key for name in urls}

    bot.discover()
    assert keys() == {"web": "platform", "late": "slow@HEAD"}
    bot.discover()
    assert git_server.fetches == 1, "no poll waits for it again"
    git_server.release()
    wait_for(lambda: bot.discover() or keys()["late"] == "slow")
    git_server.slow()
    bot.restart()
    bot.discover()
    assert keys() == {"web": "platform", "late": "slow"}, "the mirror has the branch"
    git_server.release()
    wait_for(lambda: all(thread.name != "default branch" for thread in threading.enumerate()))


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
