"""Many episodes through a storm of faults and `kill -9`: afterwards each has exactly one card, as it ended."""

import json
import os
import random
import signal
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import pytest

from bot.sandbox.slack import Rates, Storm, storm
from bot.sandbox.slack.storm import StormEvent
from tests.common.fleet import running_fleet, settings_manifest, settings_path
from tests.common.slack import TOMAS, headline
from tests.common.wait import DEADLINE, wait_for

SEED = int(os.environ.get("STORM_SEED", "7"))
APPLICATIONS = 25  # each with a channel of its own
# Episodes of each, one after another; `make soak` lets it last longer.
ROUNDS = int(os.environ.get("STORM_ROUNDS", "1"))
# What becomes of an application's next episode, and how often.
KINDS = {"undone": 4, "acknowledged": 3, "adopted": 2, "merged": 2, "pull request": 1}
# More at once would be one rollout, as they are after a bot was away: see `bot.handlers.rollouts.merges`.
MERGES_AT_ONCE = 6
# Requests of the bot, to Slack and to the cluster, between two faults and between two kills: a slow machine is given
# the same weather for the same work.
STEP = 20
KILL = (60, 240)
SECONDS = 100.0 * ROUNDS  # for all episodes, on a machine with much else to do
RESOLVED, ACKNOWLEDGED = "✅", "👀"
OVER = object()
PRESS_AGAIN_AFTER = 2.0  # seconds


def latest_messages(workspace):
    """The newest messages of the bot: people delete what they see, and mostly cards that are still needed."""
    messages = [
        message
        for channel in workspace.channels.values()
        for message in channel.messages[-8:]
        if message.bot and not message.deleted and not message.ephemeral_for
    ]
    return [{"channel": message.channel, "ts": message.ts} for message in messages]


DELETION = StormEvent("delete_message", latest_messages, weight=4.0)
STORM_EVENTS = (DELETION, *(kind for kind in storm.STORM_EVENTS if kind.begin != DELETION.begin))


@dataclass
class Expected:
    """The cards that must exist, by key, with the channel of each; and the merges that have no card yet."""

    cards: dict[str, str] = field(default_factory=dict)
    merging: int = 0


def key_of(message):
    return message.payload.get("key", "")


def until(condition):
    """Yields until the condition holds; its value."""
    while not (value := condition()):
        yield
    return value


class Life:
    """One application: its episodes one after another, each as far as Slack shows it."""

    def __init__(self, fleet, application, expected, rounds):
        self._fleet = fleet
        self._application = application
        self._channel = fleet.channel_of(application)
        self._expected = expected
        dice = random.Random(f"{SEED} {application.name}")  # noqa: S311  repeatable, not secret
        self._kinds = dice.choices(list(KINDS), list(KINDS.values()), k=rounds)
        self._level = 1

    def run(self):
        for kind in self._kinds:
            if kind in {"merged", "pull request"}:
                self._level += 1
                yield from self._merge(pull_request=kind == "pull request")
            else:
                yield from self._drift(kind)

    def _drift(self, kind):
        self._fleet.edit(self._application, 0, str(self._level + 1))
        key = yield from until(self._new_card)
        self._expected.cards[key] = self._channel
        if kind == "acknowledged":
            yield from self._acknowledge(key)
        if kind == "adopted":
            self._level += 1
            yield from self._merge()
        else:
            self._fleet.edit(self._application, 0, str(self._level))
        yield from until(lambda: self._shows(key, RESOLVED))

    def _acknowledge(self, key):
        """As a person does: press it, and press it again when nothing comes of that."""
        clicked_at, click = 0.0, None
        while not self._shows(key, ACKNOWLEDGED):
            given_up = click is None or (click.done and time.monotonic() - clicked_at > PRESS_AGAIN_AFTER)
            if given_up and (card := self._visible(key)):
                clicked_at, click = time.monotonic(), self._fleet.slack.click(TOMAS, card, "acknowledge")
            yield

    def _merge(self, *, pull_request=False):
        """Commit the present level, and follow its rollout."""
        while self._expected.merging >= MERGES_AT_ONCE:
            yield
        self._expected.merging += 1
        key = f"platform@{self._commit(pull_request)}#{self._channel}"
        self._expected.cards[key] = self._channel
        yield from until(lambda: any(key_of(message) == key for message in self._posted()))
        yield from until(lambda: self._shows(key, RESOLVED))
        self._expected.merging -= 1

    def _commit(self, pull_request):
        fleet, name = self._fleet, self._application.name
        files = {settings_path(self._application, 0): settings_manifest(0, str(self._level))}
        title = f"Level {self._level} of {name}"
        if not pull_request:
            return fleet.commit(files, f"{title}\n")
        branch = f"{name}-{self._level}"
        fleet.repository.commit(branch, files, f"{title}\n", "ana")
        pull = fleet.repository.open_pull(head=branch, base="main", title=title, body="", by="ana")
        return fleet.repository.merge(pull.number, "ana").merge_sha

    def _posted(self):
        return self._fleet.slack.posted(self._channel)

    def _new_card(self):
        known, own = self._expected.cards, f"{self._application.name}@"
        keys = (key_of(message) for message in reversed(self._posted()))
        return next((key for key in keys if key.startswith(own) and "/" not in key and key not in known), None)

    def _visible(self, key):
        return next((message for message in self._posted() if key_of(message) == key and not message.deleted), None)

    def _shows(self, key, mark):
        return any(key_of(message) == key and headline(message).startswith(mark) for message in self._posted())


