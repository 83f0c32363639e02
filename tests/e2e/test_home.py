"""The Home tab through the real Bolt app: opened, clicked, refused, and brought up to date."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.database.store import SqlStore
from bot.core.access.audit import Origin
from bot.core.incidents.incident import IncidentState
from bot.messages import incident as card
from bot.messages import snooze_modal as form
from tests.common.demo import IDLE_SCHEDULE, running_demo
from tests.common.samples import incident
from tests.common.slack import JONAS, PRIYA, TOMAS, Person


@pytest.fixture(scope="module")
def demo():
    settings = {"shop": {"owners": [TOMAS], "silence_allowed": [TOMAS, JONAS]}}
    with running_demo(schedule=IDLE_SCHEDULE, application_settings=settings) as demo:
        yield demo


@pytest.fixture(scope="module", autouse=True)
def store(demo):
    """The bot's own database, with two open incidents."""
    with closing(SqlStore(demo.config.store)) as store:
        now = datetime.now(tz=UTC)
        times = dict.fromkeys(("since", "checked_at", "opened_at", "announced_at"), now)
        for name in ("shop", "search"):
            assert store.incidents.exchange(None, incident(name, **times, suspects=()))
        yield store


@pytest.fixture
def jonas(demo):
    return Person(demo.slack, JONAS)


@pytest.fixture
def priya(demo):
    return Person(demo.slack, PRIYA)


@pytest.fixture
def tomas(demo):
    return Person(demo.slack, TOMAS)


def test_a_home_tab_shows_the_applications_of_its_owner_or_all(priya, tomas):
    tomas.open_home("You own these, directly or through a user group")
    view = priya.open_home("2 open incidents")
    rows = [block["elements"] for block in view.blocks if block["type"] == "actions"]
    assert {button["value"] for row in rows for button in row} == {"shop@1", "search@1"}
    priya.home("because you own none")


def test_a_denied_click_is_answered_next_to_the_button(demo, priya, store):
    view = priya.open_home("2 open incidents")
    ephemerals = demo.slack.ephemerals(PRIYA)
    priya.click(view, card.ACKNOWLEDGE, "shop@1")
    view = priya.home("You are not allowed to acknowledge or snooze incidents here")
    at = next(number for number, block in enumerate(view.blocks) if "You are not allowed" in json.dumps(block))
    assert {button["value"] for button in view.blocks[at - 1]["elements"]} == {"shop@1"}
    assert store.incidents.open_for("shop").state is IncidentState.OPEN
    *_, entry = store.audit_log.entries()
    expected = (PRIYA, Origin.HOME, "denied: applications.shop.silence_allowed")
    assert (entry.who, entry.origin, entry.result) == expected
    assert demo.slack.ephemerals(PRIYA) == ephemerals


def test_an_incident_is_acknowledged_snoozed_and_unsnoozed_from_the_home_tab(jonas, store):
    view = jonas.open_home("2 open incidents")
    jonas.click(view, card.ACKNOWLEDGE, "shop@1")
    view = jonas.home("You acknowledged")
    assert store.incidents.open_for("shop").acknowledged_by == JONAS

    jonas.click(view, card.SNOOZE, "shop@1")
    jonas.submit(jonas.modal(), {form.PICKED: "4h"})
    view = jonas.home("You snoozed")
    assert store.incidents.open_for("shop").state is IncidentState.SNOOZED

    jonas.click(view, card.END_SNOOZE, "shop@1")
    jonas.home("snooze ended")
    assert store.incidents.open_for("shop").state is IncidentState.ACKNOWLEDGED
    entries = [entry for entry in store.audit_log.entries() if entry.who == JONAS]
    assert [(entry.what.split()[0], entry.origin, entry.result) for entry in entries] == [
        ("acknowledge", Origin.HOME, "Done"),
        ("snooze", Origin.MODAL, "Done"),
        ("wake", Origin.HOME, "Done"),
    ]


def test_the_diff_opens_over_the_home_tab(jonas):
    jonas.click(jonas.open_home("open incidents"), card.SHOW_DIFF, "search@1")
    jonas.modal("search")


def test_a_forged_button_of_the_home_tab_does_nothing_and_says_so(jonas, store):
    view = jonas.open_home("open incidents")
    before = store.incidents.unsettled()
    answers = {
        card.ACKNOWLEDGE: "That card has no open incident",
        card.END_SNOOZE: "Nothing on that card is snoozed",
    }
    for action, answer in answers.items():
        for block in view.blocks:
            for element in block.get("elements", ()) if block["type"] == "actions" else ():
                element.update(action_id=action, value="payments@1' OR 1=1")
        jonas.click(view, action, "payments@1' OR 1=1")
        view = jonas.home(answer)
    assert store.incidents.unsettled() == before


def test_a_command_updates_the_home_tab_at_once(tomas, store):
    tomas.open_home("open incident")
    tomas.type("snooze shop 2d")
    tomas.home("End snooze")
    snoozed_until = store.incidents.open_for("shop").snoozed_until
    assert snoozed_until - datetime.now(tz=UTC) > timedelta(days=1)
