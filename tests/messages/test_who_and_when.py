"""A message must not name someone for what another wrote, or show a time of another day without the day."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.pull_requests.tracked_pull_request import ProposedChange
from bot.i18n.language import ENGLISH
from bot.messages import drift, incident, incident_group, incident_thread, pull_request_card
from bot.messages.blocks import plain
from tests.messages.incidents import GREW
from tests.messages.queries import overview
from tests.messages.samples import (
    ANA_EDITED,
    APPLICATIONS,
    CONFIG,
    DEPLOYMENT,
    DRIFTED,
    OPEN,
    RESOLVED,
    REVERT_PULL,
    SILENT,
    T0,
    field,
    links,
)

CLUSTER_ONLY = replace(ANA_EDITED, users=(), tool="")  # a watch saw the write


def edited(*managers, actor=None):
    """A Deployment with a field for each tool, the first one the most important."""
    paths = [f"spec.template.spec.containers[name=c{number}].image" for number in range(len(managers))]
    written = [
        field(path=path, desired="a:1", live="a:2", manager=manager)
        for path, manager in zip(paths, managers, strict=False)
    ]
    return replace(DEPLOYMENT, fields=tuple(replace(drifted, actor=actor) for drifted in written))


def deleted(count, actor=None):
    return tuple(replace(CONFIG, name=f"item-{number}", actor=actor) for number in range(count))


def shown(blocks):
    """The paragraphs and bullets of a message as one text."""
    parts = [part for block in blocks if block["type"] == "rich_text" for part in block["elements"]]
    items = [item for part in parts for item in (part["elements"] if part["type"] == "rich_text_list" else [part])]
    return "\n".join("".join(map(plain, item["elements"])) for item in items)


MIXED = {
    "two tools after the second fact": (
        (edited("kubectl-set", "kubectl-set", "helm", "argocd-image-updater"),),
        "web (c0) image 1 → 2 (by kubectl-set); web (c1) image 1 → 2 (by kubectl-set); and 2 more.",
    ),
    "one writer unknown": (
        (edited("kubectl-set", "kubectl-set", None),),
        "web (c0) image 1 → 2 (by kubectl-set); web (c1) image 1 → 2 (by kubectl-set); and 1 more.",
    ),
    "one tool": (
        (edited("kubectl-set", "kubectl-set", "kubectl-set"),),
        "web (c0) image 1 → 2; web (c1) image 1 → 2; and 1 more. By kubectl-set, before 02:47 UTC.",
    ),
    "many objects that one person deleted, and one that another tool wrote": (
        (*deleted(5, ANA_EDITED), edited("kubectl-set")),
        (
            "5 ConfigMap objects are missing (by ana@shop.example with kubectl edit); "
            "web (c0) image 1 → 2 (by kubectl-set)."
        ),
    ),
    "many objects that a person and someone unknown deleted": (
        (*deleted(5, ANA_EDITED), *deleted(9)[5:]),
        (
            "5 ConfigMap objects are missing (by ana@shop.example with kubectl edit); "
            "4 ConfigMap objects are missing (writer unknown)."
        ),
    ),
}


@pytest.mark.parametrize(("drift", "told"), MIXED.values(), ids=MIXED)
def test_the_text_of_an_alert_names_a_writer_of_every_difference_or_of_each(drift, told):
    alert = incident.card(ENGLISH, replace(OPEN, drift=drift), T0)
    assert alert.text == f"Serious drift in shop on prod: {told}"
    grown = incident_thread.drift_grew(ENGLISH, OPEN, replace(GREW, drift=drift), T0)
    assert grown.text == f"More drift in shop on prod: {told}"
    lead = shown(alert.blocks).split("\n", 1)[0]
    assert (" · by " in lead) is (". By " in told)


SHARED = {
    "nobody known": ([deleted(1), deleted(1)], ""),
    "one tool": ([(edited("kubectl-scale"),), (edited("kubectl-scale"),)], "by kubectl-scale"),
    "one of them unknown": ([deleted(1), (edited("kubectl-scale"),)], "by kubectl-scale; some writers unknown"),
    "only a watch saw one": (
        [deleted(1, CLUSTER_ONLY), (edited("kubectl-scale"),)],
        "by kubectl-scale; some writers unknown",
    ),
    "a person, not their tool's field manager": (
        [(edited("kubectl-edit", actor=ANA_EDITED),), (edited("helm"),)],
        "by helm; by ana@shop.example with kubectl edit",
    ),
    "many": (
        [(edited(f"tool-{number}"),) for number in range(6)],
        "by tool-0; by tool-1; by tool-2; by tool-3; and 2 more",
    ),
}


@pytest.mark.parametrize(("drifts", "named"), SHARED.values(), ids=SHARED)
def test_a_shared_card_names_all_writers_or_says_that_some_are_unknown(drifts, named):
    group = [
        replace(OPEN, application=f"app-{number}", drift=drift, group="many") for number, drift in enumerate(drifts)
    ]
    card = incident_group.card(ENGLISH, group, T0)
    _, _, sentence = card.text.partition("Affected: ")[2].partition(". ")
    assert sentence == (f"{named[:1].upper()}{named[1:]}." if named else "")
    _, _, by = shown(card.blocks).split("\n", 1)[0].partition(" UTC · ")
    assert by == named


LONG_BEFORE = T0 - timedelta(days=9)
# Two tools and a person, so that each difference names its writer.
OLD = (
    replace(
        DEPLOYMENT,
        fields=(
            field(manager="kubectl-edit", time=LONG_BEFORE),
            field(path="spec.paused", manager="helm", time=LONG_BEFORE),
        ),
    ),
    replace(CONFIG, actor=replace(ANA_EDITED, time=LONG_BEFORE)),
)
OLD_BY_ONE = (replace(DEPLOYMENT, fields=(field(time=LONG_BEFORE),)),)
HELD = replace(GREW, drift=OLD)
SNOOZE = replace(GREW, by="U0ANA", name="ana", until=T0)
PROPOSED = replace(REVERT_PULL, change=ProposedChange(drift=OLD))
TIMES = {
    "alert": lambda now: incident.card(ENGLISH, replace(OPEN, drift=OLD), now),
    "alert of one writer": lambda now: incident.card(ENGLISH, replace(OPEN, drift=OLD_BY_ONE), now),
    "alert during an outage": lambda now: incident.card(ENGLISH, replace(OPEN, drift=OLD, check_error=SILENT), now),
    "snoozed alert": lambda now: incident.card(
        ENGLISH, replace(OPEN, drift=OLD, snoozed_by="U0ANA", snoozed_until=T0), now
    ),
    "resolved alert": lambda now: incident.card(ENGLISH, replace(RESOLVED, drift=OLD), now),
    "shared card": lambda now: incident_group.card(ENGLISH, [replace(OPEN, drift=OLD, group="many")] * 2, now),
    "more drift": lambda now: incident_thread.drift_grew(ENGLISH, OPEN, HELD, now),
    "joined": lambda now: incident_thread.joined(ENGLISH, [OPEN], now),
    "snoozed": lambda now: incident_thread.silenced(ENGLISH, [OPEN], SNOOZE, now),
    "reminder": lambda now: incident_thread.reminded(ENGLISH, [OPEN], now),
    "escalation": lambda now: incident_thread.escalated(ENGLISH, [OPEN], now, ["U0ANA"]),
    "drift": lambda now: drift.answer(ENGLISH, [replace(DRIFTED, drift=OLD, at=now)]),
    "diff": lambda now: drift.diff(ENGLISH, replace(DRIFTED, drift=OLD, at=now), "shop", links, everything=False),
    "status": lambda now: overview(
        ENGLISH, applications=APPLICATIONS, checks={"shop": replace(DRIFTED, at=T0, complete_at=T0)}
    ),
    "adoption": lambda now: pull_request_card.card(ENGLISH, PROPOSED),
}


def without_day(content):
    """Each time of day in a message that doesn't name its day."""
    if isinstance(content, str):
        return re.findall(r"(?<!\d{4}-\d\d-\d\d )(?<!:)\b\d\d:\d\d\b", content)
    if isinstance(content, dict) and content.get("type") == "date":
        return [] if "date" in content["format"] else [content["fallback"]]
    parts = content.values() if isinstance(content, dict) else content if isinstance(content, list | tuple) else ()
    return [time for part in parts for time in without_day(part)]


@pytest.mark.parametrize("build", TIMES.values(), ids=TIMES)
def test_a_time_of_another_day_names_the_day(build):
    """Also in a reply that was held over a weekend."""
    message = build(T0 + timedelta(days=3))
    assert without_day(message.text) == []
    assert without_day(list(message.blocks)) == []


def test_a_notification_at_once_has_no_date():
    for name in ("shared card", "reminder", "snoozed", "joined"):
        assert without_day(TIMES[name](T0 + timedelta(hours=3)).text) == ["02:47"]
