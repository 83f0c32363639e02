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
    opened = Incident(f"{name}@1", name, cluster, channel, state, T0, T0, "a" * 40, DRIFT, repository=repository)
    return replace(opened, opened_at=T0)


def incidents_of(number, **more):
    return [incident(f"{more.get('cluster', '')}app-{index}", **more) for index in range(number)]


def announced(incidents, earlier, now, group_size=5):
    """The incidents, announced on the cards that `assign_cards` gives them."""
    cards = assign_cards(incidents, earlier, now, group_size)
    return [mark_announced(incident, now, cards[incident.id]) for incident in incidents]


def shared_cards(incidents):
    """The incidents that share a card, by card id."""
    return group_by_card(incident for incident in incidents if incident.group)


@pytest.mark.parametrize(("number", "cards"), [(1, 1), (4, 4), (5, 1), (500, 1)])
def test_enough_incidents_at_once_share_one_card(number, cards):
    assert len({incident.card_id for incident in announced(incidents_of(number), [], T0)}) == cards


@pytest.mark.parametrize("more", [{"channel": "C2"}, {"cluster": "test", "repository": "other"}])
def test_cards_are_not_shared_across_channels_or_causes(more):
    assert not shared_cards(announced([*incidents_of(4), *incidents_of(1, **more)], [], T0))


def test_clusters_share_a_card_by_repository_and_a_cluster_takes_precedence():
    spread = [*incidents_of(3), *incidents_of(3, cluster="test")]
    assert len(shared_cards(announced(spread, [], T0))) == 1
    (card,) = shared_cards(announced([*incidents_of(5), *incidents_of(3, cluster="test")], [], T0))
    assert "/cluster/prod@" in card


def test_unknown_repositories_share_no_card_across_clusters():
    assert not shared_cards(
        announced([*incidents_of(3, repository=""), *incidents_of(3, cluster="test", repository="")], [], T0)
    )


@pytest.mark.parametrize(("after", "joins"), [(GROUPING_WINDOW, True), (GROUPING_WINDOW + timedelta(seconds=1), False)])
def test_later_incidents_join_within_the_window(after, joins):
    first = announced(incidents_of(5), [], T0)
    late = announced([incident("late")], first, T0 + after)
    assert (late[0].group == first[0].group) == joins
    assert late[0].group is not None or not joins


def test_incidents_keep_their_own_cards_and_the_next_ones_share():
    earlier = []
    for number in range(8):
        earlier += announced([incident(f"app-{number}")], earlier, T0 + timedelta(seconds=number))
    assert [incident.group is None for incident in earlier] == [True] * 4 + [False] * 4
    assert len(shared_cards(earlier)) == 1
    again = assign_cards(earlier, earlier, T0 + timedelta(seconds=9), 5)
    assert [mark_announced(member, T0, again[member.id]).group for member in earlier] == [
        member.group for member in earlier
    ]


@pytest.mark.parametrize("state", [IncidentState.ACKNOWLEDGED, IncidentState.SNOOZED, IncidentState.RESOLVED])
def test_only_an_open_card_is_joined(state):
    first = [replace(member, state=state) for member in announced(incidents_of(5), [], T0)]
    now = T0 + timedelta(seconds=5)
    (late,) = announced([incident("late")], first, now)
    assert late.group not in shared_cards(first)
    reopened = [replace(first[0], state=IncidentState.OPEN), *first[1:]]
    assert announced([incident("late")], reopened, now)[0].group == first[0].group
    assert len(shared_cards(announced(incidents_of(5, cluster="prod"), first, now))) == 1


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from(["prod", "test"]), st.sampled_from(["C1", "C2"]))))
def test_each_incident_is_on_a_card_of_its_channel_and_a_storm_makes_few(arrivals):
    earlier = []
    for number, (second, cluster, channel) in enumerate(sorted(arrivals)):
        new = incident(f"app-{number}", cluster, channel)
        earlier += announced([new], earlier, T0 + timedelta(seconds=second))
    assert len(earlier) == len(arrivals)
    for group in shared_cards(earlier).values():
        assert len({member.channel for member in group}) == 1
    for start in range(0, 301, 60):
        begin = T0 + timedelta(seconds=start)
        window = [member for member in earlier if begin <= member.announced_at <= begin + GROUPING_WINDOW]
        for channel in ("C1", "C2"):
            for cluster in ("prod", "test"):
                own = [
                    member
                    for member in window
                    if (member.channel, member.cluster, member.group) == (channel, cluster, None)
                ]
                assert len(own) < 5
