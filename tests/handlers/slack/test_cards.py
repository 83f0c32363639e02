"""Cards are reconciled with the stored state, whatever happens to messages and to Slack."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.incidents.alerting import AlertPolicy
from bot.core.incidents.detection import apply_check
from bot.core.incidents.incident import IncidentState
from bot.core.rollouts.rollout import ApplicationRollout, Rollout, RolloutState, mark_reverted
from bot.handlers.incidents.record import apply_timers_to_all
from bot.handlers.incidents.transition import acknowledge
from bot.handlers.slack.cards import CardReconciler
from bot.i18n.language import ENGLISH, Language, Translator
from bot.messages.blocks import Message
from bot.ports.chat import ChatError
from tests.common.clock import Clock
from tests.common.samples import SCALED, T0, check, incident
from tests.common.slack import ALERTS, DEPLOYS, JONAS, TOMAS, cards, headline, headlines, replies, slack_chat

OPEN = incident()
SYNCED = check()
RESOLVED = apply_check(OPEN, SYNCED, channel=ALERTS, rolling=False)
HOST_NETWORK = replace(SCALED, fields=(FieldDrift("added", "spec.template.spec.hostNetwork", None, True),))
POLICY = AlertPolicy()

FACT = "web replicas 2 → 7"


class Channel:
    """The channel that cards are posted to, and what stores incidents and reconciles their cards."""

    def __init__(self, slack, store):
        self.slack, self.store = slack, store
        self.clock = Clock(T0)
        self.restart()

    def restart(self, default_channel=""):
        self.reconciler = CardReconciler(
            self.store, slack_chat(self.slack), self.clock, lambda _: ENGLISH, POLICY, default_channel=default_channel
        )

    def save(self, incident, after=0.0):
        """Store an incident's new state, and reconcile."""
        before = next((each for each in self.store.incidents.unsettled() if each.id == incident.id), None)
        assert self.store.incidents.exchange(before, incident)
        self.reconcile(after)

    def reconcile(self, after=0.0):
        self.clock.advance(seconds=after)
        self.reconciler.reconcile()

    def acknowledge(self, subject):
        return acknowledge(SimpleNamespace(store=self.store), [subject], JONAS, self.clock())

    @property
    def cards(self):
        return cards(self.slack)

    @property
    def headlines(self):
        return headlines(self.slack)

    @property
    def replies(self):
        return replies(self.slack)


@pytest.fixture
def channel(slack, store):
    return Channel(slack, store)


def test_a_suspected_incident_has_no_card(channel):
    channel.save(replace(OPEN, state=IncidentState.SUSPECTED, announced_at=None))
    assert channel.headlines == []


def test_a_card_is_updated_in_place_and_gets_one_reply(channel):
    channel.save(OPEN)
    channel.reconcile()
    (card,) = channel.cards
    channel.save(RESOLVED, after=5)
    channel.reconcile()
    assert [message.ts for message in channel.cards] == [card.ts]
    assert channel.headlines == [f"✅ Resolved · shop · prod: {FACT}"]
    assert len(channel.replies) == 1
    assert channel.store.incidents.unsettled() == []


def test_more_drift_is_announced_in_the_thread_once(channel):
    more = ObjectDrift("v1", "Service", "shop", "web", "missing")
    grown = apply_check(OPEN, check(drift=(SCALED, more)), channel=ALERTS, rolling=False)
    channel.save(OPEN)
    channel.save(grown)
    channel.save(grown)
    assert len(channel.replies) == 1
    assert "Service web is missing" in channel.replies[0].text
    channel.save(apply_check(grown, SYNCED, channel=ALERTS, rolling=False), after=9)
    assert len(channel.replies) == 2
    assert channel.store.incidents.unsettled() == []


def test_nothing_is_repeated_after_a_restart(channel):
    channel.save(OPEN)
    channel.restart()
    channel.save(OPEN)
    assert len(channel.cards) == 1


