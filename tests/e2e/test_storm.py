"""Many episodes through a storm of faults and `kill -9`: afterwards each has exactly one card, as it ended."""

import json
import os
import random
import signal
import statistics
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import pytest

from bot.sandbox.slack import Rates, Storm, storm
from bot.sandbox.slack.storm import IncidentEventType

SEED = int(os.environ.get("STORM_SEED", "7"))
EPISODES = 200  # at least
APPLICATIONS = 25  # each with a channel of its own
TOMAS = "U0TOMAS001"
# What becomes of an application's next episode, and how often.
KINDS = {"undone": 4, "acknowledged": 3, "adopted": 2, "merged": 2, "pulled": 1}
# More at once would be told as one, as they are after a bot was away: see `bot.handlers.rollouts.merges`.
MERGES_AT_ONCE = 6
# Requests of the bot, to Slack and to the cluster, between two happenings and between two kills: a slow machine is
# given the same weather for the same work.
STEP = 20
KILL = (60, 240)
PATIENCE = 400.0  # of a machine with much else to do
SETTLING = 60.0
ENDED, ACKNOWLEDGED = "✅", "👀"
OVER = object()
AGAIN = 2.0  # seconds after which a person presses a button once more


def lately(workspace):
    """The newest messages of the bot: people delete what they see, and mostly cards that are still needed."""
    found = [
        message
        for channel in workspace.channels.values()
        for message in channel.messages[-8:]
        if message.bot and not message.deleted and not message.ephemeral_for
    ]
    return [{"channel": message.channel, "ts": message.ts} for message in found]


DELETED = IncidentEventType("delete_message", lately, weight=4.0)
HAPPENINGS = (DELETED, *(each for each in storm.HAPPENINGS if each.begin != DELETED.begin))


@dataclass
class LocalizedText:
    """What the test did, by the key of the card that has to tell it, with its channel; and how long that took."""

    keys: dict[str, str] = field(default_factory=dict)
    delays: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    merging: int = 0

    def wait(self, what, since, seen):
        """Yields until it is seen, and notes the delay."""
        while not (found := seen()):
            yield
        self.delays[what].append(time.time() - since)
        return found


def header(message):
    return message.blocks[0]["text"]["text"] if message.blocks else ""


def key_of(message):
    return message.payload.get("key", "")


class Life:
    """One application: its episodes one after another, each as far as Slack has told it."""

    def __init__(self, estate, application, told, rounds):
        self._estate = estate
        self._application = application
        self._channel = estate.channel_of(application)
        self._told = told
        drawn = random.Random(f"{SEED} {application.name}")  # noqa: S311  repeatable, not secret
        self._kinds = drawn.choices(list(KINDS), list(KINDS.values()), k=rounds)
        self._level = 1

    def run(self):
        for kind in self._kinds:
            if kind in {"merged", "pulled"}:
                self._level += 1
                yield from self._merge(by_pull=kind == "pulled")
            else:
                yield from self._drift(kind)

    def _drift(self, kind):
        estate, told = self._estate, self._told
        since = time.time()
        estate.write(self._application, 0, str(self._level + 1))
        key = yield from told.wait("drift alerted", since, self._new_card)
        told.keys[key] = self._channel
        if kind == "acknowledged":
            yield from self._acknowledge(key)
        if kind == "adopted":
            self._level += 1
            since = yield from self._merge()
        else:
            since = time.time()
            estate.write(self._application, 0, str(self._level))
        yield from told.wait("end told", since, lambda: self._shows(key, ENDED))

    def _acknowledge(self, key):
        """As a person does: press it, and press it again when nothing comes of that."""
        clicked, click = 0.0, None
        while not self._shows(key, ACKNOWLEDGED):
            given_up = click is None or (click.done and time.time() - clicked > AGAIN)
            if given_up and (card := self._standing(key)):
                clicked, click = time.time(), self._estate.slack.click(TOMAS, card, "acknowledge")
            yield
        self._told.delays["acknowledgement shown"].append(time.time() - clicked)

    def _merge(self, *, by_pull=False):
        """Git says the present level; since when."""
        told = self._told
        while told.merging >= MERGES_AT_ONCE:
            yield
        told.merging += 1
        since = time.time()
        key = f"platform@{self._commit(by_pull)}#{self._channel}"
        told.keys[key] = self._channel
        yield from told.wait("merge told", since, lambda: self._card(key))
        yield from told.wait("live told", since, lambda: self._shows(key, ENDED))
        told.merging -= 1
        return since

    def _commit(self, by_pull):
        estate, name = self._estate, self._application.name
        files = {estate.path_of(self._application, 0): estate.setting(0, str(self._level))}
        title = f"Level {self._level} of {name}"
        if not by_pull:
            return estate.commit(files, f"{title}\n")
        branch = f"{name}-{self._level}"
        estate.repository.commit(branch, files, f"{title}\n", "ana")
        pull = estate.repository.open_pull(head=branch, base="main", title=title, body="", by="ana")
        return estate.repository.merge(pull.number, "ana").merge_sha

    def _posted(self):
        return self._estate.slack.posted(self._channel)

    def _new_card(self):
        known, mine = self._told.keys, f"{self._application.name}@"
        keys = (key_of(message) for message in reversed(self._posted()))
        return next((key for key in keys if key.startswith(mine) and "/" not in key and key not in known), None)

    def _card(self, key):
        return next((message for message in self._posted() if key_of(message) == key), None)

    def _standing(self, key):
        return next((each for each in self._posted() if key_of(each) == key and not each.deleted), None)

    def _shows(self, key, mark):
        return any(key_of(each) == key and header(each).startswith(mark) for each in self._posted())


