"""A list that is cut shows at least its first entry, and what it shows and what it counts as left out is everything."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.changes.effect import Effect
from bot.core.changes.rendered_change import FieldChange, ObjectChange, RenderedChange
from bot.core.drift.model import ObjectDrift
from bot.core.drift.parts import AlignmentBudget
from bot.core.incidents.incident import IncidentEvent, IncidentEventType
from bot.core.pull_requests.tracked_pull_request import ProposedChange
from bot.core.rollouts.rollout import ApplicationChange, ApplicationRollout
from bot.i18n.language import ENGLISH
from bot.messages import (
    diff_pages,
    drift,
    effect,
    incident,
    incident_thread,
    pull_request_card,
    rollout,
    unified_diff,
)
from bot.messages.blocks import Part, bullets, fill, json_size, paragraph, words
from bot.sandbox.slack.limits import check_blocks, check_view
from tests.messages.hostile import SUSPECT
from tests.messages.queries import overview
from tests.messages.samples import (
    APPLICATIONS,
    CONFIG,
    DRIFTED,
    MERGED,
    OPEN,
    PULL_REQUEST,
    RESOLVED,
    REVERT_PULL,
    SYNCED,
    T0,
    UNKNOWN,
    field,
)


def lines(blocks):
    """The text of each paragraph, bullet, and preformatted line in rich_text blocks, with a bullet's indentation."""
    for block in blocks:
        for part in block["elements"] if block["type"] == "rich_text" else ():
            items = part["elements"] if part["type"] == "rich_text_list" else [part]
            for item in items:
                text = "".join(element.get("text", "") for element in item["elements"])
                bullet = "  " * part["indent"] + "• " if part["type"] == "rich_text_list" else ""
                yield from (bullet + line for line in text.split("\n"))


def left(shown, noun, start=""):
    """How many `noun`s the lines say are left out."""
    found = [re.match(rf"{start}(?:… )?and (?:changes in )?([\d,]+) more {noun}s?\b", line) for line in shown]
    return sum(int(match[1].replace(",", "")) for match in found if match)


# ---------------------------------------------------------------- any list


@st.composite
def parts(draw, depth=2, label="0"):
    text = [bullets([[words(f"<{label}>" + "x" * draw(st.integers(0, 300)))]])]
    if not depth or draw(st.booleans()):
        return text
    below = [draw(parts(depth=depth - 1, label=f"{label}.{number}")) for number in range(draw(st.integers(0, 8)))]

    def more(number):
        return paragraph(words(f"<{label}+{number}>"))

    tail = [paragraph(words(f"<{label}$>"))]
    return Part(text, below, more, draw(st.integers(0, 3)), tail, draw(st.integers(1, 4)))


@given(st.data(), st.integers(0, 3_000))
def test_what_is_shown_and_what_is_counted_is_everything(data, budget):
    given_parts = [data.draw(parts(label=f"0.{number}")) for number in range(data.draw(st.integers(1, 8)))]
    whole = Part([], given_parts, lambda number: paragraph(words(f"<0+{number}>")), data.draw(st.integers(0, 3)))
    blocks = fill(given_parts, whole.more, budget=budget, omitted=whole.omitted)
    text = json.dumps(blocks)
    least = 0

    def check(part, label):
        counted = 0
        for number, line in enumerate(part.lines):
            name = f"{label}.{number}"
            if f"<{name}>" in text:
                assert number == 0 or f"<{label}.{number - 1}>" in text, "a gap"
                counted += line.count if isinstance(line, Part) else 1
                if isinstance(line, Part):
                    assert f"<{name}$>" in text
                    check(line, name)
            else:
                assert number, "not even the first"
        all_of_them = part.omitted + sum(line.count if isinstance(line, Part) else 1 for line in part.lines)
        assert re.findall(re.escape(f"<{label}+") + r"(\d+)>", text) == (
            [str(all_of_them - counted)] if all_of_them > counted else []
        )

    check(whole, "0")
    first = given_parts[0]
    while isinstance(first, Part):
        least += json_size([*first.head, *first.tail])
        first = first.lines[0] if first.lines else []
    least += json_size(first)
    assert json_size(blocks) <= max(budget, least) + 700, "more than the first lines although they don't fit"


# ---------------------------------------------------------------- one object of any size


def value(shape, size, side):
    """A value of this shape and size that differs from the other side's everywhere."""
    return {
        "text": f'{side}"' * size,
        "items": [f"{side}{number}" for number in range(size)],
        "lines": "\n".join(f"{side}{number}" * 9 for number in range(size)),
    }[shape]


