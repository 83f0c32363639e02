"""The Home tab through the real Bolt app: opened, clicked, refused, and brought up to date."""

import json
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.database.store import SqlStore
from bot.core.access.audit import Origin
from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.incidents.incident import Incident, IncidentState
from bot.messages import home as home_message
from bot.messages import incident as card
from bot.messages import snooze as form
from bot.sandbox.demo import ALERTS, Demo

SLOW = dict.fromkeys(("drift", "git", "second_look", "rollout", "rollout_deadline"), "24h")
JONAS, PRIYA, TOMAS = "U0JONAS001", "U0PRIYA001", "U0TOMAS001"
PATIENCE = 60.0
DRIFT = (
    ObjectDrift("apps/v1", "Deployment", "shop", "web", "modified", (FieldDrift("changed", "spec.replicas", 2, 7),)),
)


@pytest.fixture(scope="module")
def demo():
    settings = {"shop": {"owners": [TOMAS], "silence_allowed": [TOMAS, JONAS]}}
    with Demo(schedule=SLOW, deploy_delay=0.2, application_settings=settings) as running:
        running.slack.wait_for(lambda: running.slack.connections > 0, PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while len(running.checks()) < 6:
            assert time.monotonic() < deadline
            threading.Event().wait(0.02)
        yield running


@pytest.fixture(scope="module")
def store(demo):
    with closing(SqlStore(demo.config.store)) as opened:
        now = datetime.now(tz=UTC)
        for name in ("shop", "search"):
            incident = Incident(
                id=f"{name}@1",
                application=name,
                cluster="prod",
                channel=ALERTS,
                state=IncidentState.OPEN,
                since=now,
                checked_at=now,
                revision="a" * 40,
                drift=DRIFT,
                worst=DRIFT,
                opened_at=now,
                announced_at=now,
            )
            assert opened.incidents.exchange(None, incident)
        yield opened


@pytest.fixture
def home(demo, store):
    """Somebody's Home, once it shows a text."""
    assert store

    def shown(user, text):
        def there():
            view = demo.slack.home(user)
            return view if view and text in json.dumps(view.blocks, ensure_ascii=False) else None

        return demo.slack.wait_for(there, PATIENCE)

    return shown


def test_opening_the_tab_shows_what_is_theirs(demo, home):
    demo.slack.open_home(TOMAS)
    assert home(TOMAS, "You own these, directly or through a user group")
    demo.slack.open_home(PRIYA)
    view = home(PRIYA, "2 open incidents")
    values = [each["value"] for block in view.blocks if block["type"] == "actions" for each in block["elements"]]
    assert set(values) == {"shop@1", "search@1"}
    assert home(PRIYA, "because you own none")


def test_who_may_not_is_told_where_they_clicked_and_nothing_happens(demo, home, store):
    demo.slack.open_home(PRIYA)
    view = home(PRIYA, "2 open incidents")
    whispers = len(demo.slack.ephemerals(PRIYA))
    demo.slack.click(PRIYA, view, card.ACKNOWLEDGE, "shop@1")
    view = home(PRIYA, "You are not allowed to acknowledge or snooze incidents here")
    at = next(number for number, block in enumerate(view.blocks) if "You are not allowed" in json.dumps(block))
    assert {each["value"] for each in view.blocks[at - 1]["elements"]} == {"shop@1"}
    assert store.incidents.open_for("shop").state is IncidentState.OPEN
    entry = list(store.audit_log.entries())[-1]
    assert (entry.who, entry.origin, entry.result) == (
        PRIYA,
        Origin.HOME,
        "denied: applications.shop.silence_allowed",
    )
    assert len(demo.slack.ephemerals(PRIYA)) == whispers


def test_who_may_acknowledges_snoozes_and_wakes_from_there(demo, home, store):
    demo.slack.open_home(JONAS)
    view = home(JONAS, "2 open incidents")
    demo.slack.click(JONAS, view, card.ACKNOWLEDGE, "shop@1")
    view = home(JONAS, "You acknowledged")
    assert store.incidents.open_for("shop").acknowledged_by == JONAS

    demo.slack.click(JONAS, view, card.SNOOZE, "shop@1")
    asked = demo.slack.wait_for(lambda: [each for each in demo.slack.views if "submit" in each.content], PATIENCE)[-1]
    demo.slack.submit_view(JONAS, asked, {form.PICKED: "4h"})
    view = home(JONAS, "You snoozed")
    assert store.incidents.open_for("shop").state is IncidentState.SNOOZED

    demo.slack.click(JONAS, view, home_message.END_SNOOZE, "shop@1")
    home(JONAS, "snooze ended")
    assert store.incidents.open_for("shop").state is IncidentState.ACKNOWLEDGED
    made = [entry for entry in store.audit_log.entries() if entry.who == JONAS]
    assert [(entry.what.split()[0], entry.origin, entry.result) for entry in made] == [
        ("acknowledge", Origin.HOME, "Done"),
        ("snooze", Origin.MODAL, "Done"),
        ("wake", Origin.HOME, "Done"),
    ]


def test_the_diff_opens_over_it(demo, home):
    demo.slack.open_home(JONAS)
    view = home(JONAS, "open incidents")
    demo.slack.click(JONAS, view, card.SHOW_DIFF, "search@1")
    demo.slack.wait_for(lambda: [each for each in demo.slack.views if "search" in json.dumps(each.blocks)], PATIENCE)


def test_a_forged_button_of_the_home_says_so_and_does_nothing(demo, home, store):
    demo.slack.open_home(JONAS)
    view = home(JONAS, "open incidents")
    before = store.incidents.unsettled()
    answers = {
        card.ACKNOWLEDGE: "That card has no open incident",
        home_message.END_SNOOZE: "Nothing on that card is snoozed",
    }
    for action, answer in answers.items():
        for block in view.blocks:
            for element in block.get("elements", ()) if block["type"] == "actions" else ():
                element.update(action_id=action, value="payments@1' OR 1=1")
        demo.slack.click(JONAS, view, action, "payments@1' OR 1=1")
        view = home(JONAS, answer)
    assert store.incidents.unsettled() == before


def test_what_they_do_elsewhere_is_on_their_home_at_once(demo, home, store):
    demo.slack.open_home(TOMAS)
    home(TOMAS, "open incident")
    demo.slack.command(TOMAS, ALERTS, "snooze shop 2d")
    assert home(TOMAS, "End snooze")
    until = store.incidents.open_for("shop").snoozed_until
    assert until - datetime.now(tz=UTC) > timedelta(days=1)
