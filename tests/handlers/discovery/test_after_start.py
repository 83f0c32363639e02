"""Between a start and the end of discovery, nothing is recorded or answered as if the applications were all known."""

import subprocess
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.git.repository import GitRepository
from bot.core.access.audit import Origin
from bot.core.access.requester import Requester
from bot.core.pull_requests.change_ref import Sha
from bot.core.pull_requests.intent import AdoptRequest
from bot.core.pull_requests.queued import MAX_WAIT, QueueState, enqueued
from bot.core.pull_requests.revert import RevertRequest
from bot.handlers.command_service import CommandService
from bot.handlers.pull_requests.intents import Intents
from bot.handlers.rollouts.missed import missed_merges
from bot.handlers.slack.people import People
from bot.i18n.language import ENGLISH
from bot.ports.errors import PortError
from bot.ports.git import RepositoryError, RevisionNotFoundError
from tests.common.bot import application_settings
from tests.common.deployers import argo_application
from tests.common.kubernetes import as_yaml, config_map
from tests.common.slack import ALERTS, JONAS

JONAS_ASKS = Requester(JONAS, "jonas", ALERTS, Origin.COMMAND, ENGLISH)


class Restarts:
    """The bot with a discovered application `shop` and a configured one `search`, in one repository, while it stops."""

    def __init__(self, discovery):
        self.discovery, self.bot, self.clock, self.source = discovery, discovery.bot, discovery.clock, discovery.source
        discovery.argo(argo_application("shop", discovery.url))
        self.source.commit("Search", {"apps/search/settings.yaml": as_yaml(config_map(level="info"))})
        discovery.start(applications={"search": application_settings("search")})
        self.bot.check()

    def merge(self, subject, *applications):
        files = {f"apps/{name}/settings.yaml": as_yaml(config_map(level=subject)) for name in applications}
        self.source.commit(subject, files)

    def poll(self):
        self.clock.advance(seconds=10)
        self.bot.monitor.poll_all_refs("platform")

    def commands(self):
        self.bot.restart()
        config = replace(self.bot.config, applications=self.discovery.applications)
        return CommandService(config, self.bot.ports, self.bot.monitor, People(self.bot.ports.chat, {}, self.clock))

    @property
    def rollouts(self):
        return [
            (rollout.subject, *sorted(part.application for part in rollout.parts))
            for rollout in self.bot.store.rollouts.unsettled()
        ]

    @property
    def heads(self):
        return {store.head("platform") for store in (self.bot.store.rollouts, self.bot.store.approvals)}


@pytest.fixture
def restarts(discovery):
    return Restarts(discovery)


def test_missed_merges_are_recorded_once_the_applications_are_known(restarts):
    before = restarts.source.sha()
    restarts.merge("Both", "shop", "search")
    restarts.bot.restart()
    restarts.poll()
    restarts.bot.check("search")
    assert (restarts.rollouts, restarts.heads) == ([], {before})
    assert restarts.bot.discoverer.poll("prod")
    restarts.poll()
    assert restarts.rollouts == [("Both", "search", "shop")]
    assert restarts.heads == {restarts.source.sha()}
    assert not restarts.bot.discoverer.poll("prod")


def test_an_application_of_a_cluster_that_fails_from_the_start_gets_its_missed_merges_later(restarts):
    """Also if the bot restarts in the meantime, and only those that it missed."""
    restarts.merge("Known", "shop")
    restarts.poll()
    restarts.discovery.cluster.fail("*/applications", 503)
    for subject, applications in (("Both", ["shop", "search"]), ("One", ["shop"])):
        restarts.bot.restart()
        restarts.merge(subject, *applications)
        restarts.bot.discover()
        restarts.poll()
        assert restarts.heads == {restarts.source.sha()}
    assert restarts.rollouts == [("Known", "shop"), ("Both", "search")]
    restarts.discovery.cluster.recover()
    restarts.merge("Last", "shop", "search")
    restarts.bot.discover()
    for _ in range(2):
        restarts.poll()
        assert restarts.rollouts == [
            ("Known", "shop"),
            ("Both", "search"),
            ("Both", "shop"),
            ("One", "shop"),
            ("Last", "search", "shop"),
        ]
    restarts.bot.check()
    restarts.bot.restart()
    restarts.bot.discover()
    restarts.poll()
    assert len(restarts.rollouts) == 5


