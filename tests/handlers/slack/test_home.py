"""Home tabs: published through a real client to the local Slack, from a real store, with a clock the test moves."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from slack_sdk import WebClient

from bot.adapters.database.store import SqlStore
from bot.adapters.slack.chat import SlackChat
from bot.core.applications.application import Application
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.git.repository_ref import RepositoryRef
from bot.core.incidents.incident import Incident, IncidentState, acknowledge
from bot.handlers.slack.home import AT_MOST_EVERY, LATELY, MOST_VIEWERS, Homes
from bot.i18n.language import ENGLISH
from bot.messages import errors, silence
from bot.ports.store import StoreError
from bot.sandbox.slack import Rates, SandboxSlack
from bot.sandbox.slack.model import User

T0 = datetime(2026, 3, 1, 2, 47, tzinfo=UTC)
JONAS, MIRA, PRIYA = "U0JONAS001", "U0MIRA0001", "U0PRIYA001"
PLATFORM = "S0PLATFORM"  # Jonas and Mira
DRIFT = (
    ObjectDrift("apps/v1", "Deployment", "shop", "web", "modified", (FieldDrift("changed", "spec.replicas", 2, 7),)),
)
OPEN = Incident(
    "shop@1", "shop", "prod", "C0ALERTS01", IncidentState.OPEN, T0, T0, "a" * 40, DRIFT, worst=DRIFT, announced_at=T0
)


class Desk:
    """A store, the local Slack, and a replica of the bot's Homes or several."""

    def __init__(self, slack, folder):
        self.slack = slack
        self.now = T0
        self.url = f"sqlite:///{folder}/state.db"
        self.store = SqlStore(self.url)
        self.store.checks.save([Check("shop", "prod", "a" * 40, Status.SYNCED, None, 3, T0)])
        self.homes = self.replica()

    def replica(self, store=None, chat=None):
        shop = Application(
            "shop", RepositoryRef("platform"), "apps/shop", "prod", "shop", "C0ALERTS01", owners=(PLATFORM,)
        )
        config = SimpleNamespace(applications={"shop": shop}, slack=SimpleNamespace(translator=lambda _: ENGLISH))
        client = WebClient(token="xoxb-sandbox", base_url=self.slack.api_url, retry_handlers=[])
        ports = SimpleNamespace(store=store or self.store, chat=chat or SlackChat(client), clock=lambda: self.now)
        return Homes(config, ports)

    def opens(self, incident=OPEN):
        before = self.store.incidents.open_for(incident.application)
        assert self.store.incidents.exchange(before, incident)

    def published(self):
        return [call.method for call in self.slack.calls].count("views.publish")

    def shows(self, user, text):
        return text in json.dumps(self.slack.home(user).blocks, ensure_ascii=False)


@pytest.fixture
def desk(tmp_path):
    with SandboxSlack(seed=1, rates=Rates.unlimited()).serve() as slack:
        made = Desk(slack, tmp_path)
        yield made
        made.store.close()


def test_who_looks_sees_what_is_theirs_and_why(desk):
    desk.opens()
    desk.homes.opened(JONAS)
    desk.homes.opened(PRIYA)
    assert desk.shows(JONAS, "1 open incident")
    assert desk.shows(JONAS, "You own these, directly or through a user group")
    assert desk.shows(PRIYA, "because you own none")


def test_owners_that_slack_does_not_tell_are_said_to_be_unknown(desk):
    desk.slack.scopes.discard("usergroups:read")
    desk.homes.opened(JONAS)
    assert desk.shows(JONAS, "could not get their members from Slack")


def test_nothing_identical_is_published_again_within_a_minute(desk):
    desk.homes.opened(MIRA)
    for _ in range(5):
        desk.now += timedelta(seconds=5)
        desk.homes.opened(MIRA)
        desk.homes.acted(MIRA)
        desk.homes.refresh()
    assert desk.published() == 1
    desk.now += AT_MOST_EVERY
    desk.homes.refresh()
    assert desk.published() == 1
    desk.homes.opened(MIRA)
    assert desk.published() == 2  # “as of” is news to somebody who looks again


def test_a_change_reaches_those_who_looked_lately_once_a_minute_at_most(desk):
    desk.homes.opened(MIRA)
    desk.opens()
    desk.now += timedelta(seconds=30)
    desk.homes.refresh()
    assert desk.shows(MIRA, "No open incident")
    desk.now += timedelta(seconds=30)
    desk.homes.refresh()
    assert desk.shows(MIRA, "1 open incident")
    assert desk.published() == 2
    desk.opens(acknowledge(OPEN, by=JONAS, at=desk.now))
    desk.now += LATELY
    desk.homes.refresh()
    assert desk.published() == 2
    assert desk.shows(MIRA, "not acknowledged")