def object_of(number, width, shapes, name):
    """An object in which so many fields differ, with paths of this width."""
    fields = [
        field(
            path=f"spec.f{index}_{'x' * width}",
            desired=value(*shapes[index % len(shapes)], "g"),
            live=value(*shapes[index % len(shapes)], "l"),
            manager="m" * 60,
        )
        for index in range(number)
    ]
    return ObjectDrift("v1", "ConfigMap", "shop", f"web{name}", "modified", tuple(fields))


SHAPES = st.tuples(st.sampled_from(("text", "items", "lines")), st.sampled_from((1, 10, 60)))
OBJECTS = st.builds(
    object_of,
    st.sampled_from((1, 2, 7, 30)),
    st.sampled_from((0, 40, 300)),
    st.lists(SHAPES, min_size=1, max_size=4),
    st.sampled_from(("", "y" * 200)),
)
QUICK = settings(max_examples=8)


def no_links(check, object_drift):
    return []


def adoption(one):
    return replace(REVERT_PULL, purpose="adopt", change=ProposedChange((), drift=(one,)))


GREW = IncidentEvent("1", T0, IncidentEventType.WORSENED)
OF_ONE_OBJECT = {
    "card": lambda one: incident.card(ENGLISH, replace(OPEN, drift=(one,)), T0),
    "card with suspects": lambda one: incident.card(ENGLISH, replace(OPEN, drift=(one,), suspects=(SUSPECT,) * 3), T0),
    "resolved card": lambda one: incident.card(ENGLISH, replace(RESOLVED, drift=(one,)), T0),
    "reply": lambda one: incident_thread.drift_grew(ENGLISH, OPEN, replace(GREW, drift=(one,)), T0),
    "adoption": lambda one: pull_request_card.card(ENGLISH, adoption(one)),
    "drift": lambda one: drift.answer(ENGLISH, [replace(DRIFTED, drift=(one,))]),
    "explain": lambda one: drift.explain(ENGLISH, [replace(DRIFTED, drift=(one,))]),
}


@pytest.mark.parametrize("make", OF_ONE_OBJECT.values(), ids=OF_ONE_OBJECT)
@QUICK
@given(one=OBJECTS)
def test_an_object_too_large_for_its_message_is_shown_in_part(make, one):
    blocks = list(make(one).blocks)
    check_blocks(blocks)
    shown = list(lines(blocks))
    assert any(line.lstrip().startswith("ConfigMap shop/web") for line in shown)
    seen = {match[1] for line in shown if (match := re.match(r"• f(\d+)_", line))}
    assert seen
    assert len(seen) + left(shown, "field", "• ") == len(one.fields)
    assert not left(shown, "object")


@QUICK
@given(OBJECTS)
def test_a_diff_shows_the_first_lines_of_an_object_and_counts_the_others(one):
    check = replace(DRIFTED, drift=(one,))
    whole = unified_diff.object_diff(ENGLISH, one, T0, 300, [], AlignmentBudget())
    blocks = list(drift.diff(ENGLISH, check, "shop", no_links, everything=False).blocks)
    check_blocks(blocks)
    shown = list(lines(blocks))
    texts = [line["elements"][0]["text"] for (line,) in whole.lines]
    number = len(texts) - left(shown, "line")
    assert number > 0
    assert "\n".join(texts[:number]) in "\n".join(shown)
    assert drift.is_cut(ENGLISH, check, no_links) or number == len(texts)


@QUICK
@given(st.lists(OBJECTS, min_size=1, max_size=2))
def test_the_diff_modal_has_every_line_on_some_page(several):
    check, seen, page = replace(DRIFTED, drift=tuple(several)), [], 0
    while True:
        view = diff_pages.view(ENGLISH, [check], no_links, "shop", page)
        check_view(view, "modal")
        shown = list(lines(view["blocks"]))
        assert page == 0 or any(line.startswith("ConfigMap shop/web") for line in shown)
        seen += shown
        page += 1
        if '"diff_next"' not in json.dumps(view):
            break
    for one in several:
        for (line,) in unified_diff.object_diff(ENGLISH, one, T0, 300, [], AlignmentBudget()).lines:
            assert line["elements"][0]["text"] in seen


# ---------------------------------------------------------------- what a merge changes


def change_of(totals, width, size):
    """The change of one application, with so many fields of each object."""
    objects = tuple(
        ObjectChange(
            "changed",
            "apps/v1",
            "Deployment",
            None,
            f"web{index}",
            tuple(
                FieldChange("changed", f"spec.f{number}_{'x' * width}", '"' * size, "v" * size)
                for number in range(total)
            ),
            total,
        )
        for index, total in enumerate(totals)
    )
    return RenderedChange(changed=len(objects), objects=objects)