class Weather:
    """The storm's clock, by how much the bot has done: when a fault strikes, and when the bot is killed."""

    def __init__(self, bot, fleet, storm):
        self._bot = bot
        self._fleet = fleet
        self._storm = storm
        self._dice = random.Random(f"{SEED} kills")  # noqa: S311
        self._armed = False
        self._lock = threading.Lock()
        self.kills = Counter()
        self._step_at = self._requests() + STEP
        self._kill_at = self._requests() + self._dice.uniform(*KILL)
        fleet.slack.workspace.listeners.append(self._on_event)

    def blow(self):
        requests = self._requests()
        if requests >= self._step_at:
            self._storm.step()
            self._step_at = requests + STEP
        if requests >= self._kill_at:
            self._kill_at = requests + self._dice.uniform(*KILL)
            self._armed = self._dice.random() < 0.5
            if not self._armed:
                self._bot.kill()
                self.kills["killed at any instant"] += 1
        if not self._bot.running:
            assert self._bot.process.returncode == -signal.SIGKILL, self._bot.log()[-5_000:]
            self._bot.start()

    def end(self):
        """No further faults; the bot runs."""
        self._fleet.slack.workspace.listeners.remove(self._on_event)
        with self._lock:  # the bot may be about to be killed
            self._armed = False
            if not self._bot.running:
                self._bot.start()

    def _requests(self):
        return len(self._fleet.slack.calls) + len(self._fleet.api.requests)

    def _on_event(self, event):
        """Slack has done what the bot asked, and has not answered yet: the worst instant to die."""
        with self._lock:
            if self._armed and event["type"] in {"message", "message_changed"} and event["message"]["bot"]:
                self._armed = False
                self.kills["killed before an answer"] += 1
                self._bot.kill()


@pytest.mark.timeout(SECONDS + 3 * DEADLINE)
@pytest.mark.parametrize(("history", "rounds"), [(True, ROUNDS), (False, 1)], ids=["whole", "without channels:history"])
def test_a_storm_loses_nothing_and_doubles_nothing(tmp_path, capsys, history, rounds):
    with running_fleet(tmp_path, APPLICATIONS, APPLICATIONS, rates=Rates.unlimited(), ack_timeout=1.0) as fleet:
        slack, expected = fleet.slack, Expected()
        slack.faults.silence = 0.3
        if not history:
            slack.scopes.discard("channels:history")
        with fleet.running_bot(alerts={"group": 10_000}) as bot:
            with Storm(slack, SEED, events=STORM_EVENTS) as storm:
                kills = live_through(storm, bot, fleet, expected, rounds)
            wait_for(lambda: not fleet.unsettled(), failure=lambda: f"{fleet.unsettled()}\n{bot.log()[-8_000:]}")
        mistakes = verdict(fleet, expected)
        with capsys.disabled():
            print(report(expected, slack, kills, mistakes))
        unclear = sum(call.method == "chat.postMessage" and call.status != 200 for call in slack.calls) + kills.total()
        doubled = mistakes.pop("doubled", [])
        assert not mistakes
        assert len(doubled) <= (0 if history else unclear)
        assert len(expected.cards) >= rounds * APPLICATIONS