def test_a_deleted_card_is_posted_again_and_the_reply_follows_it(channel):
    channel.save(OPEN)
    channel.slack.delete_message(ALERTS, channel.cards[0].ts)
    channel.save(RESOLVED)
    for _ in range(3):
        channel.reconcile(5)
    (card,) = channel.cards
    assert channel.headlines == [f"✅ Resolved · shop · prod: {FACT}"]
    assert [reply.thread_ts for reply in channel.replies] == [card.ts]


def test_a_rate_limited_card_is_posted_later(channel):
    channel.slack.faults.rate_limited = 1
    channel.save(OPEN)
    assert channel.headlines == []
    channel.save(OPEN, after=60)
    assert channel.headlines == [f"🟡 shop · prod: {FACT}"]
    assert channel.reconciler.problems() == []


@pytest.mark.parametrize("fault", ["rate_limited_after", "cut", "failed_after", "unanswered_after"])
def test_a_post_without_an_answer_is_found_again_and_not_repeated(channel, fault):
    channel.slack.faults.silence = 0.1
    channel.slack.faults.methods = frozenset({"chat.postMessage"})
    setattr(channel.slack.faults, fault, 1)
    channel.save(OPEN)
    channel.save(OPEN, after=60)
    assert channel.headlines == [f"🟡 shop · prod: {FACT}"]
    channel.save(RESOLVED, after=60)
    assert channel.headlines == [f"✅ Resolved · shop · prod: {FACT}"]
    assert len(channel.replies) == 1


def test_a_post_is_found_again_below_hundreds_of_messages(channel):
    channel.slack.faults.cut = 1
    channel.save(OPEN)
    for number in range(450):
        channel.slack.say(TOMAS, ALERTS, f"Is anybody there? ({number})")
    channel.reconcile(60)
    assert len([message for message in channel.slack.messages(ALERTS) if message.bot]) == 1


def test_without_access_to_the_history_a_card_is_not_posted_again(channel):
    channel.slack.faults.cut = 1
    channel.save(OPEN)
    channel.slack.remove_bot(ALERTS)
    channel.reconcile(60)
    assert "invite it" in str(channel.reconciler.problems()[0])
    channel.slack.invite_bot(ALERTS)
    channel.reconcile(60)
    assert len(channel.cards) == 1


def test_a_card_found_again_that_cannot_be_updated_yet_is_not_posted_again(channel):
    channel.slack.faults.cut = 1
    channel.save(OPEN)
    channel.slack.faults.refuse["chat.update"] = "is_inactive"
    channel.reconcile(60)
    del channel.slack.faults.refuse["chat.update"]
    channel.save(RESOLVED, after=60)
    assert channel.headlines == [f"✅ Resolved · shop · prod: {FACT}"]


def test_a_card_in_an_archived_channel_is_updated_once_it_is_unarchived(channel):
    channel.save(OPEN)
    (card,) = channel.cards
    channel.slack.archive(ALERTS)
    channel.save(RESOLVED, after=5)
    assert "is archived" in str(channel.reconciler.problems()[0])
    channel.slack.archive(ALERTS, archived=False)
    channel.reconcile(60)
    assert [message.ts for message in channel.cards] == [card.ts]
    assert channel.headlines == [f"✅ Resolved · shop · prod: {FACT}"]


def test_a_delayed_reply_to_a_deleted_card_goes_below_the_new_card(channel):
    channel.save(OPEN)
    channel.slack.faults.methods = frozenset({"chat.postMessage"})
    channel.slack.faults.rate_limited = 1
    channel.save(RESOLVED)
    channel.slack.delete_message(ALERTS, channel.cards[0].ts)
    channel.reconcile(60)
    (card,) = channel.cards
    assert headline(card) == f"✅ Resolved · shop · prod: {FACT}"
    assert [reply.thread_ts for reply in channel.replies] == [card.ts]


