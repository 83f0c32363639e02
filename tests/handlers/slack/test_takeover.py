"""A replica is paused in the middle of a call to Slack, and another one leads: Slack ends up with one current card."""

from contextvars import Context
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.adapters.database.store import SqlStore
from bot.adapters.database.tables import replicas
from bot.core.incidents.alerting import AlertPolicy
from bot.core.leases import LEADER
from bot.handlers.slack.cards import CardReconciler
from bot.i18n.language import ENGLISH
from bot.ports.leases import LeaseLostError
from tests.common.clock import Clock
from tests.common.samples import SCALED, T0, incident
from tests.common.slack import ALERTS, cards, slack_chat


def drifted(name):
    """The incident, with another Deployment."""
    drift = (replace(SCALED, name=name),)
    return replace(incident(), drift=drift, worst=drift)


class Replica:
    """What updates Slack, with a store and leases of its own."""

    def __init__(self, url, slack):
        self.store = SqlStore(url)
        self.chat = slack_chat(slack)
        self.reconciler = CardReconciler(self.store, self.chat, Clock(T0), lambda _: ENGLISH, AlertPolicy())

    def reconcile(self, incident):
        """Store the incident, and update Slack as the leader."""
        with self.store.leases.work(LEADER) as lease:
            assert lease
            assert self.store.incidents.exchange(self.store.incidents.open_for("shop"), incident)
            self.reconciler.reconcile()

    def pause(self, monkeypatch, method, during, *, sent):
        """Pause in the next call of Slack, before or after the request is `sent`."""
        call = getattr(self.chat, method)

        def paused(*args, **options):
            monkeypatch.setattr(self.chat, method, call)
            result = call(*args, **options) if sent else None
            Context().run(during)  # as in another process
            return result if sent else call(*args, **options)

        monkeypatch.setattr(self.chat, method, paused)


@pytest.fixture
def make_replica(empty_postgresql, slack):
    made = []

    def make_replica():
        made.append(Replica(empty_postgresql, slack))
        return made[-1]

    yield make_replica
    for replica in made:
        replica.store.close()


@pytest.fixture
def old(make_replica):
    """The leader."""
    replica = make_replica()
    replica.store.leases.renew({LEADER})
    return replica


@pytest.fixture
def new(make_replica):
    return make_replica()


@pytest.fixture
def take_over(old, new):
    """The leader's leases expire, and the new replica takes them."""

    def take_over():
        past = sa.func.clock_timestamp() - timedelta(seconds=1)
        with new.store.database.begin() as connection:
            is_old = replicas.c.id == old.store.leases.replica
            connection.execute(replicas.update().where(is_old).values(expires_at=past))
        assert new.store.leases.renew({LEADER}) == {LEADER}

    return take_over


@pytest.mark.parametrize("sent", [False, True])
def test_a_post_in_flight_leaves_one_card(slack, old, new, take_over, monkeypatch, sent):
    """If it's sent before the new leader looks for it, that one uses it; otherwise both post, and one is deleted."""

    def lead():
        take_over()
        new.reconcile(drifted("worker"))

    old.pause(monkeypatch, "post", lead, sent=sent)
    with pytest.raises(LeaseLostError):
        old.reconcile(incident())
    old.reconciler.repair_rejected()
    new.reconcile(drifted("worker"))
    assert [card.ts for card in cards(slack)] == [new.store.cards.get("shop@1").ts]
    assert "worker" in cards(slack)[0].text
    assert len(slack.posted(ALERTS)) == 2 - sent


def test_an_update_in_flight_is_replaced(slack, old, new, take_over, monkeypatch):
    def lead():
        take_over()
        new.reconcile(drifted("worker"))

    old.reconcile(incident())
    old.pause(monkeypatch, "update", lead, sent=False)
    with pytest.raises(LeaseLostError):
        old.reconcile(drifted("outdated"))
    assert "outdated" in cards(slack)[0].text
    old.reconciler.repair_rejected()
    new.reconcile(drifted("worker"))
    assert ["worker" in card.text for card in cards(slack)] == [True]


def test_a_post_is_kept_until_the_new_leader_has_looked_for_it(slack, old, new, take_over, monkeypatch):
    old.pause(monkeypatch, "post", take_over, sent=False)
    with pytest.raises(LeaseLostError):
        old.reconcile(incident())
    old.reconciler.repair_rejected()
    (kept,) = cards(slack)
    new.reconcile(incident())
    old.reconciler.repair_rejected()
    assert [card.ts for card in cards(slack)] == [new.store.cards.get("shop@1").ts] == [kept.ts]


def test_an_old_leader_sends_nothing_more(slack, old, new, take_over):
    old.reconcile(incident())
    take_over()
    assert old.store.leases.get(LEADER)
    with pytest.raises(LeaseLostError):
        old.reconcile(drifted("worker"))
    assert not old.store.leases.get(LEADER)
    new.store.incidents.exchange(incident(), drifted("worker"))
    with pytest.raises(LeaseLostError):
        old.reconciler.reconcile()
    assert len(slack.calls) == 1
