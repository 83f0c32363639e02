"""Cards are reconciled: through a real client, against the local Slack, whatever happens to the messages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from slack_sdk import WebClient

from bot.adapters.database.store import SqlStore
from bot.adapters.slack.chat import SlackChat
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.incidents.alerting import AlertPolicy
from bot.core.incidents.incident import Incident, IncidentState, apply_check
from bot.core.rollouts.rollout import ApplicationRollout, Rollout, RolloutState
from bot.handlers.incidents.control import acknowledge
from bot.handlers.incidents.record import pass_time_of_all
from bot.handlers.slack.cards import CardReconciler
from bot.i18n.language import ENGLISH
from bot.messages.blocks import Message
from bot.ports.chat import ChatError
from bot.sandbox.slack import SandboxSlack

T0 = datetime(2026, 3, 1, 2, 47, tzinfo=UTC)
CHANNEL = "C0ALERTS01"
DRIFT = (
    ObjectDrift("apps/v1", "Deployment", "shop", "web", "modified", (FieldDrift("changed", "spec.replicas", 2, 7),)),
)
OPEN = Incident(
    "shop@1", "shop", "prod", CHANNEL, IncidentState.OPEN, T0, T0, "a" * 40, DRIFT, worst=DRIFT, announced_at=T0
)
SYNCED = Check("shop", "prod", "a" * 40, Status.SYNCED, None, 3, T0 + timedelta(minutes=4))
RESOLVED = apply_check(OPEN, SYNCED, channel=CHANNEL, rolling=False)


class Desk:
    """A store, the local Slack and a clock that only the test moves."""

    def __init__(self, slack, folder):
        self.slack = slack
        self.now = T0
        self.policy = AlertPolicy()
        self.store = SqlStore(f"sqlite:///{folder}/state.db")
        self.restart()

    def restart(self):
        client = WebClient(token="xoxb-sandbox", base_url=self.slack.api_url, retry_handlers=[])
        self.keeper = CardReconciler(self.store, SlackChat(client), lambda: self.now, lambda _: ENGLISH, self.policy)

    def tell(self, incident, after=0.0):
        before = next((each for each in self.store.incidents.unsettled() if each.id == incident.id), None)
        assert self.store.incidents.exchange(before, incident)
        self.later(after)

    def later(self, seconds):
        self.now += timedelta(seconds=seconds)
        self.keeper.reconcile()

    def roots(self):
        return [message for message in self.slack.messages(CHANNEL) if not message.thread_ts or not message.reply]

    def headers(self):
        return [message.blocks[0]["text"]["text"] for message in self.roots()]

    def replies(self):
        return [message.text for message in self.slack.messages(CHANNEL) if message.reply]


@pytest.fixture
def desk(tmp_path):
    with SandboxSlack(seed=1).serve() as slack:
        made = Desk(slack, tmp_path)
        yield made
        made.store.close()


def test_a_suspicion_is_told_to_nobody(desk):
    desk.tell(replace(OPEN, state=IncidentState.SUSPECTED, announced_at=None))
    assert desk.headers() == []


def test_one_card_is_posted_updated_in_place_and_answered_once(desk):
    desk.tell(OPEN)
    desk.keeper.reconcile()
    (card,) = desk.roots()
    desk.tell(RESOLVED, after=5)
    desk.keeper.reconcile()
    assert [message.ts for message in desk.roots()] == [card.ts]
    assert desk.headers() == ["✅ Resolved: shop on prod"]
    assert len(desk.replies()) == 1
    assert desk.store.incidents.unsettled() == []


def test_more_drift_is_told_in_the_thread_once(desk):
    more = ObjectDrift("v1", "Service", "shop", "web", "missing")
    grown = apply_check(
        OPEN, replace(SYNCED, status=Status.OUT_OF_SYNC, drift=(*DRIFT, more)), channel=CHANNEL, rolling=False
    )
    desk.tell(OPEN)
    desk.tell(grown)
    desk.tell(grown)
    assert len(desk.replies()) == 1
    assert "Service shop/web is missing" in desk.replies()[0]
    desk.tell(apply_check(grown, SYNCED, channel=CHANNEL, rolling=False), after=9)
    assert len(desk.replies()) == 2
    assert desk.store.incidents.unsettled() == []


def test_nothing_is_repeated_after_a_restart(desk):
    desk.tell(OPEN)
    desk.restart()
    desk.tell(OPEN)
    assert len(desk.roots()) == 1


def test_a_deleted_card_is_posted_anew_and_the_reply_goes_to_the_new_one(desk):
    desk.tell(OPEN)
    desk.slack.delete_message(CHANNEL, desk.roots()[0].ts)
    desk.tell(RESOLVED)
    for _ in range(3):
        desk.later(5)
    (card,) = desk.roots()
    assert desk.headers() == ["✅ Resolved: shop on prod"]
    assert [message.thread_ts for message in desk.slack.messages(CHANNEL) if message.reply] == [card.ts]


def test_what_slack_asks_to_wait_for_is_told_afterwards(desk):
    desk.slack.faults.rate_limited = 1
    desk.tell(OPEN)
    assert desk.headers() == []
    desk.tell(OPEN, after=60)
    assert desk.headers() == ["🟡 Minor drift: shop on prod"]
    assert desk.keeper.problems() == []


@pytest.mark.parametrize("fault", ["rate_limited_after", "cut", "failed_after", "unanswered_after"])
def test_what_was_posted_without_an_answer_is_found_again_and_not_doubled(desk, fault):
    desk.slack.faults.silence = 0.1
    desk.slack.faults.methods = frozenset({"chat.postMessage"})
    setattr(desk.slack.faults, fault, 1)
    desk.tell(OPEN)
    desk.tell(OPEN, after=60)
    assert desk.headers() == ["🟡 Minor drift: shop on prod"]
    desk.tell(RESOLVED, after=60)
    assert desk.headers() == ["✅ Resolved: shop on prod"]
    assert len(desk.replies()) == 1


def test_it_is_found_again_below_all_that_people_have_said_meanwhile(desk):
    desk.slack.faults.cut = 1
    desk.tell(OPEN)
    for number in range(450):
        desk.slack.say("U0TOMAS001", CHANNEL, f"Is anybody there? ({number})")
    desk.later(60)
    assert len([message for message in desk.slack.messages(CHANNEL) if message.bot]) == 1


def test_who_may_not_look_for_what_was_posted_does_not_post_it_again(desk):
    desk.slack.faults.cut = 1
    desk.tell(OPEN)
    desk.slack.remove_bot(CHANNEL)
    desk.later(60)
    assert "invite it" in desk.keeper.problems()[0]
    desk.slack.invite_bot(CHANNEL)
    desk.later(60)
    assert len(desk.roots()) == 1


def test_what_was_found_again_and_cannot_be_changed_yet_is_not_posted_again(desk):
    desk.slack.faults.cut = 1
    desk.tell(OPEN)
    desk.slack.faults.refuse["chat.update"] = "is_inactive"
    desk.later(60)
    del desk.slack.faults.refuse["chat.update"]
    desk.tell(RESOLVED, after=60)
    assert desk.headers() == ["✅ Resolved: shop on prod"]


def test_the_card_in_an_archived_channel_is_the_same_when_it_is_brought_back(desk):
    desk.tell(OPEN)
    (card,) = desk.roots()
    desk.slack.archive(CHANNEL)
    desk.tell(RESOLVED, after=5)
    assert "is archived" in desk.keeper.problems()[0]
    desk.slack.archive(CHANNEL, archived=False)
    desk.later(60)
    assert [message.ts for message in desk.roots()] == [card.ts]
    assert desk.headers() == ["✅ Resolved: shop on prod"]


def test_a_reply_that_had_to_wait_never_lands_in_the_channel_when_its_card_is_deleted_meanwhile(desk):
    desk.tell(OPEN)
    desk.slack.faults.methods = frozenset({"chat.postMessage"})
    desk.slack.faults.rate_limited = 1
    desk.tell(RESOLVED)
    desk.slack.delete_message(CHANNEL, desk.roots()[0].ts)
    desk.later(60)
    (card,) = desk.roots()
    assert card.blocks[0]["text"]["text"] == "✅ Resolved: shop on prod"
    assert [message.thread_ts for message in desk.slack.messages(CHANNEL) if message.reply] == [card.ts]


def test_a_crash_between_posting_and_storing_leaves_one_card(desk, monkeypatch):
    cards = desk.store.cards
    kept = cards.save
    monkeypatch.setattr(cards, "save", lambda key, posted: kept(key, posted) if not posted.ts else crash())
    with pytest.raises(KeyboardInterrupt):
        desk.tell(OPEN)
    monkeypatch.undo()
    desk.restart()
    desk.tell(OPEN, after=1)
    assert desk.headers() == ["🟡 Minor drift: shop on prod"]


def crash():
    raise KeyboardInterrupt


def test_without_the_scope_to_look_a_card_is_posted_all_the_same(desk):
    desk.slack.services.scopes.discard("channels:history")
    desk.slack.faults.rate_limited = 1
    desk.tell(OPEN)
    desk.tell(OPEN, after=60)
    assert desk.headers() == ["🟡 Minor drift: shop on prod"]


def test_a_closed_channel_is_named_and_told_once_it_opens(desk):
    desk.slack.remove_bot(CHANNEL)
    desk.tell(OPEN)
    assert "invite it" in desk.keeper.problems()[0]
    desk.slack.invite_bot(CHANNEL)
    desk.tell(OPEN, after=120)
    assert desk.headers() == ["🟡 Minor drift: shop on prod"]
    assert desk.keeper.problems() == []


def test_slack_down_loses_nothing_and_tells_the_newest(desk):
    desk.slack.inject({"down_for": 3600})
    desk.tell(OPEN)
    assert desk.keeper.problems()
    desk.slack.inject({"down_for": 0})
    desk.tell(RESOLVED, after=60)
    assert desk.headers() == ["✅ Resolved: shop on prod"]


def test_a_rollout_is_told_once_in_each_of_its_channels(desk):
    parts = (ApplicationRollout("shop", "prod", CHANNEL), ApplicationRollout("shop-staging", "prod", "C0DEPLOYS1"))
    merge = Rollout("p@1", "platform", "main", "b" * 40, None, "Raise limits", "ana", T0, parts)
    desk.store.rollouts.save(merge)
    desk.keeper.reconcile()
    live = tuple(replace(part, live_at=T0 + timedelta(seconds=9)) for part in parts)
    ended = replace(merge, parts=live, state=RolloutState.LIVE, ended_at=T0 + timedelta(seconds=9))
    desk.store.rollouts.save(ended)
    desk.keeper.reconcile()
    for channel in (CHANNEL, "C0DEPLOYS1"):
        card, reply = desk.slack.messages(channel)
        assert card.blocks[0]["text"]["text"] == "✅ Live in 9 s: shop and shop-staging"
        assert reply.thread_ts == card.ts
    assert desk.store.rollouts.unsettled() == []


def storm(desk, number):
    for each in range(number):
        name = f"app-{each:03}"
        drifting = replace(OPEN, id=f"{name}@1", application=name, announced_at=None, opened_at=T0)
        assert desk.store.incidents.exchange(None, drifting)
    pass_time_of_all(desk.store, desk.now, desk.policy)
    desk.later(1)


def test_a_hundred_at_once_are_one_card_that_is_taken_and_resolved_with_one_reply_each(desk):
    storm(desk, 100)
    (card,) = desk.roots()
    assert desk.headers() == ["🟡 Minor drift: 100 applications on prod"]
    (subject,) = {each.group for each in desk.store.incidents.unsettled()}
    taken = acknowledge(SimpleNamespace(store=desk.store), subject, "U0ANA", desk.now)
    assert len(taken.incidents) == 100
    desk.later(1)
    assert desk.headers() == ["👀 Minor drift, acknowledged: 100 applications on prod"]
    for each in desk.store.incidents.unsettled():
        synced = replace(SYNCED, application=each.application)
        desk.store.incidents.exchange(each, apply_check(each, synced, channel=CHANNEL, rolling=False))
    desk.later(2)
    desk.later(2)
    assert [message.ts for message in desk.roots()] == [card.ts]
    assert desk.headers() == ["✅ Resolved: 100 applications on prod"]
    assert [reply.split(":")[0].split(" after")[0] for reply in desk.replies()] == [
        "Acknowledged",
        "All 100 applications are back in sync",
    ]
    assert desk.store.incidents.unsettled() == []


@pytest.mark.parametrize("trouble", ["archived", "removed", "answers lost", "429 and posted"])
def test_a_shared_card_and_its_reply_are_one_each_whatever_slack_does(desk, trouble):
    if trouble == "archived":
        desk.slack.archive(CHANNEL, archived=True)
    elif trouble == "removed":
        desk.slack.remove_bot(CHANNEL)
    else:
        desk.slack.faults.methods = frozenset({"chat.postMessage"})
        setattr(desk.slack.faults, "cut" if trouble == "answers lost" else "rate_limited_after", 2)
    storm(desk, 5)
    (subject,) = {each.group for each in desk.store.incidents.unsettled()}
    acknowledge(SimpleNamespace(store=desk.store), subject, "U0ANA", desk.now)
    desk.later(60)
    if trouble == "archived":
        desk.slack.archive(CHANNEL, archived=False)
    elif trouble == "removed":
        desk.slack.invite_bot(CHANNEL)
    for _ in range(3):
        desk.later(400)
    assert desk.headers() == ["👀 Minor drift, acknowledged: 5 applications on prod"]
    assert len(desk.replies()) == 1
    assert desk.keeper.problems() == []


def test_the_worst_is_said_first_whether_it_shares_a_card_or_not(desk):
    hosts = replace(DRIFT[0], fields=(FieldDrift("added", "spec.template.spec.hostNetwork", None, True),))
    alone = replace(OPEN, application="alone", id="alone@1")
    shared = [replace(OPEN, application=name, id=f"{name}@1", group="many") for name in ("api", "web")]
    for each in (alone, shared[0], replace(shared[1], drift=(hosts,))):
        desk.store.incidents.exchange(None, each)
    desk.later(1)
    assert desk.headers() == ["🔴 Critical drift: 2 applications on prod", "🟡 Minor drift: alone on prod"]


def test_a_reply_whose_parent_was_deleted_a_moment_ago_is_taken_back(desk):
    """Slack puts it into the channel's root and says nothing: what it answers has no thread then."""
    chat = SlackChat(WebClient(token="xoxb-sandbox", base_url=desk.slack.api_url, retry_handlers=[]))
    message = Message("A card.")
    parent = chat.post(CHANNEL, message, key="card")
    desk.slack.delete_message(CHANNEL, parent, by="U0JONAS001")
    with pytest.raises(ChatError) as raised:
        chat.post(CHANNEL, message, key="reply", thread=parent)
    assert raised.value.code == "thread_not_found"
    assert [each.deleted for each in desk.slack.posted(CHANNEL)] == [True, True]
