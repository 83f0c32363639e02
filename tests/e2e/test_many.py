"""A thousand objects drift in fifty applications at once, under Slack's own rate limits: all is told, readably."""

import json
import time
from collections import Counter

import pytest

APPLICATIONS = 50
OBJECTS = 20  # of each application; all of them drift
PATIENCE = 200.0
OPEN, ENDED = "🔴🟠🟡", "✅"


def header(message):
    return message.blocks[0]["text"]["text"]


def cards(estate):
    """What stands in the channels, by key."""
    standing = (message for channel in estate.channels for message in estate.slack.messages(channel))
    return {message.payload["key"]: message for message in standing if not message.reply}


def shown(estate, marks):
    """How many applications stand on a card that begins so and says how many, by the key of the card."""
    known = [json.loads(body) for (body,) in estate.rows("SELECT body FROM incidents")]
    by_key = Counter(body["group"] or body["id"] for body in known if body["state"] != "suspected")
    standing = cards(estate)

    def says(title, number):
        return title[0] in marks and (f": {number} applications on prod" if number > 1 else ": app-") in title

    return {key: n for key, n in by_key.items() if key in standing and says(header(standing[key]), n)}


def drift(estate, level):
    """Somebody writes to every object; how long that took, and when it began."""
    began = time.time()
    for application in estate.applications:
        for number in range(OBJECTS):
            estate.write(application, number, level)
    return began


def told(estate, marks, since):
    """Wait until every application is on a card that begins so; how many seconds after."""
    estate.until(lambda: sum(shown(estate, marks).values()) == APPLICATIONS, PATIENCE)
    return max(float(message.versions[-1].ts) for message in cards(estate).values()) - since


@pytest.mark.timeout(3 * PATIENCE)
@pytest.mark.parametrize(("teams", "group"), [(1, 5), (10, 5), (10, 10_000)])
def test_a_thousand_objects_drift_in_fifty_applications(make_estate, capsys, teams, group):
    with make_estate(APPLICATIONS, teams, settings=OBJECTS) as estate:
        bot = estate.bot(alerts={"group": group})
        bot.start()
        try:
            estate.until(lambda: len(estate.rows("SELECT 1 FROM checks")) == APPLICATIONS, PATIENCE)
            alerted = told(estate, OPEN, drift(estate, "2"))
            spoken = [message.text for message in cards(estate).values()]
            ended = told(estate, ENDED, drift(estate, "1"))
            estate.until(lambda: not estate.unsettled(), PATIENCE)
            assert bot.stop() == 0
        finally:
            bot.kill()
        messages = [message for channel in estate.channels for message in estate.slack.posted(channel)]
        answers = Counter(call.error or call.status for call in estate.slack.calls)
        waited = answers.pop("ratelimited", 0)
        with capsys.disabled():
            print(
                f"\n{APPLICATIONS * OBJECTS:,} objects of {APPLICATIONS} applications in {teams} channel(s): "
                f"all told after {alerted:.1f} s on {len(spoken)} card(s), all ended after {ended:.1f} s; "
                f"{len(messages)} messages, {answers.total()} calls, {waited} times 429"
            )
        assert set(answers) == {200}  # nothing was too large, or refused for anything else
        assert all("app-" in text for text in spoken)
