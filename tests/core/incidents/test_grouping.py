"""Which incidents share a card."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.drift.model import ObjectDrift
from bot.core.incidents.grouping import GROUPING_WINDOW, assign_cards, group_by_card
from bot.core.incidents.incident import Incident, IncidentState, mark_announced

T0 = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
DRIFT = (ObjectDrift("apps/v1", "Deployment", "shop", "web", "missing"),)


def incident(name, cluster="prod", channel="C1", repository="platform"):
    state = IncidentState.OPEN
    made = Incident(f"{name}@1", name, cluster, channel, state, T0, T0, "a" * 40, DRIFT, repository=repository)
    return replace(made, opened_at=T0)


def some(number, **more):
    return [incident(f"{more.get('cluster', '')}app-{each}", **more) for each in range(number)]


def told(incidents, known, now, enough=5):
    """The same, told as `share` says."""
    cards = assign_cards(incidents, known, now, enough)
    return [mark_announced(each, now, cards[each.id]) for each in incidents]


def members(incidents):
    """Those that share a card, by its id."""
    return group_by_card(each for each in incidents if each.group)


@pytest.mark.parametrize(("number", "cards"), [(1, 1), (4, 4), (5, 1), (500, 1)])
def test_so_many_at_once_share_one_card(number, cards):
    assert len({each.card_id for each in told(some(number), [], T0)}) == cards


@pytest.mark.parametrize("more", [{"channel": "C2"}, {"cluster": "test", "repository": "other"}])
def test_not_across_channels_or_causes(more):
    assert not members(told([*some(4), *some(1, **more)], [], T0))


def test_several_clusters_share_one_by_their_repository_and_a_cluster_comes_first():
    spread = [*some(3), *some(3, cluster="test")]
    assert len(members(told(spread, [], T0))) == 1
    (card,) = members(told([*some(5), *some(3, cluster="test")], [], T0))
    assert "/cluster/prod@" in card


def test_those_of_no_known_repository_share_none_across_clusters():
    assert not members(told([*some(3, repository=""), *some(3, cluster="test", repository="")], [], T0))


@pytest.mark.parametrize(("after", "joins"), [(GROUPING_WINDOW, True), (GROUPING_WINDOW + timedelta(seconds=1), False)])
def test_later_ones_join_within_the_window(after, joins):
    first = told(some(5), [], T0)
    late = told([incident("late")], first, T0 + after)
    assert (late[0].group == first[0].group) == joins
    assert late[0].group is not None or not joins


def test_what_has_a_card_of_its_own_keeps_it_and_the_next_share_one():
    known = []
    for number in range(8):
        known += told([incident(f"app-{number}")], known, T0 + timedelta(seconds=number))
    assert [each.group is None for each in known] == [True] * 4 + [False] * 4
    assert len(members(known)) == 1
    again = assign_cards(known, known, T0 + timedelta(seconds=9), 5)
    assert [mark_announced(each, T0, again[each.id]).group for each in known] == [each.group for each in known]


def test_a_card_that_is_resolved_is_not_joined():
    first = [replace(each, state=IncidentState.RESOLVED) for each in told(some(5), [], T0)]
    (late,) = told([incident("late")], first, T0 + timedelta(seconds=5))
    assert late.group not in members(first)


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from(["prod", "test"]), st.sampled_from(["C1", "C2"]))))
def test_everyone_is_on_one_card_of_its_channel_and_a_storm_makes_few(arrivals):
    known = []
    for number, (second, cluster, channel) in enumerate(sorted(arrivals)):
        one = incident(f"app-{number}", cluster, channel)
        known += told([one], known, T0 + timedelta(seconds=second))
    assert len(known) == len(arrivals)
    for group in members(known).values():
        assert len({each.channel for each in group}) == 1
    for start in range(0, 301, 60):
        begin = T0 + timedelta(seconds=start)
        window = [each for each in known if begin <= each.announced_at <= begin + GROUPING_WINDOW]
        for channel in ("C1", "C2"):
            for cluster in ("prod", "test"):
                own = [each for each in window if (each.channel, each.cluster, each.group) == (channel, cluster, None)]
                assert len(own) < 5
