"""A message must not name someone for what another wrote."""

from dataclasses import replace

import pytest

from bot.i18n.language import ENGLISH
from bot.messages import incident, incident_group, incident_thread
from bot.messages.blocks import plain
from tests.messages.incidents import GREW
from tests.messages.samples import ANA_EDITED, CONFIG, DEPLOYMENT, OPEN, field

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
    alert = incident.card(ENGLISH, replace(OPEN, drift=drift))
    assert alert.text == f"Serious drift in shop on prod: {told}"
    grown = incident_thread.drift_grew(ENGLISH, OPEN, replace(GREW, drift=drift))
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
    card = incident_group.card(ENGLISH, group)
    _, _, sentence = card.text.partition("Affected: ")[2].partition(". ")
    assert sentence == (f"{named[:1].upper()}{named[1:]}." if named else "")
    _, _, by = shown(card.blocks).split("\n", 1)[0].partition(" UTC · ")
    assert by == named