def live_through(storm, bot, fleet, expected, rounds):
    """Live all lives; how often the bot was killed, by when."""
    weather = Weather(bot, fleet, storm)
    lives = [Life(fleet, application, expected, rounds).run() for application in fleet.applications]

    def all_are_over():
        weather.blow()
        lives[:] = [life for life in lives if next(life, OVER) is not OVER]
        return not lives

    wait_for(all_are_over, seconds=SECONDS, failure=lambda: f"{len(expected.cards)} cards\n{bot.log()[-8_000:]}")
    weather.end()
    return weather.kills


def verdict(fleet, expected):
    """Everything that is not as it should be: keys by what is wrong with them."""
    mistakes = defaultdict(list)
    incidents = {id_: json.loads(body) for id_, body in fleet.rows("SELECT id, body FROM incidents")}
    rollouts = {id_: json.loads(body) for id_, body in fleet.rows("SELECT id, body FROM rollouts")}
    stored = {id_: body["channel"] for id_, body in incidents.items()}
    stored |= {f"{id_}#{part['channel']}": part["channel"] for id_, body in rollouts.items() for part in body["parts"]}
    mistakes["lost"] += expected.cards.keys() - stored.keys()
    mistakes["made by nobody"] += stored.keys() - expected.cards.keys()
    posted = defaultdict(list)
    for channel in fleet.channels:
        for message in fleet.slack.posted(channel):
            posted[key_of(message)].append(message)
    for key, channel in stored.items():
        for mistake in card_mistakes(posted[key], channel):
            mistakes[mistake].append(key)
        replies = [reply for reply in posted if reply.startswith(f"{key}/")]
        mistakes["end not announced"] += [] if replies else [key]
        for reply in replies:
            for mistake in reply_mistakes(posted[reply], posted[key]):
                mistakes[mistake].append(reply)
    return {mistake: keys for mistake, keys in mistakes.items() if keys}


def card_mistakes(messages, channel):
    """What is wrong with the card of one key, of all that were ever posted for it."""
    visible = [message for message in messages if not message.deleted]
    if not messages or (not visible and not headline(messages[-1]).startswith(RESOLVED)):
        yield "lost"
    if len(visible) > 1:
        yield "doubled"
    elif visible and not headline(visible[0]).startswith(RESOLVED):
        # Of two messages, the storm may have deleted the one that the bot knows.
        yield "doubled" if len(messages) > 1 else "not as it ended"
    if any(message.channel != channel for message in messages):
        yield "in the wrong channel"


def reply_mistakes(replies, cards):
    """The same of a reply. A reply below a card that somebody deleted may be repeated below the new one."""
    visible = [message for message in replies if not message.deleted]
    if any(not message.reply for message in visible):
        yield "reply in the channel"
    threads = Counter(message.thread_ts for message in visible)
    visible_cards = {message.ts for message in cards if not message.deleted}
    if max(threads.values(), default=0) > 1 or len(visible_cards & threads.keys()) > 1:
        yield "doubled"


def report(expected, slack, kills, mistakes):
    faults = slack.faults.applied + kills
    counts = ", ".join(f"{mistake} {len(keys)}" for mistake, keys in {"lost": [], "doubled": [], **mistakes}.items())
    return "\n".join(
        (
            f"\nSeed {SEED}: {len(expected.cards)} episodes, {faults.total()} faults, {kills.total()} kills: {counts}",
            "  " + ", ".join(f"{name} {count}" for name, count in sorted(faults.items())),
            *(f"  {mistake}: {keys}" for mistake, keys in mistakes.items()),
        )
    )
