"""Home tabs, published to Slack from the stored state."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.database.store import SqlStore
from bot.adapters.slack.chat import SlackChat
from bot.core.incidents.detection import resolve_unwatched
from bot.core.incidents.incident import IncidentState, acknowledge, snooze
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.handlers.slack.home import MAX_VIEWERS, MIN_INTERVAL, VIEWED_WITHIN, HomePublisher
from bot.i18n.language import ENGLISH
from bot.messages import errors, silence
from bot.ports.store import StoreError
from bot.sandbox.slack import Rates, SandboxSlack
from bot.sandbox.slack.model import User
from tests.common.bot import application_settings
from tests.common.clock import Clock
from tests.common.samples import T0, check, incident
from tests.common.slack import JONAS, MIRA, PLATFORM, PRIYA, content, methods_called, slack_client
from tests.common.wait import DEADLINE

OPEN = incident()
ADOPTION = TrackedPullRequest(
    "platform#7", "platform", 7, "https://forge/7", "Adopt", JONAS, "shop", ("C1",), ("shop",), T0, purpose="adopt"
)


class HomeTabs:
    """Home tabs of the workspace, published by one replica of the bot or by several."""

    def __init__(self, bot):
        self.slack, self.clock = bot.slack, bot.clock
        self._bot = bot.start(applications={"shop": application_settings("shop", owners=[PLATFORM])})
        self.store = bot.store
        self.store.checks.save([check(at=T0)])
        self.homes = self.replica()

    def replica(self, **ports):
        return HomePublisher(self._bot.config, replace(self._bot.ports, **ports))

    def save(self, incident=OPEN):
        before = self.store.incidents.open_for(incident.application)
        assert self.store.incidents.exchange(before, incident)

    @property
    def published(self):
        """How often a Home tab was published."""
        return len(methods_called(self.slack, "views.publish"))

    def shows(self, user, text):
        return text in content(self.slack.home(user))


@pytest.fixture
def clock():
    return Clock(T0)


@pytest.fixture
def slack():
    with SandboxSlack(seed=1, rates=Rates.unlimited()).serve() as slack:
        yield slack


@pytest.fixture
def tabs(bot):
    return HomeTabs(bot)


def test_a_home_tab_shows_the_applications_of_its_owner_or_all(tabs):
    tabs.save()
    tabs.homes.opened(JONAS)
    tabs.homes.opened(PRIYA)
    assert tabs.shows(JONAS, "1 open incident")
    assert tabs.shows(JONAS, "You own these, directly or through a user group")
    assert tabs.shows(PRIYA, "because you own none")


def test_without_access_to_user_groups_ownership_is_unknown(tabs):
    tabs.slack.scopes.discard("usergroups:read")
    tabs.homes.opened(JONAS)
    assert tabs.shows(JONAS, "could not get their members from Slack")


def test_an_unchanged_view_is_not_published_again_within_a_minute(tabs):
    tabs.homes.opened(MIRA)
    for _ in range(5):
        tabs.clock.advance(seconds=5)
        tabs.homes.opened(MIRA)
        tabs.homes.acted(MIRA)
        tabs.homes.refresh()
    assert tabs.published == 1
    tabs.clock.advance(MIN_INTERVAL)
    tabs.homes.refresh()
    assert tabs.published == 1
    tabs.homes.opened(MIRA)
    assert tabs.published == 2  # “as of” is news to somebody who looks again


def test_recent_viewers_get_changes_once_a_minute_at_most(tabs):
    tabs.homes.opened(MIRA)
    tabs.save()
    tabs.clock.advance(seconds=30)
    tabs.homes.refresh()
    assert tabs.shows(MIRA, "No open incident")
    tabs.clock.advance(seconds=30)
    tabs.homes.refresh()
    assert tabs.shows(MIRA, "1 open incident")
    assert tabs.published == 2
    tabs.save(acknowledge(OPEN, by=JONAS, at=tabs.clock()))
    tabs.clock.advance(VIEWED_WITHIN)
    tabs.homes.refresh()
    assert tabs.published == 2
    assert tabs.shows(MIRA, "not acknowledged")


def test_an_action_updates_the_home_tab_of_whoever_acted_at_once(tabs):
    tabs.homes.opened(MIRA)
    tabs.save()
    tabs.homes.acted(MIRA)
    tabs.homes.acted(PRIYA)
    assert tabs.shows(MIRA, "1 open incident")
    assert tabs.slack.home(PRIYA) is None


def test_an_answer_appears_next_to_the_clicked_button_and_expires(tabs):
    tabs.save()
    tabs.homes.opened(MIRA)
    tabs.homes.answer(MIRA, silence.already_acknowledged(ENGLISH, ["shop"], JONAS), OPEN.id)
    types = [block["type"] for block in tabs.slack.home(MIRA).blocks]
    assert tabs.shows(MIRA, "already acknowledged")
    assert types[:4] == ["header", "rich_text", "actions", "rich_text"]
    tabs.clock.advance(MIN_INTERVAL)
    tabs.homes.refresh()
    assert not tabs.shows(MIRA, "already acknowledged")


@pytest.mark.parametrize("answered", ["before the refresh publishes", "while the refresh publishes"])
def test_a_refresh_does_not_replace_the_answer_to_a_click(tabs, answered):
    class BusyChat(SlackChat):
        """Someone clicks when the refresh calls Slack."""

        on_publish = None

        def publish_home(self, user, view):
            on_publish, self.on_publish = self.on_publish, None
            if on_publish and answered.startswith("before"):
                on_publish()
            super().publish_home(user, view)
            if on_publish and answered.startswith("while"):
                on_publish()

    chat = BusyChat(slack_client(tabs.slack))
    homes = tabs.replica(chat=chat)
    homes.opened(MIRA)
    tabs.clock.advance(MIN_INTERVAL)
    tabs.save()

    def click():
        tabs.clock.advance(seconds=1)
        homes.answer(MIRA, silence.already_acknowledged(ENGLISH, ["shop"], JONAS), OPEN.id)

    chat.on_publish = click
    homes.refresh()
    assert tabs.shows(MIRA, "already acknowledged")


def test_any_replica_refreshes_what_another_one_published(tabs):
    tabs.homes.opened(MIRA)
    tabs.clock.advance(MIN_INTERVAL)
    other = tabs.replica()
    other.refresh()
    assert tabs.published == 1
    tabs.save()
    other.refresh()
    assert tabs.shows(MIRA, "1 open incident")


def test_an_older_view_published_late_is_replaced(tabs):
    """One replica has read the state, and Slack takes what it made of it after what another made of a newer state."""
    reading, go_on = threading.Event(), threading.Event()

    class SlowChat(SlackChat):
        def publish_home(self, user, view):
            reading.set()
            assert go_on.wait(DEADLINE)
            super().publish_home(user, view)

    slow = tabs.replica(chat=SlowChat(slack_client(tabs.slack)))
    late = threading.Thread(target=slow.opened, args=(MIRA,))
    late.start()
    assert reading.wait(DEADLINE)
    tabs.clock.advance(seconds=1)
    tabs.save()
    tabs.homes.opened(MIRA)
    assert tabs.shows(MIRA, "1 open incident")
    go_on.set()
    late.join(DEADLINE)
    assert tabs.shows(MIRA, "1 open incident")
    assert tabs.published == 3


def test_a_rate_limit_pauses_publishing_for_as_long_as_slack_asks(tabs):
    tabs.homes.opened(MIRA)
    tabs.homes.opened(PRIYA)
    tabs.save()
    tabs.clock.advance(MIN_INTERVAL)
    tabs.slack.faults.methods = frozenset({"views.publish"})
    tabs.slack.faults.rate_limited = 1
    before = tabs.published
    tabs.homes.refresh()
    tabs.homes.refresh()
    assert tabs.published == before + 1  # refused, and nothing was tried after it
    tabs.clock.advance(MIN_INTERVAL)
    tabs.homes.refresh()
    assert all(tabs.shows(user, "1 open incident") for user in (MIRA, PRIYA))


def test_the_number_of_followed_viewers_is_bounded(tabs):
    users = [f"U{number:09}" for number in range(MAX_VIEWERS + 5)]
    for user in users:
        tabs.slack.workspace.users[user] = User(user, user, user, "", "#000")
        tabs.clock.advance(milliseconds=1)
        tabs.homes.opened(user)
    tabs.save()
    tabs.clock.advance(MIN_INTERVAL)
    tabs.homes.refresh()
    assert [tabs.shows(user, "1 open incident") for user in users] == [False] * 5 + [True] * MAX_VIEWERS


def test_without_the_database_a_click_is_still_answered(tabs, tmp_path):
    database = tmp_path / "broken.db"
    broken = SqlStore(f"sqlite:///{database}")
    broken.close()  # it reconnects when it is used
    database.write_bytes(b"This is not a database. " * 100)
    homes = tabs.replica(store=broken)
    with pytest.raises(StoreError):
        homes.opened(MIRA)
    homes.answer(MIRA, errors.outdated_button(ENGLISH), "shop@1")
    assert tabs.shows(MIRA, "That button is from an old message")
    broken.close()


def test_an_incident_that_you_snoozed_is_counted_where_it_is_shown(tabs):
    tabs.save(snooze(OPEN, by=JONAS, until=T0 + timedelta(hours=4), at=T0))
    for user, headline in ((JONAS, "1 incident, snoozed by you"), (MIRA, "1 open incident")):
        tabs.homes.opened(user)
        assert tabs.shows(user, headline)


def test_an_adoption_without_drift_is_to_be_closed_as_its_card_says(tabs):
    tabs.store.pull_requests.save(replace(ADOPTION, moot=True))
    tabs.homes.opened(JONAS)
    assert tabs.shows(JONAS, "the drift is gone or has changed, so close it")


def test_an_unwatched_incident_is_not_one_that_was_resolved(tabs):
    tabs.save()
    tabs.save(resolve_unwatched(OPEN, T0 + timedelta(minutes=9)))
    tabs.homes.opened(MIRA)
    assert tabs.shows(MIRA, "Incidents opened: 1, resolved: 0")
    assert tabs.shows(MIRA, "(MTTR): unknown, none resolved")


def test_the_week_counts_settled_incidents(tabs):
    resolved = replace(
        acknowledge(OPEN, by=JONAS, at=T0 + timedelta(minutes=3)),
        state=IncidentState.RESOLVED,
        resolved_at=T0 + timedelta(minutes=9),
        ended="cluster",
    )
    tabs.save()
    tabs.save(resolved)
    tabs.store.settle(resolved)
    tabs.clock.advance(days=1)
    tabs.homes.opened(MIRA)
    assert tabs.shows(MIRA, "Incidents opened: 1, resolved: 1")
    assert tabs.shows(MIRA, "(MTTA): 3 min")
    assert tabs.shows(MIRA, "(MTTR): 9 min")
    tabs.clock.advance(days=7)
    tabs.homes.opened(MIRA)
    assert tabs.shows(MIRA, "Incidents opened: 0, resolved: 0")
    assert tabs.shows(MIRA, "(MTTR): unknown, none resolved")
