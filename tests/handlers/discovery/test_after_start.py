"""Between a start and the end of discovery, nothing is recorded or answered as if the applications were all known."""

from datetime import timedelta

import pytest

from tests.common.bot import application_settings
from tests.common.deployers import argo_application
from tests.common.kubernetes import as_yaml, config_map


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
