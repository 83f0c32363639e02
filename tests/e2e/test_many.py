"""A thousand objects drift in fifty applications at once, under Slack's own rate limits: every alert is posted."""

import json
from collections import Counter

import pytest

from tests.common.fleet import running_fleet
from tests.common.slack import headline
from tests.common.wait import wait_for

APPLICATIONS = 50
OBJECTS = 20  # of each application; all of them drift
TEAMS = 10  # each with a channel for its five applications
# Slack takes a message a second in a channel, and a card for each application is the most that is posted.
SECONDS = 200.0
OPEN, RESOLVED = "🔴🟠🟡", "✅"


def cards(fleet):
    """The cards in the channels, by key."""
    messages = (message for channel in fleet.channels for message in fleet.slack.messages(channel))
    return {message.payload["key"]: message for message in messages if not message.reply}


def applications_shown(fleet, marks):
    """How many applications have a card that begins with one of these marks and says how many it is about."""
    incidents = [json.loads(body) for (body,) in fleet.rows("SELECT body FROM incidents")]
    by_key = Counter(incident["group"] or incident["id"] for incident in incidents if incident["state"] != "suspected")
    shown = cards(fleet)

    def says(title, number):
        # A check can find one of a team's applications before the others: its card is a group's, of one application.
        return title[0] in marks and (f"{number} application" in title or (number == 1 and "app-" in title))

    return sum(number for key, number in by_key.items() if key in shown and says(headline(shown[key]), number))


def edit_everything(fleet, level):
    for application in fleet.applications:
        for number in range(OBJECTS):
            fleet.edit(application, number, level)


@pytest.mark.timeout(3 * SECONDS)
def test_a_thousand_objects_drift_in_fifty_applications(tmp_path):
    with running_fleet(tmp_path, APPLICATIONS, TEAMS, settings=OBJECTS) as fleet:
        with fleet.running_bot(drift="5s", alerts={"group": 3}):
            edit_everything(fleet, "2")
            wait_for(lambda: applications_shown(fleet, OPEN) == APPLICATIONS, seconds=SECONDS)
            texts = [card.text for card in cards(fleet).values()]
            edit_everything(fleet, "1")
            wait_for(lambda: applications_shown(fleet, RESOLVED) == APPLICATIONS, seconds=SECONDS)
            wait_for(lambda: not fleet.unsettled(), seconds=SECONDS)
        assert {call.error or call.status for call in fleet.slack.calls} <= {200, "ratelimited"}
        assert all("app-" in text for text in texts)
