"""When a replica takes over the requests of another one: a real PostgreSQL, and clocks that differ."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from bot.adapters.database.store import SqlStore
from bot.core.access.audit import Origin
from bot.core.access.requester import Requester
from bot.core.pull_requests.intent import AdoptRequest, is_given_up
from bot.handlers.pull_requests.intents import Intents
from bot.i18n.language import ENGLISH
from tests.common.clock import Clock
from tests.common.samples import T0


@pytest.mark.parametrize("ahead", [timedelta(minutes=11), timedelta(minutes=-11), timedelta(days=2)])
def test_clocks_do_not_decide_when_a_replica_takes_over(empty_postgresql, ahead):
    store = SqlStore(empty_postgresql)
    one, two = (Intents(SimpleNamespace(store=store, clock=Clock(at))) for at in (T0, T0 + ahead))
    pending = one.new(Requester("U1", "ana", "C1", Origin.COMMAND, ENGLISH), AdoptRequest("shop"))
    pending.store()
    assert list(two.interrupted()) == []
    store.intents.save(replace(pending.intent, at=pending.intent.at - store.intents.lease))
    [interrupted] = two.interrupted()
    assert not is_given_up(interrupted, two.now())
    two.resume(interrupted)
    assert list(one.interrupted()) == []
    store.close()
