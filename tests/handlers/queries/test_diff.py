"""A diff that is too long for a message is a file in the alert's thread, once."""

from dataclasses import replace

import pytest

from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.incidents.detection import apply_check
from bot.handlers.queries.diff import diff
from bot.i18n.language import ENGLISH
from bot.messages.object_links import ObjectLink
from tests.common.clock import Clock
from tests.common.samples import SCALED, T0, check, incident
from tests.common.slack import ALERTS, DEPLOYS

MANY = tuple(
    ObjectDrift(
        "v1", "ConfigMap", "shop", f"settings-{n}", "modified", (FieldDrift("changed", "data.limit", "1", "2"),)
    )
    for n in range(200)
)
CHECK = check(drift=MANY)


@pytest.fixture
def clock():
    return Clock(T0)


@pytest.fixture
def bot(bot):
    return bot.start()


def alert(bot):
    bot.store.incidents.exchange(None, incident(drift=MANY))
    bot.reconciler.reconcile()


def links(check, object_drift):
    return [ObjectLink("web.yaml:3", f"https://forge.example/{check.revision[:4]}/{object_drift.name}#L3")]


def diff_text(bot, check):
    return diff(ENGLISH, bot.ports, check, links, everything=False, translator_for=lambda _: ENGLISH).text


def files(slack):
    return [file for message in slack.messages(ALERTS) for file in message.files or []]


def test_a_long_diff_is_shared_once_as_a_file_in_the_alert_thread(slack, bot):
    alert(bot)
    for revision in ("1" * 40, "2" * 40):  # of the same differences
        assert "attached to the alert's thread" in diff_text(bot, replace(CHECK, revision=revision))
    (shared,) = files(slack)
    text = shared.content.decode()
    assert all(f"+++ ConfigMap shop/settings-{n} (live)" in text for n in range(200))
    link = "\n# web.yaml:3 https://forge.example/1111/settings-7#L3\n--- ConfigMap shop/settings-7 (git)\n"
    assert link in text
    assert slack.thread(ALERTS, slack.messages(ALERTS)[0].ts)


def test_a_diff_is_shared_again_in_a_thread_that_moved(slack, bot):
    """The channel was archived, so the card is posted again in the default one."""
    posted = incident(drift=MANY, channel=DEPLOYS)
    bot.store.incidents.exchange(None, posted)
    bot.reconciler.reconcile()
    assert "attached to the alert's thread" in diff_text(bot, CHECK)
    assert files(slack) == []
    slack.archive(DEPLOYS, archived=True)
    host_network = replace(SCALED, fields=(FieldDrift("added", "spec.template.spec.hostNetwork", None, True),))
    grown = apply_check(posted, check(drift=(*MANY, host_network)), channel=DEPLOYS, rolling=False)
    bot.store.incidents.exchange(posted, grown)
    bot.reconciler.reconcile()
    for _ in range(2):
        assert "attached to the alert's thread" in diff_text(bot, CHECK)
    (reply,) = [message for message in slack.messages(ALERTS) if message.files]
    assert reply.thread_ts == bot.store.cards.get(posted.id).ts


def test_a_different_diff_is_a_new_file(slack, bot):
    alert(bot)
    diff_text(bot, CHECK)
    diff_text(bot, replace(CHECK, drift=MANY[1:]))
    assert len(files(slack)) == 2


def test_a_short_diff_shares_nothing(slack, bot):
    alert(bot)
    assert "attached" not in diff_text(bot, replace(CHECK, drift=MANY[:2]))
    assert files(slack) == []


def test_without_an_alert_nothing_is_shared(slack, bot):
    assert "attached" not in diff_text(bot, CHECK)
    assert slack.messages(ALERTS) == []


def test_a_refused_upload_still_answers(slack, bot):
    alert(bot)
    slack.faults.refuse["files.getUploadURLExternal"] = "missing_scope"
    assert "and 198 more" in diff_text(bot, CHECK)