@pytest.mark.parametrize(
    ("error", "missed"), [(RepositoryError("Git took too long."), ["shop"]), (RevisionNotFoundError("No commit."), [])]
)
def test_missed_merges_that_git_fails_to_list_are_listed_again_if_that_can_help(restarts, monkeypatch, error, missed):
    restarts.discovery.cluster.fail("*/applications", 503)
    restarts.bot.restart()
    restarts.merge("Both", "shop", "search")
    restarts.bot.discover()
    restarts.poll()
    head, errors, first_parent = restarts.source.sha(), [error], GitRepository.first_parent

    def fails_once(self, since, until, **options):
        if until == head and errors:
            raise errors.pop()
        return first_parent(self, since, until, **options)

    monkeypatch.setattr(GitRepository, "first_parent", fails_once)
    restarts.discovery.cluster.recover()
    restarts.merge("Last", "shop", "search")
    restarts.bot.discover()
    with suppress(PortError):
        restarts.poll()
    restarts.poll()
    assert restarts.rollouts == [
        ("Both", "search"),
        *[("Both", name) for name in missed],
        ("Last", "search", "shop"),
    ]


def test_missed_merges_of_many_applications_are_listed_together(discovery, monkeypatch):
    names = [f"shop-{number}" for number in range(20)]
    files = {f"apps/{name}/settings.yaml": as_yaml(config_map(level="info")) for name in names}
    discovery.source.commit("All", files)
    discovery.start(applications={name: application_settings(name) for name in names})
    discovery.bot.check()
    head = discovery.source.commit("Change", {name: as_yaml(config_map(level="debug")) for name in files})
    started, start = [], subprocess.Popen.__init__

    def count(self, *args, **kwargs):
        started.append(args)
        start(self, *args, **kwargs)

    def processes(applications):
        discovery.bot.restart()
        ports, cache = discovery.bot.ports, discovery.bot.monitor.manifest_cache
        repository = ports.repositories["platform"]
        repository.fetch()
        with monkeypatch.context() as patched:
            patched.setattr(subprocess.Popen, "__init__", count)
            started.clear()
            (missed,) = missed_merges(ports, repository, head, applications, cache).values()
        assert missed == applications
        return len(started)

    applications = [discovery.applications[name] for name in names]
    few = processes(applications[:2])
    assert 0 < processes(applications) <= few + 2


def test_a_cluster_that_does_not_answer_delays_merges_for_a_minute(restarts):
    restarts.merge("Both", "shop", "search")
    restarts.bot.restart()
    restarts.poll()
    assert restarts.rollouts == []
    restarts.clock.advance(timedelta(minutes=1))
    restarts.poll()
    assert restarts.rollouts == [("Both", "search")]
    restarts.bot.discover()
    restarts.poll()
    assert restarts.rollouts == [("Both", "search"), ("Both", "shop")]


def test_requests_wait_until_their_applications_are_known(restarts):
    """Until a cluster that fails from the start can be read, only those that name an unknown application wait."""
    bot, change = restarts.bot, Sha(restarts.source.sha())
    revert = {None: RevertRequest("jonas", change), "shop": RevertRequest("jonas", change, "shop")}
    for request in (AdoptRequest("shop"), *revert.values()):
        Intents(bot.ports).new(JONAS_ASKS, request).store()
    for request, asked in zip(revert.values(), (bot.clock() - MAX_WAIT, bot.clock()), strict=True):
        waiting = enqueued(
            request, by=JONAS, asked_in=ALERTS, channel=ALERTS, now=asked, due=bot.clock(), reason="Wait."
        )
        bot.store.queued_reverts.save(waiting)

    def run(commands):
        bot.clock.advance(seconds=10)
        commands.resume_interrupted()
        commands.run_queued()
        return [(entry.what, entry.result) for entry in bot.store.audit_log.entries()]

    commands = restarts.commands()
    assert run(commands) == []
    assert {(queued.state, queued.reason) for queued in bot.store.queued_reverts.unsettled()} == {
        (QueueState.WAITING, "Wait.")
    }
    for name, request in revert.items():
        with pytest.raises(PortError, match=r"is discovering applications\. Try again in a minute"):
            commands.revert(JONAS_ASKS, replace(request, application=name))
    assert "is discovering applications" in commands.check_now(JONAS_ASKS, []).text
    asked = len(run(commands))
    restarts.discovery.cluster.fail("*/applications", 503)
    bot.discover()
    of_any = run(commands)[asked:]
    assert [what for what, _ in of_any] == [f"revert {change}"] * 2
    with pytest.raises(PortError, match="since the bot started"):
        commands.revert(JONAS_ASKS, revert["shop"])
    asked = len(run(commands))
    restarts.discovery.cluster.recover()
    bot.discover()
    done = run(commands)[asked:]
    assert sorted(what for what, _ in done) == ["adopt shop", *[f"revert {change}"] * 2]
    assert not [result for _, result in (*of_any, *done) if "out of date" in result or "configured" in result]
    assert bot.store.intents.unfinished() == []
