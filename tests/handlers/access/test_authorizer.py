"""A person's rights, asked of the sandbox Slack over its Web API."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk import WebClient

from bot.adapters.slack.chat import SlackChat
from bot.core.access.permission import Denied, Granted, MembersUnknown, Right, Roles
from bot.handlers.access.authorizer import KNOWN_FOR, Authorizer, Groups
from bot.sandbox.slack import SandboxSlack
from bot.sandbox.slack.web_api import BOT_TOKEN

JONAS, TOMAS = "U0JONAS001", "U0TOMAS001"
PLATFORM = "S0PLATFORM"  # Jonas is in it, Tomás is not
ROLES = Roles(
    {Right.REVERT: (PLATFORM,), Right.SILENCE: ("*",)},
    {"shop": {Right.REVERT: (TOMAS, PLATFORM)}, "api": {Right.SILENCE: ("S0NOSUCH",)}},
)


class Clock:
    now = datetime(2026, 3, 1, 2, 47, tzinfo=UTC)

    def passes(self, span):
        self.now += span


@pytest.fixture
def slack():
    made = SandboxSlack()
    with made.serve():
        yield made


@pytest.fixture
def stand(slack):
    client = WebClient(token=BOT_TOKEN, base_url=slack.api_url, retry_handlers=[], timeout=2)
    clock = Clock()
    groups = Groups(SlackChat(client), lambda: clock.now)

    def made(user):
        return Authorizer(user, ROLES, groups)

    made.clock = clock
    return made


def asked(slack):
    return [call.method for call in slack.calls].count("usergroups.users.list")


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
def test_each_group_is_asked_about_once_and_only_if_it_decides(slack, stand, user, right, applications, expected, asks):
    authorizer = stand(user)
    for _ in range(2):
        assert type(authorizer.decide(right, applications)) is expected
    assert asked(slack) == asks


def test_who_leaves_a_group_loses_the_right_within_half_a_minute(slack, stand):
    assert isinstance(stand(JONAS).decide(Right.REVERT, ["shop"]), Granted)
    slack.workspace.groups[PLATFORM] = replace(slack.workspace.groups[PLATFORM], members=())
    stand.clock.passes(KNOWN_FOR - timedelta(microseconds=1))
    assert isinstance(stand(JONAS).decide(Right.REVERT, ["shop"]), Granted)
    stand.clock.passes(timedelta(microseconds=1))
    assert isinstance(stand(JONAS).decide(Right.REVERT, ["shop"]), Denied)


def test_a_hundred_clicks_in_a_minute_are_within_slacks_limit(slack, stand):
    for _ in range(100):
        assert isinstance(stand(JONAS).decide(Right.REVERT, ["shop", "api"]), Granted)
        stand.clock.passes(timedelta(seconds=0.6))
    assert asked(slack) == 2


def test_slack_is_left_alone_for_as_long_as_it_asks(slack, stand):
    slack.faults.rate_limited = 1
    for _ in range(3):
        assert isinstance(stand(JONAS).decide(Right.REVERT, ["shop"]), MembersUnknown)
    assert asked(slack) == 1
    stand.clock.passes(timedelta(minutes=1))
    assert isinstance(stand(JONAS).decide(Right.REVERT, ["shop"]), Granted)


def test_what_could_not_be_asked_is_asked_again(slack, stand):
    slack.faults.failed = 1
    assert isinstance(stand(JONAS).decide(Right.REVERT, ["shop"]), MembersUnknown)
    assert isinstance(stand(JONAS).decide(Right.REVERT, ["shop"]), Granted)


@pytest.mark.parametrize(
    ("breaks", "why"),
    [
        (lambda slack: slack.services.scopes.discard("usergroups:read"), "the Slack app is missing a scope"),
        (lambda slack: setattr(slack.faults, "rate_limited", 9), "the rate limit is used up"),
        (lambda slack: setattr(slack.faults, "failed", 9), "Slack"),
        (lambda slack: slack.workspace.groups.clear(), "no_such_subteam"),
    ],
)
def test_a_group_that_slack_does_not_tell_is_denied_with_the_reason(slack, stand, breaks, why):
    breaks(slack)
    verdict = stand(JONAS).decide(Right.REVERT, ["shop"])
    assert isinstance(verdict, MembersUnknown)
    assert why in verdict.why
    assert isinstance(stand(JONAS).decide_anywhere(Right.REVERT), MembersUnknown)
    assert isinstance(stand(TOMAS).decide(Right.REVERT, ["shop"]), Granted)


def test_who_may_somewhere_is_found_without_asking_more_than_needed(slack, stand):
    assert isinstance(stand(JONAS).decide_anywhere(Right.REVERT), Granted)
    assert asked(slack) == 1
    assert isinstance(stand(TOMAS).decide_anywhere(Right.REVERT), Granted)
    assert isinstance(stand("U0NOBODY01").decide_anywhere(Right.REVERT), Denied)