@pytest.mark.parametrize("ahead", [timedelta(minutes=-50), timedelta(minutes=50)], ids=["behind", "ahead"])
def test_a_crash_between_posting_and_storing_leaves_one_card(channel, monkeypatch, ahead):
    """The bot's clock differs from Slack's."""
    channel.clock.now = datetime.now(UTC) + ahead
    save = channel.store.cards.save

    def crash_once_posted(key, posted):
        if posted.ts:
            raise KeyboardInterrupt
        save(key, posted)

    with monkeypatch.context() as crashing:
        crashing.setattr(channel.store.cards, "save", crash_once_posted)
        with pytest.raises(KeyboardInterrupt):
            channel.save(OPEN)
    channel.restart()
    channel.save(OPEN, after=1)
    assert channel.headlines == [f"🟡 shop · prod: {FACT}"]


def test_without_the_history_scope_a_card_is_posted_anyway(channel):
    channel.slack.services.scopes.discard("channels:history")
    channel.slack.faults.rate_limited = 1
    channel.save(OPEN)
    channel.save(OPEN, after=60)
    assert channel.headlines == [f"🟡 shop · prod: {FACT}"]


def test_a_channel_without_the_bot_is_reported_and_gets_the_card_once_it_joins(channel):
    channel.slack.remove_bot(ALERTS)
    channel.save(OPEN)
    (problem,) = channel.reconciler.problems()
    assert "invite it" in str(problem)
    assert "invítalo" in Translator(Language.SPANISH).localize(problem)
    channel.slack.invite_bot(ALERTS)
    channel.save(OPEN, after=120)
    assert channel.headlines == [f"🟡 shop · prod: {FACT}"]
    assert channel.reconciler.problems() == []


def test_a_card_leaves_a_channel_that_is_no_longer_the_default_one(channel):
    channel.restart(default_channel=DEPLOYS)
    channel.slack.remove_bot(ALERTS)
    channel.save(OPEN)
    assert headline(channel.slack.messages(DEPLOYS)[-1]) == f"🟡 shop · prod: {FACT}"
    channel.slack.remove_bot(DEPLOYS)
    channel.slack.invite_bot(ALERTS)
    channel.restart()
    channel.save(RESOLVED, after=60)
    (card,), (reply,) = channel.cards, channel.replies
    assert (headline(card), reply.thread_ts) == (f"✅ Resolved · shop · prod: {FACT}", card.ts)
    assert channel.store.incidents.unsettled() == []


@pytest.fixture
def restricted(monkeypatch):
    """Only admins may post in ALERTS, but the bot may still update its messages there."""

    def restrict(channel):
        chat = channel.reconciler._chat
        post = chat.post

        def refuse(to, *args, **values):
            if to == ALERTS:
                raise ChatError("Only admins can post here.", code="restricted_action")
            return post(to, *args, **values)

        monkeypatch.setattr(chat, "post", refuse)

    return restrict


@pytest.mark.parametrize(
    ("leave", "come_back"), [("archive", "unarchive"), ("remove_bot", "invite_bot"), ("restrict", None)]
)
def test_a_thread_leaves_an_unavailable_channel_that_is_not_configured(channel, restricted, leave, come_back):
    """Someone must hear that an alert gets worse; the card left behind says where, once Slack lets the bot edit it."""
    channel.save(OPEN)
    channel.restart(default_channel=DEPLOYS)
    if come_back:
        channel.slack.inject({leave: ALERTS})
    else:
        restricted(channel)
    channel.reconcile()
    assert cards(channel.slack, DEPLOYS) == []
    grown = apply_check(OPEN, check(drift=(SCALED, HOST_NETWORK)), channel=ALERTS, rolling=False)
    channel.save(grown)
    note, card = cards(channel.slack, DEPLOYS)
    assert note.text.startswith(f"Messages for {ALERTS} are posted here.")
    assert headline(card) == "🔴 shop · prod: web now uses the host network"
    assert [reply.thread_ts for reply in replies(channel.slack, DEPLOYS)] == [card.ts]
    assert len(channel.reconciler.problems(ALERTS)) == 1
    if come_back:
        channel.restart(default_channel=DEPLOYS)
        channel.reconcile()
        channel.slack.inject({come_back: ALERTS})
    channel.reconcile(400)
    channel.save(apply_check(grown, SYNCED, channel=ALERTS, rolling=False), after=400)
    assert [reply.thread_ts for reply in replies(channel.slack, DEPLOYS)] == [card.ts, card.ts]
    assert headlines(channel.slack, DEPLOYS)[1:] == ["✅ Resolved · shop · prod: web now uses the host network"]
    (left,) = cards(channel.slack, ALERTS)
    assert left.text == f"This message continues in {DEPLOYS}."
    assert "button" not in str(left.blocks)
    assert channel.store.incidents.unsettled() == []
    channel.reconcile(400)
    assert channel.reconciler.problems() == []


