"""When a change is due, with times in seconds."""

import math

import pytest

from bot.handlers.watch.debouncer import Debouncer


@pytest.fixture
def debouncer():
    return Debouncer(3.0)


def test_a_change_is_due_once_it_has_settled(debouncer):
    debouncer.add("web", 10.0)
    assert debouncer.next_due() == 13.0
    assert debouncer.take_due(12.9) == {}
    assert debouncer.take_due(13.0) == {"web": True}
    assert (debouncer.take_due(99.0), debouncer.next_due()) == ({}, math.inf)


def test_another_change_starts_the_time_again(debouncer):
    debouncer.add("web", 10.0)
    debouncer.add("web", 12.0)
    assert debouncer.take_due(14.9) == {}
    assert debouncer.take_due(15.0) == {"web": True}


def test_what_never_settles_is_taken_too_and_has_not_settled(debouncer):
    for second in range(10):
        debouncer.add("web", 10.0 + second)
    assert debouncer.take_due(18.9) == {}
    assert debouncer.take_due(19.0) == {"web": False}


def test_what_is_taken_again_waits_longer_each_time_until_it_is_done(debouncer):
    now, waits = 0.0, []
    debouncer.add("web", now)
    for again in (True, True, True, True, False):
        waits.append(debouncer.next_due() - now)
        now = debouncer.next_due()
        debouncer.finish(debouncer.take_due(now), {"web"} if again else (), now)
    assert waits == [3.0, 5.0, 10.0, 20.0, 30.0]
    assert debouncer.next_due() == math.inf
    debouncer.finish(["web"], ["web"], 0.0)
    assert debouncer.next_due() == 5.0


def test_a_change_while_it_is_compared_or_waits_again_is_due_once_it_has_settled(debouncer):
    debouncer.add("web", 0.0)
    taken = debouncer.take_due(3.0)
    debouncer.add("web", 3.1)
    debouncer.finish(taken, {"web"}, 3.2)
    assert debouncer.take_due(6.1) == {"web": True}
    debouncer.finish({"web": True}, {"web"}, 6.2)
    debouncer.add("web", 6.5)
    assert debouncer.take_due(9.5) == {"web": True}