def test_what_somebody_did_is_shown_at_once_to_those_who_look(desk):
    desk.homes.opened(MIRA)
    desk.opens()
    desk.homes.acted(MIRA)
    desk.homes.acted(PRIYA)
    assert desk.shows(MIRA, "1 open incident")
    assert desk.slack.home(PRIYA) is None


def test_an_answer_stands_where_the_click_was_made_and_goes_by_itself(desk):
    desk.opens()
    desk.homes.opened(MIRA)
    desk.homes.answer(MIRA, silence.already_acknowledged(ENGLISH, ["shop"], JONAS), OPEN.id)
    types = [block["type"] for block in desk.slack.home(MIRA).blocks]
    assert desk.shows(MIRA, "already acknowledged")
    assert types[:4] == ["header", "rich_text", "actions", "rich_text"]
    desk.now += AT_MOST_EVERY
    desk.homes.refresh()
    assert not desk.shows(MIRA, "already acknowledged")


def test_the_leader_refreshes_what_another_replica_published_and_a_restart_repeats_nothing(desk):
    desk.homes.opened(MIRA)
    desk.now += AT_MOST_EVERY
    other = desk.replica()
    other.refresh()
    assert desk.published() == 1
    desk.opens()
    other.refresh()
    assert desk.shows(MIRA, "1 open incident")


def test_of_two_that_publish_at_once_an_older_view_does_not_stand(desk):
    """One replica has read the state, and Slack takes what it made of it after what another made of a newer state."""
    reading, go_on = threading.Event(), threading.Event()
    chat = desk.replica()._ports.chat

    def slowly(user, view):
        reading.set()
        assert go_on.wait(30)
        chat.publish_home(user, view)

    slow = desk.replica(chat=SimpleNamespace(publish_home=slowly, group_members=chat.group_members))
    late = threading.Thread(target=slow.opened, args=(MIRA,))
    late.start()
    assert reading.wait(30)
    desk.now += timedelta(seconds=1)
    desk.opens()
    desk.homes.opened(MIRA)
    assert desk.shows(MIRA, "1 open incident")
    go_on.set()
    late.join(30)
    assert desk.shows(MIRA, "1 open incident")
    assert desk.published() == 3


def test_slack_is_left_alone_as_long_as_it_asks_and_then_given_what_it_lacks(desk):
    desk.homes.opened(MIRA)
    desk.homes.opened(PRIYA)
    desk.opens()
    desk.now += AT_MOST_EVERY
    desk.slack.faults.methods = frozenset({"views.publish"})
    desk.slack.faults.rate_limited = 1
    before = desk.published()
    desk.homes.refresh()
    desk.homes.refresh()
    assert desk.published() == before + 1  # refused, and nothing was tried after it
    desk.now += AT_MOST_EVERY
    desk.homes.refresh()
    assert all(desk.shows(each, "1 open incident") for each in (MIRA, PRIYA))


def test_so_many_are_followed_and_no_more(desk):
    users = [f"U{number:09}" for number in range(MOST_VIEWERS + 5)]
    for user in users:
        desk.slack.workspace.users[user] = User(user, user, user, "", "#000")
        desk.now += timedelta(milliseconds=1)
        desk.homes.opened(user)
    desk.opens()
    desk.now += AT_MOST_EVERY
    desk.homes.refresh()
    assert [desk.shows(user, "1 open incident") for user in users] == [False] * 5 + [True] * MOST_VIEWERS


def test_a_database_that_does_not_answer_is_said_on_the_home(desk):
    class Away:
        def __getattr__(self, _):
            return self

        def __call__(self, *_args, **_kwargs):
            raise StoreError("The state database does not answer.")

    homes = desk.replica(store=Away())
    with pytest.raises(StoreError):
        homes.opened(MIRA)
    homes.answer(MIRA, errors.outdated_button(ENGLISH), "shop@1")
    assert desk.shows(MIRA, "That button is from an old message")


def test_the_week_counts_what_has_ended_and_been_settled(desk):
    resolved = replace(
        acknowledge(OPEN, by=JONAS, at=T0 + timedelta(minutes=3)),
        state=IncidentState.RESOLVED,
        resolved_at=T0 + timedelta(minutes=9),
        ended="cluster",
    )
    desk.opens()
    desk.opens(resolved)
    desk.store.settle(resolved.id)
    desk.now += timedelta(days=1)
    desk.homes.opened(MIRA)
    assert desk.shows(MIRA, "Incidents opened: 1, resolved: 1")
    assert desk.shows(MIRA, "(MTTA): 3 min")
    assert desk.shows(MIRA, "(MTTR): 9 min")
    desk.now += timedelta(days=7)
    desk.homes.opened(MIRA)
    assert desk.shows(MIRA, "Incidents opened: 0, resolved: 0")
    assert desk.shows(MIRA, "(MTTR): unknown, none resolved")