def test_after_an_outage_the_latest_state_is_posted(channel):
    channel.slack.inject({"down_for": 3600})
    channel.save(OPEN)
    assert channel.reconciler.problems()
    channel.slack.inject({"down_for": 0})
    channel.save(RESOLVED, after=60)
    assert channel.headlines == [f"✅ Resolved · shop · prod: {FACT}"]


def test_a_rollout_has_one_card_in_each_of_its_channels(channel):
    parts = (ApplicationRollout("shop", "prod", ALERTS), ApplicationRollout("shop-staging", "prod", DEPLOYS))
    merge = Rollout("p@1", "platform", "main", "b" * 40, None, "Raise limits", "ana", T0, parts)
    channel.store.rollouts.save(merge)
    channel.reconcile()
    live = tuple(replace(part, live_at=T0 + timedelta(seconds=9)) for part in parts)
    ended = replace(merge, parts=live, state=RolloutState.LIVE, ended_at=T0 + timedelta(seconds=9))
    channel.store.rollouts.save(ended)
    channel.reconcile()
    for id_ in (ALERTS, DEPLOYS):
        card, reply = channel.slack.messages(id_)
        assert headline(card) == "✅ Live in 9 s: shop and shop-staging"
        assert reply.thread_ts == card.ts
    assert channel.store.rollouts.unsettled() == []


def open_many(channel, number):
    for index in range(number):
        drifting = incident(f"app-{index:03}", announced_at=None, opened_at=T0)
        assert channel.store.incidents.exchange(None, drifting)
    apply_timers_to_all(channel.store, channel.clock(), POLICY)
    channel.reconcile(1)


def test_a_rollout_that_is_reverted_while_slack_is_slow_does_not_stay_live(channel, monkeypatch):
    part = ApplicationRollout("shop", "prod", ALERTS, live_at=T0)
    live = Rollout("r", "platform", "main", "b" * 40, None, "Raise it", "ana", T0, (part,), state=RolloutState.LIVE)
    reverting = replace(live, id="s", revision="c" * 40)
    channel.store.rollouts.save(live)
    post = channel.reconciler._chat.post

    def slow_post(*arguments, **options):
        channel.store.rollouts.save(mark_reverted(live, reverting, now=T0))
        return post(*arguments, **options)

    monkeypatch.setattr(channel.reconciler._chat, "post", slow_post)
    channel.reconcile()
    assert "Live" in channel.headlines[0]
    channel.reconcile()
    assert "Reverted" in channel.headlines[0]
    assert channel.store.rollouts.unsettled() == []


def test_a_hundred_incidents_share_a_card_with_one_reply_per_event(channel):
    open_many(channel, 100)
    (card,) = channel.cards
    assert channel.headlines == [f"🟡 100 applications on prod: {FACT}"]
    (subject,) = {stored.group for stored in channel.store.incidents.unsettled()}
    taken = channel.acknowledge(subject)
    assert len(taken.incidents) == 100
    channel.reconcile(1)
    assert channel.headlines == [f"👀 🟡 100 applications on prod: {FACT}"]
    for stored in channel.store.incidents.unsettled():
        synced = check(stored.application)
        channel.store.incidents.exchange(stored, apply_check(stored, synced, channel=ALERTS, rolling=False))
    channel.reconcile(2)
    channel.reconcile(2)
    assert [message.ts for message in channel.cards] == [card.ts]
    assert channel.headlines == ["✅ Resolved: 100 applications on prod"]
    assert [reply.text.split(":")[0].split(" after")[0] for reply in channel.replies] == [
        "Acknowledged",
        "All 100 applications are back in sync",
    ]
    assert channel.store.incidents.unsettled() == []


