"""Who in Slack an author is: the real client against the local Slack."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk import WebClient

from bot.adapters.slack.chat import SlackChat
from bot.core.git.author import Author
from bot.handlers.slack.people import People
from bot.sandbox.slack import SandboxSlack, User

ANA = User("U0ANA00001", "ana", "Ana", "ana@example.com", "#333")
BEA = User("U0BEA00001", "bea", "Bea", "bea@example.com", "#333")


class Desk:
    def __init__(self, slack):
        self.slack = slack
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        slack.workspace.users |= {user.id: user for user in (ANA, BEA)}
        client = WebClient("xoxb-sandbox", base_url=slack.api_url, timeout=5, retry_handlers=[])
        self.chat = SlackChat(client)
        self.people = self.with_people()

    def with_people(self, **people):
        self.people = People(self.chat, {key.replace("_at_", "@"): user for key, user in people.items()}, self.clock)
        return self.people

    def clock(self):
        return self.now

    def user(self, name, email, login=None):
        return self.people.known([Author(name, email, login)])[0].user

    def asked(self):
        return [call.method for call in self.slack.calls if call.method.startswith("users.")]

    def leaves(self, user):
        self.slack.workspace.users[user.id] = replace(user, left=True)


@pytest.fixture
def desk():
    slack = SandboxSlack()
    with slack.serve():
        yield Desk(slack)


def test_an_address_is_asked_for_once(desk):
    assert [desk.user("Ana", ANA.email) for _ in range(3)] == [ANA.id] * 3
    assert [desk.user("Cem", "cem@example.com") for _ in range(3)] == [None] * 3
    assert desk.asked() == ["users.lookupByEmail"] * 2


def test_what_is_remembered_is_asked_again_after_a_time(desk):
    assert desk.user("Ana", ANA.email) == ANA.id
    assert desk.user("Cem", "cem@example.com") is None
    desk.slack.workspace.users["U0CEM00001"] = User("U0CEM00001", "cem", "Cem", "cem@example.com", "#333")
    desk.leaves(ANA)
    desk.now += timedelta(hours=2)
    assert desk.user("Cem", "cem@example.com") == "U0CEM00001"
    assert desk.user("Ana", ANA.email) == ANA.id
    desk.now += timedelta(hours=11)
    assert desk.user("Ana", ANA.email) is None


def test_the_configuration_comes_first_by_address_or_login(desk):
    desk.with_people(**{"work_at_example.com": BEA.id, "Ana-Dev": ANA.id})
    assert desk.user("Bea", "work@example.com") == BEA.id
    assert desk.user("Ana", "1+ana-dev@users.noreply.github.com", "ana-dev") == ANA.id
    assert "users.lookupByEmail" not in desk.asked()


def test_a_forges_own_address_is_never_asked_for(desk):
    assert desk.user("Ana", "1+ana-dev@users.noreply.github.com", "ana-dev") is None
    assert desk.asked() == []


def test_somebody_who_left_is_nobody_to_mention(desk):
    desk.with_people(bea=BEA.id)
    desk.leaves(ANA)
    desk.leaves(BEA)
    assert desk.user("Ana", ANA.email) is None
    assert desk.user("Bea", "1+bea@users.noreply.github.com", "bea") is None


def test_without_the_scopes_only_the_configuration_counts_and_slack_is_asked_once(desk):
    desk.slack.services.scopes -= {"users:read", "users:read.email"}
    desk.with_people(bea=BEA.id)
    assert desk.user("Ana", ANA.email) is None
    assert desk.user("Cem", "cem@example.com") is None
    assert [desk.user("Bea", "1+bea@users.noreply.github.com", "bea") for _ in range(2)] == [BEA.id] * 2
    assert sorted(desk.asked()) == ["users.info", "users.lookupByEmail"]


def test_a_rate_limit_is_waited_for(desk):
    desk.slack.faults.rate_limited = 1
    assert desk.user("Ana", ANA.email) is None
    assert desk.user("Bea", BEA.email) is None
    assert len(desk.asked()) == 1
    desk.now += timedelta(minutes=2)
    assert desk.user("Ana", ANA.email) == ANA.id


def test_a_silent_slack_is_asked_once_in_a_while(desk):
    desk.slack.faults.failed = 1
    assert desk.user("Ana", ANA.email) is None
    assert desk.user("Bea", BEA.email) is None
    assert len(desk.asked()) == 1
    desk.now += timedelta(minutes=5)
    assert desk.user("Bea", BEA.email) == BEA.id