class Weather:
    """The storm's clock, by how much the bot has done: what happens next, and when it is killed."""

    def __init__(self, bot, estate, storm):
        self._bot = bot
        self._estate = estate
        self._storm = storm
        self._drawn = random.Random(f"{SEED} kills")  # noqa: S311
        self._armed = False
        self.kills = Counter()
        self._step_at = self._done() + STEP
        self._kill_at = self._done() + self._drawn.uniform(*KILL)
        estate.slack.workspace.listeners.append(self._heard)

    def blow(self):
        done = self._done()
        if done >= self._step_at:
            self._storm.step()
            self._step_at = done + STEP
        if done >= self._kill_at:
            self._kill_at = done + self._drawn.uniform(*KILL)
            self._armed = self._drawn.random() < 0.5
            if not self._armed:
                self._bot.kill()
                self.kills["killed at any instant"] += 1
        if not self._bot.running:
            assert self._bot.returncode == -signal.SIGKILL, self._bot.log()[-5_000:]
            self._bot.start()

    def _done(self):
        return len(self._estate.slack.calls) + len(self._estate.api.requests)

    def end(self):
        self._estate.slack.workspace.listeners.remove(self._heard)

    def _heard(self, event):
        """Slack has done what the bot asked, and has not answered yet: the worst instant to die."""
        if self._armed and event["type"] in {"message", "message_changed"} and event["message"]["bot"]:
            self._armed = False
            self.kills["killed before an answer"] += 1
            self._bot.kill(wait=False)


@pytest.mark.timeout(PATIENCE + SETTLING + 60)
@pytest.mark.parametrize(("history", "rounds"), [(True, 8), (False, 2)], ids=["whole", "without channels:history"])
def test_a_storm_loses_nothing_and_doubles_nothing(make_estate, capsys, history, rounds):
    with make_estate(APPLICATIONS, APPLICATIONS, rates=Rates.unlimited(), ack_timeout=1.0) as estate:
        slack = estate.slack
        slack.faults.silence = 0.3
        if not history:
            slack.scopes.discard("channels:history")
        bot = estate.bot(alerts={"group": 10_000})
        bot.start()
        try:
            estate.until(lambda: len(estate.rows("SELECT 1 FROM checks")) == APPLICATIONS, SETTLING)
            told = LocalizedText()
            began = time.monotonic()
            with Storm(slack, SEED, happenings=HAPPENINGS) as storm:
                kills = through(storm, bot, estate, told, rounds)
            if not bot.running:
                bot.start()
            estate.until(
                lambda: not estate.unsettled(), SETTLING, lambda: f"{estate.unsettled()}\n{bot.log()[-8_000:]}"
            )
            assert bot.stop() == 0
        finally:
            bot.kill()
        found = verdict(estate, told)
        with capsys.disabled():
            print(report(told, slack, kills, found, time.monotonic() - began))
        unclear = sum(call.method == "chat.postMessage" and call.status != 200 for call in slack.calls) + kills.total()
        doubled = found.pop("doubled", [])
        assert not found
        assert len(doubled) <= (0 if history else unclear)
        assert not history or len(told.keys) >= EPISODES


