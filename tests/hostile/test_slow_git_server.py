"""A git server that doesn't answer: it delays the checks of its own repository, and no others."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import rmtree

import pytest

from bot.adapters.git.mirror import Mirror
from bot.adapters.git.repository import GitRepository
from bot.cli.check_configured import check_configured
from bot.core.applications.discovery import CHANNEL_ANNOTATION
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
from tests.common.slack import ALERTS, DEPLOYS, headlines, replies
from tests.common.wait import DEADLINE, wait_for
from tests.hostile.server import HostileServer, send

PROD = Shard("prod")
SETTINGS = config_map(level="info")
CONFIG_MAPS = Kind("", "v1", "ConfigMap", "configmaps", namespaced=True)


class SlowGitServer:
    """Serves a repository over HTTP, as files, except while it is `slow`: then `release` lets it answer.

    While it `is_down`, the answers are errors; without `has_head`, it has no default branch.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._may_answer = threading.Event()
        self.is_down, self.has_head = False, True
        self.fetches = 0
        self.server = HostileServer()
        self.server.respond = self.respond

    def slow(self):
        self._may_answer.clear()

    def release(self):
        self._may_answer.set()

    def respond(self, handler):
        self.fetches += "/info/refs" in handler.path
        assert self._may_answer.wait(DEADLINE)
        file = self._folder / handler.path.partition("?")[0].removeprefix("/slow.git/")
        if self.is_down:
            send(handler, b"", 503)
        elif file.name == "HEAD" and not self.has_head:
            send(handler, b"ref: refs/heads/gone\n", Content_Type="text/plain")
        elif file.is_file():
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
        argo_application("late", slow, "apps/late", namespace="late", annotations={CHANNEL_ANNOTATION: DEPLOYS}),
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


def reasons(bot):
    """Why resources aren't watched."""
    return {str(item.reason) for item in bot.discoverer.inventory().unsupported}


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
    assert discovered(bot) == {"web": "platform", "both.1": "platform"}
    scheduled(bot)
    assert bot.store.checks.latest()["both.1"].status is Status.UNKNOWN, "its other source may declare the same objects"
    reason = "The repository slow is still being fetched. The application is checked when the fetch ends."
    unsupported = {item.name: str(item.reason) for item in bot.discoverer.inventory().unsupported}
    assert unsupported == dict.fromkeys(("late", "same", "both.2"), reason)
    assert str(bot.discoverer.why_unknown("late")) == reason
    assert bot.discoverer.why_unknown("prod/late.1") is not None
    assert bot.discoverer.why_unknown("chocolate") is None
    assert (bot.discoverer.is_complete(), bot.discoverer.is_complete("late")) == (True, False)
    bot.discover()
    assert git_server.fetches == 1, "no poll waits for it again"
    assert discovered(bot) == {"web": "platform", "both.1": "platform"}
    git_server.release()
    wait_for(lambda: bot.discover() or discovered(bot) == ALL)
    assert bot.discoverer.is_complete("late")
    git_server.slow()
    bot.restart()
    bot.discover()
    assert discovered(bot) == ALL, "the mirror has the branch"
    git_server.release()
    settle()


@pytest.mark.parametrize("outage", ["slow", "slow, then down", "down"])
def test_an_application_at_head_is_the_same_during_the_first_fetch(
    discovering, cluster, source, slow_source, git_server, slack, outage
):
    """After restarts without the mirrors, no alert or rollout of it is reported twice or ends, or has no channel."""
    bot = discovering
    git_server.release()

    def look_when_fetched():
        bot.discover()
        for _ in range(3):
            settle()
            look(bot)

    look_when_fetched()
    merges, bases = [], []
    for number in (1, 2):
        git_server.is_down = outage != "slow"
        if outage != "down":
            git_server.slow()
        rmtree(bot.config.mirrors)
        merges.append(merge_late(slow_source, number))
        bases.append(source.commit("Base", {"apps/base/settings.yaml": as_yaml(config_map(level=f"base{number}"))}))
        bot.restart()
        bot.discover()
        if git_server.is_down:
            git_server.release()
            settle()
            bot.discover()
            (why,) = reasons(bot)
            assert "slow.git cannot be reached" in why
            assert str(bot.discoverer.why_unknown("late")) == why
            assert (bot.discoverer.is_complete(), bot.discoverer.is_complete("late")) == (True, False)
        look(bot)
        git_server.is_down = False
        git_server.release()
        settle()
        look(bot)
        look_when_fetched()
        cluster.apply(config_map(level=str(number)), namespace="late", manager=FLUX)
        look_when_fetched()
    rollouts = (*bot.store.rollouts.unsettled(), *bot.store.rollouts.ended(bot.clock().replace(year=2000), 100))
    assert {rollout.id for rollout in rollouts} == {
        *(f"slow@{sha}" for sha in merges),
        *(f"platform@{sha}" for sha in bases),
    }
    drift = "🟠 cart · prod: ConfigMap settings key “level” info → debug"
    assert sorted(headlines(slack)) == sorted([drift, *["🚚 Merged, rolling out: both.1"] * len(bases)])
    assert headlines(slack, DEPLOYS) == ["🚚 Merged, rolling out: late"] * len(merges)
    assert not [*replies(slack), *replies(slack, DEPLOYS)], "nothing is no longer watched"
    recorded = {item.sha: (item.applications, item.channels) for item in bot.store.approvals.unsettled()}
    assert recorded == {
        **dict.fromkeys(merges, (("late",), (DEPLOYS,))),
        **dict.fromkeys(bases, (("both.1",), (ALERTS,))),
    }


def test_without_a_default_branch_the_other_applications_are_reported(discovering, slow_source, git_server):
    """Its own are named with the reason, and get the rollouts that they missed once there is one."""
    bot = discovering
    git_server.release()
    bot.discover()
    look(bot)
    git_server.has_head = False
    rmtree(bot.config.mirrors)
    slow_source.commit("Cart", {"apps/cart/settings.yaml": as_yaml(config_map(level="new"))})
    sha = merge_late(slow_source, 1)
    bot.restart()
    bot.discover()
    look(bot)
    settle()
    look(bot)
    (why,) = reasons(bot)
    assert "couldn't find remote ref HEAD" in why
    assert [(item.applications, item.channels) for item in bot.store.approvals.unsettled()] == [
        (("cart",), (ALERTS,)),
        ((), (ALERTS,)),
    ]
    git_server.has_head = True
    bot.discover()
    look(bot)
    settle()
    look(bot)
    assert discovered(bot) == ALL
    assert f"slow@{sha}" in {rollout.id for rollout in bot.store.rollouts.unsettled()}


def test_repositories_with_the_same_url_have_the_same_default_branch(discovering, git_server):
    """It is known as soon as one of them could be read."""
    git_server.release()
    bot = discovering.start(repositories={"unknown": {"url": f"{git_server.server.url}/Slow.git"}})
    bot.discover()
    assert (discovered(bot), reasons(bot)) == (ALL, set())


def test_a_check_in_a_pipeline_waits_for_the_first_fetch(discovering, git_server):
    def respond(handler):
        threading.Timer(3, git_server.release).start()  # longer than a poll waits
        git_server.respond(handler)

    git_server.server.respond = respond
    (check,), _ = check_configured(discovering.config, ["late"], explain=False)
    assert check.status is Status.SYNCED


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