def test_a_crash_while_incidents_are_settled_keeps_all_of_them_on_their_card(channel, monkeypatch):
    open_many(channel, 5)
    for stored in channel.store.incidents.unsettled():
        synced = check(stored.application)
        channel.store.incidents.exchange(stored, apply_check(stored, synced, channel=ALERTS, rolling=False))
    settle, settled = channel.store.settle, []

    def crash_after_two(subject):
        if len(settled) == 2:
            raise KeyboardInterrupt
        settled.append(subject)
        settle(subject)

    with monkeypatch.context() as crashing:
        crashing.setattr(channel.store, "settle", crash_after_two)
        with pytest.raises(KeyboardInterrupt):
            channel.reconcile(2)
    channel.restart()
    channel.reconcile(2)
    assert channel.headlines == ["✅ Resolved: 5 applications on prod"]
    assert channel.store.incidents.unsettled() == []


@pytest.mark.parametrize("trouble", ["archived", "removed", "answers lost", "429 and posted"])
def test_a_shared_card_and_its_reply_are_one_each_whatever_slack_does(channel, trouble):
    if trouble == "archived":
        channel.slack.archive(ALERTS, archived=True)
    elif trouble == "removed":
        channel.slack.remove_bot(ALERTS)
    else:
        channel.slack.faults.methods = frozenset({"chat.postMessage"})
        setattr(channel.slack.faults, "cut" if trouble == "answers lost" else "rate_limited_after", 2)
    open_many(channel, 5)
    (subject,) = {stored.group for stored in channel.store.incidents.unsettled()}
    channel.acknowledge(subject)
    channel.reconcile(60)
    if trouble == "archived":
        channel.slack.archive(ALERTS, archived=False)
    elif trouble == "removed":
        channel.slack.invite_bot(ALERTS)
    for _ in range(3):
        channel.reconcile(400)
    assert channel.headlines == [f"👀 🟡 5 applications on prod: {FACT}"]
    assert len(channel.replies) == 1
    assert channel.reconciler.problems() == []


def test_the_most_severe_card_is_posted_first(channel):
    shared = incident("api", group="many"), incident("web", group="many", drift=(HOST_NETWORK,))
    for drifting in (incident("alone"), *shared):
        channel.store.incidents.exchange(None, drifting)
    channel.reconcile(1)
    assert channel.headlines == ["🔴 2 applications on prod: web now uses the host network", f"🟡 alone · prod: {FACT}"]


def test_a_reply_whose_parent_was_just_deleted_is_deleted_too(channel):
    """Slack puts it into the channel's root and says nothing: what it answers has no thread then."""
    chat = slack_chat(channel.slack)
    message = Message("A card.")
    parent = chat.post(ALERTS, message, key="card")
    channel.slack.delete_message(ALERTS, parent, by=JONAS)
    with pytest.raises(ChatError) as raised:
        chat.post(ALERTS, message, key="reply", thread=parent)
    assert raised.value.code == "thread_not_found"
    assert [message.deleted for message in channel.slack.posted(ALERTS)] == [True, True]


def test_a_slack_that_does_not_answer_delays_nobody_by_more_than_one_request(store):
    """Of thirty channels, one is tried at a time, not always the first. Other threads don't wait for it."""
    clock, tried, waited = Clock(T0), [], []

    def post(channel, *_arguments, **_options):
        tried.append(channel)
        with ThreadPoolExecutor() as others:
            waited.append(others.submit(reconciler.reconcile).exception(timeout=60))
        clock.advance(seconds=15)
        raise ChatError("no answer", code="unreachable")

    for number in range(30):
        store.incidents.exchange(None, incident(f"app{number}", channel=f"C{number}"))
    chat = SimpleNamespace(post=post, find=lambda *_arguments, **_options: None)
    reconciler = CardReconciler(store, chat, clock, lambda _: ENGLISH, POLICY)
    for attempts in range(1, 4):
        reconciler.reconcile()
        assert (len(tried), waited) == (attempts, [None] * attempts)
        clock.advance(seconds=5)
    assert len(set(tried)) == 2