CHANGES = st.builds(
    change_of,
    st.lists(st.integers(1, 6), min_size=1, max_size=30),
    st.sampled_from((0, 40, 300)),
    st.sampled_from((1, 40, 500)),
)
OF_ONE_CHANGE = {
    "rollout": lambda change: (
        rollout.card(
            ENGLISH,
            replace(
                MERGED, parts=(ApplicationRollout("shop", "prod", "C1", change=ApplicationChange(change.bounded(24))),)
            ),
        ).blocks
    ),
    "revert": lambda change: effect.blocks(ENGLISH, [Effect("shop", "prod", "shop", change.bounded(24))]),
}


@pytest.mark.parametrize("make", OF_ONE_CHANGE.values(), ids=OF_ONE_CHANGE)
@QUICK
@given(change=CHANGES)
def test_a_change_too_large_for_its_card_is_shown_in_part(make, change):
    blocks = list(make(change))
    check_blocks(blocks)
    shown = list(lines(blocks))
    start = next(index for index, line in enumerate(shown) if line.startswith("Changes in shop"))
    named = [index for index, line in enumerate(shown) if line.startswith("• Deployment web")]
    assert named[0] == start + 1
    assert len(named) + left(shown, "object", "• ") == change.changed
    for changed, index, end in zip(change.objects, named, [*named[1:], len(shown)], strict=False):
        below = shown[index + 1 : end]
        fields = [line for line in below if line.startswith("  • f")]
        assert fields
        assert len(fields) + left(below, "field", "  • ") == changed.total
    assert not left(shown, "application")


def test_applications_left_out_are_counted_not_their_groups():
    """Each change is large, and three applications share each."""
    parts = []
    for number in range(12):
        fields = tuple(FieldChange("changed", f"spec.f{index}_{number}", "a" * 90, "b" * 90) for index in range(3))
        changed = tuple(ObjectChange("changed", "v1", "Deployment", None, f"web{n}", fields, 3) for n in range(5))
        change = ApplicationChange(RenderedChange(changed=5, objects=changed))
        parts += [ApplicationRollout(f"{number}-{name}", "prod", "C1", change=change) for name in "abc"]
    shown = list(lines(rollout.card(ENGLISH, replace(MERGED, parts=tuple(parts))).blocks))
    groups = [line for line in shown if line.startswith("Changes in")]
    assert 0 < len(groups) < 12
    assert 3 * len(groups) + sum(left([line], "application") for line in shown if "changes in" in line) == 36


# ---------------------------------------------------------------- many


@pytest.mark.parametrize("make", [drift.answer, drift.explain])
@pytest.mark.parametrize("many", [1, 100])
def test_a_storm_counts_applications_and_objects(make, many):
    drifted = tuple(replace(CONFIG, name=f"settings-{number}") for number in range(100 // many))
    checks = [replace(DRIFTED, application=f"app-{number:02}", drift=drifted) for number in range(many)]
    shown = list(lines(make(ENGLISH, checks).blocks[1:]))
    applications = [line for line in shown if re.search(r"app-\d\d · prod", line)]
    objects = [line for line in shown if re.match(r"ConfigMap shop/settings-\d+", line)]
    assert 0 < len(objects) < 100
    assert len(applications) + left(shown, "application") == many
    assert len(objects) + left(shown, "object") + left(shown, "application") * len(drifted) == 100


def test_outages_left_out_are_counted():
    """With the pull requests of one repository, which are unknown too."""
    for number in (7, 40):
        shown = list(lines(overview(ENGLISH, outages=[f"Cluster {at}: {'x' * 300}" for at in range(number)]).blocks))
        named = [line for line in shown if re.match("⚠️ (Cluster|web: open)", line)]
        assert len(named) >= 5
        assert len(named) + left(shown, "problem") == number + 1


def test_a_status_with_many_notes_pull_requests_and_outages_fits_in_a_message():
    applications = [replace(APPLICATIONS[0], name=f"shop-{number}") for number in range(3)]
    notes = tuple(f"note {number} {'x' * 380}" for number in range(10))
    checks = {shop.name: replace(SYNCED, application=shop.name, notes=notes) for shop in applications}
    pulls = [replace(PULL_REQUEST, state="open", number=number, title="t" * 150) for number in range(20)]
    answer = overview(
        ENGLISH,
        applications=applications,
        checks=checks,
        outages=[f"Cluster {number}: {'y' * 300}" for number in range(9)],
        pulls={applications[0].repository.name: pulls},
    )
    check_blocks(list(answer.blocks))


def test_the_diff_modal_names_every_check_unknown_ones_first():
    unknown = [replace(UNKNOWN, application=f"app-{number:02}") for number in range(20)]
    view = diff_pages.view(ENGLISH, [*unknown[:10], DRIFTED, *unknown[10:]], no_links, "shop", 0)
    sentences = [line for line in lines(view["blocks"]) if re.match(r"(app-\d\d|shop) on prod.", line)]
    assert [sentence.split()[0] for sentence in sentences] == [*(check.application for check in unknown), "shop"]