def through(storm, bot, estate, told, rounds):
    """Live all lives; how often the bot was killed, by when."""
    weather = Weather(bot, estate, storm)
    lives = [Life(estate, each, told, rounds).run() for each in estate.applications]
    deadline = time.monotonic() + PATIENCE
    while lives := [life for life in lives if next(life, OVER) is not OVER]:
        weather.blow()
        assert time.monotonic() < deadline, f"{len(told.keys)} told\n{bot.log()[-8_000:]}"
        with estate.slack.workspace.changed:
            estate.slack.workspace.changed.wait(0.1)
    weather.end()
    return weather.kills


def verdict(estate, told):
    """Everything that is not as it should be, by what is wrong with it."""
    found = defaultdict(list)
    incidents = {id_: json.loads(body) for id_, body in estate.rows("SELECT id, body FROM incidents")}
    rollouts = {id_: json.loads(body) for id_, body in estate.rows("SELECT id, body FROM rollouts")}
    stored = {id_: body["channel"] for id_, body in incidents.items()}
    stored |= {f"{id_}#{part['channel']}": part["channel"] for id_, body in rollouts.items() for part in body["parts"]}
    found["lost"] += told.keys.keys() - stored.keys()
    found["made by nobody"] += stored.keys() - told.keys.keys()
    posted = defaultdict(list)
    for channel in estate.channels:
        for message in estate.slack.posted(channel):
            posted[key_of(message)].append(message)
    for key, channel in stored.items():
        for wrong in wrongs(posted[key], channel):
            found[wrong].append(key)
        replies = [reply for reply in posted if reply.startswith(f"{key}/")]
        found["end not told"] += [] if replies else [key]
        for reply in replies:
            for wrong in wrong_replies(posted[reply], posted[key]):
                found[wrong].append(reply)
    return {what: keys for what, keys in found.items() if keys}


def wrongs(messages, channel):
    """What is wrong with the card of one key, of all that were ever posted for it."""
    standing = [message for message in messages if not message.deleted]
    if not messages or (not standing and not header(messages[-1]).startswith(ENDED)):
        yield "lost"
    if len(standing) > 1:
        yield "doubled"
    elif standing and not header(standing[0]).startswith(ENDED):
        yield "not as it ended"
    if any(message.channel != channel for message in messages):
        yield "in the wrong channel"


def wrong_replies(replies, cards):
    """The same of a reply. What was told below a card that somebody deleted may be told below the new one."""
    standing = [message for message in replies if not message.deleted]
    if any(not message.reply for message in standing):
        yield "reply in the channel"
    below = Counter(message.thread_ts for message in standing)
    cards_that_stand = {message.ts for message in cards if not message.deleted}
    if max(below.values(), default=0) > 1 or len(cards_that_stand & below.keys()) > 1:
        yield "doubled"


def report(told, slack, kills, found, took):
    struck = slack.faults.struck + kills
    delays = [delay for each in told.delays.values() for delay in each]
    wrong = {"lost": [], "doubled": [], **found}
    lines = [
        f"\nSeed {SEED}: {len(told.keys)} episodes in {took:.0f} s, {struck.total()} faults ({kills.total()} kill -9): "
        + ", ".join(f"{what} {len(keys)}" for what, keys in wrong.items()),
        f"  until told: median {statistics.median(delays):.1f} s, worst {max(delays):.1f} s",
        *(
            f"    {what}: median {statistics.median(each):.1f} s, worst {max(each):.1f} s, of {len(each)}"
            for what, each in told.delays.items()
        ),
        "  " + ", ".join(f"{name} {count}" for name, count in sorted(struck.items())),
        *(f"  {what}: {keys}" for what, keys in found.items()),
    ]
    return "\n".join(lines)
