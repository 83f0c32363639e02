"""Which Slack user an author is."""

from dataclasses import replace

import pytest

from bot.core.git.author import Author
from bot.handlers.slack.people import People
from bot.sandbox.slack import User
from tests.common.slack import methods_called, slack_chat

ANA = User("U0ANA00001", "ana", "Ana", "ana@example.com", "#333")
BEA = User("U0BEA00001", "bea", "Bea", "bea@example.com", "#333")


class Directory:
    """The workspace's people, and what looks authors up among them."""

    def __init__(self, slack, clock):
        self.slack, self.clock = slack, clock
        slack.workspace.users |= {user.id: user for user in (ANA, BEA)}
        self.configure({})

    def configure(self, people):
        """`slack.people` of the configuration: user ids by address or login."""
        self.people = People(slack_chat(self.slack), people, self.clock)

    def user(self, name, email, login=None):
        return self.people.known([Author(name, email, login)])[0].user

    @property
    def calls(self):
        return methods_called(self.slack, "users.")

    def deactivate(self, user):
        self.slack.workspace.users[user.id] = replace(user, left=True)


@pytest.fixture
def directory(slack, clock):
    return Directory(slack, clock)


def test_an_address_is_looked_up_once(directory):
    assert [directory.user("Ana", ANA.email) for _ in range(3)] == [ANA.id] * 3
    assert [directory.user("Cem", "cem@example.com") for _ in range(3)] == [None] * 3
    assert directory.calls == ["users.lookupByEmail"] * 2


def test_lookups_expire(directory):
    assert directory.user("Ana", ANA.email) == ANA.id
    assert directory.user("Cem", "cem@example.com") is None
    directory.slack.workspace.users["U0CEM00001"] = User("U0CEM00001", "cem", "Cem", "cem@example.com", "#333")
    directory.deactivate(ANA)
    directory.clock.advance(hours=2)
    assert directory.user("Cem", "cem@example.com") == "U0CEM00001"
    assert directory.user("Ana", ANA.email) == ANA.id
    directory.clock.advance(hours=11)
    assert directory.user("Ana", ANA.email) is None


def test_the_configuration_comes_first_by_address_or_login(directory):
    directory.configure({"work@example.com": BEA.id, "Ana-Dev": ANA.id})
    assert directory.user("Bea", "work@example.com") == BEA.id
    assert directory.user("Ana", "1+ana-dev@users.noreply.github.com", "ana-dev") == ANA.id
    assert "users.lookupByEmail" not in directory.calls


def test_a_noreply_address_is_never_looked_up(directory):
    assert directory.user("Ana", "1+ana-dev@users.noreply.github.com", "ana-dev") is None
    assert directory.calls == []


def test_deactivated_users_are_not_mentioned(directory):
    directory.configure({"bea": BEA.id})
    directory.deactivate(ANA)
    directory.deactivate(BEA)
    assert directory.user("Ana", ANA.email) is None
    assert directory.user("Bea", "1+bea@users.noreply.github.com", "bea") is None


def test_without_the_scopes_only_the_configuration_counts(directory):
    directory.slack.services.scopes -= {"users:read", "users:read.email"}
    directory.configure({"bea": BEA.id})
    assert directory.user("Ana", ANA.email) is None
    assert directory.user("Cem", "cem@example.com") is None
    assert [directory.user("Bea", "1+bea@users.noreply.github.com", "bea") for _ in range(2)] == [BEA.id] * 2
    assert sorted(directory.calls) == ["users.info", "users.lookupByEmail"]


def test_a_rate_limit_pauses_lookups(directory):
    directory.slack.faults.rate_limited = 1
    assert directory.user("Ana", ANA.email) is None
    assert directory.user("Bea", BEA.email) is None
    assert len(directory.calls) == 1
    directory.clock.advance(minutes=2)
    assert directory.user("Ana", ANA.email) == ANA.id


def test_an_unavailable_slack_pauses_lookups(directory):
    directory.slack.faults.failed = 1
    assert directory.user("Ana", ANA.email) is None
    assert directory.user("Bea", BEA.email) is None
    assert len(directory.calls) == 1
    directory.clock.advance(minutes=5)
    assert directory.user("Bea", BEA.email) == BEA.id
