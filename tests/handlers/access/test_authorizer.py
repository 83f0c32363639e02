"""A person's permissions, by the members of Slack's user groups. Jonas is in the group PLATFORM, Tomás is not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.access.permission import Denied, Granted, MembersUnknown, Right, Roles
from bot.handlers.access.authorizer import MEMBERS_TTL, Authorizer, Groups
from tests.common.slack import JONAS, PLATFORM, TOMAS, methods_called, slack_chat

ROLES = Roles(
    {Right.REVERT: (PLATFORM,), Right.SILENCE: ("*",)},
    {"shop": {Right.REVERT: (TOMAS, PLATFORM)}, "api": {Right.SILENCE: ("S0NOSUCH",)}},
)


@pytest.fixture
def authorizer(slack, clock):
    """Makes one for a user."""
    groups = Groups(slack_chat(slack, timeout=2), clock)
    return lambda user: Authorizer(user, ROLES, groups)


def group_calls(slack):
    return len(methods_called(slack, "usergroups.users.list"))


@pytest.mark.parametrize(
    ("user", "right", "applications", "expected", "asks"),
    [
        (JONAS, Right.REVERT, ["shop"], Granted, 1),
        (JONAS, Right.REVERT, ["api", "shop"], Granted, 1),
        (JONAS, Right.REVERT, [], Granted, 1),
        (TOMAS, Right.REVERT, ["shop"], Granted, 0),
        (TOMAS, Right.REVERT, ["shop", "api"], Denied, 1),
        (TOMAS, Right.REVERT, [], Denied, 1),
        (TOMAS, Right.SILENCE, ["shop"], Granted, 0),
        (JONAS, Right.SILENCE, ["api"], MembersUnknown, 1),
        ("", Right.REVERT, ["shop"], Denied, 1),
    ],
)
def test_a_group_is_looked_up_once_and_only_if_needed(slack, authorizer, user, right, applications, expected, asks):
    permissions = authorizer(user)
    for _ in range(2):
        assert type(permissions.decide(right, applications)) is expected
    assert group_calls(slack) == asks


def test_leaving_a_group_takes_effect_within_half_a_minute(slack, authorizer, clock):
    assert isinstance(authorizer(JONAS).decide(Right.REVERT, ["shop"]), Granted)
    slack.workspace.groups[PLATFORM] = replace(slack.workspace.groups[PLATFORM], members=())
    clock.advance(MEMBERS_TTL - timedelta(microseconds=1))
    assert isinstance(authorizer(JONAS).decide(Right.REVERT, ["shop"]), Granted)
    clock.advance(microseconds=1)
    assert isinstance(authorizer(JONAS).decide(Right.REVERT, ["shop"]), Denied)


def test_a_hundred_clicks_in_a_minute_stay_within_slacks_rate_limit(slack, authorizer, clock):
    for _ in range(100):
        assert isinstance(authorizer(JONAS).decide(Right.REVERT, ["shop", "api"]), Granted)
        clock.advance(seconds=0.6)
    assert group_calls(slack) == 2


def test_a_rate_limit_pauses_lookups_for_as_long_as_slack_asks(slack, authorizer, clock):
    slack.faults.rate_limited = 1
    for _ in range(3):
        assert isinstance(authorizer(JONAS).decide(Right.REVERT, ["shop"]), MembersUnknown)
    assert group_calls(slack) == 1
    clock.advance(minutes=1)
    assert isinstance(authorizer(JONAS).decide(Right.REVERT, ["shop"]), Granted)


def test_a_failed_lookup_is_retried(slack, authorizer, clock):
    slack.faults.failed = 1
    assert isinstance(authorizer(JONAS).decide(Right.REVERT, ["shop"]), MembersUnknown)
    assert isinstance(authorizer(JONAS).decide(Right.REVERT, ["shop"]), Granted)


@pytest.mark.parametrize(
    ("breaks", "why"),
    [
        (lambda slack: slack.services.scopes.discard("usergroups:read"), "the Slack app is missing a scope"),
        (lambda slack: setattr(slack.faults, "rate_limited", 9), "the rate limit has been reached"),
        (lambda slack: setattr(slack.faults, "failed", 9), "Slack"),
        (lambda slack: slack.workspace.groups.clear(), "no_such_subteam"),
    ],
)
def test_a_group_that_cannot_be_looked_up_is_denied_with_the_reason(slack, authorizer, breaks, why):
    breaks(slack)
    verdict = authorizer(JONAS).decide(Right.REVERT, ["shop"])
    assert isinstance(verdict, MembersUnknown)
    assert why in str(verdict.why)
    assert isinstance(authorizer(JONAS).decide_anywhere(Right.REVERT), MembersUnknown)
    assert isinstance(authorizer(TOMAS).decide(Right.REVERT, ["shop"]), Granted)


def test_a_permission_anywhere_needs_no_more_lookups_than_necessary(slack, authorizer, clock):
    assert isinstance(authorizer(JONAS).decide_anywhere(Right.REVERT), Granted)
    assert group_calls(slack) == 1
    assert isinstance(authorizer(TOMAS).decide_anywhere(Right.REVERT), Granted)
    assert isinstance(authorizer("U0NOBODY01").decide_anywhere(Right.REVERT), Denied)
