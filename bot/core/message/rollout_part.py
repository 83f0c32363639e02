"""How far a merge is in each application, as a rollout's card tells it: one by one, or by state when they are many."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.health import Unready
from bot.core.message import wording
from bot.core.message.blocks import Element, bullets, clip, moment, words
from bot.core.message.catalogue import rollout as texts
from bot.core.message.language import Counted, Say, Value
from bot.core.rollout import NOTHING, Lacking, Part, Rollout

_MOST_PARTS = 8  # told one by one; more are grouped
_MOST_TOLD = 3  # of a group, those of which it is told what they lack
_MOST_NAMES = 4
_MOST_LACKING = 4


def progress(say: Say, rollout: Rollout, *, waiting: bool = False) -> list[list[Element]]:
    """Parts of a rich_text block: one for each application, or all states and then some of those that lack something.

    `waiting`: without those that are live.
    """
    parts = [part for part in rollout.parts if not waiting or part.live_at is None]
    if len(parts) <= _MOST_PARTS:
        return [[bullets([_part(say, part, rollout.merged_at)])] for part in parts]
    groups: dict[str, list[Part]] = {}
    for part in parts:
        groups.setdefault(_state(part), []).append(part)
    found = [(state, groups[state]) for state in _GROUPS if state in groups]
    return [
        [bullets([[words(_group(say, state, members), bold=True)] for state, members in found])],
        *(
            [bullets([_part(say, part, rollout.merged_at)])]
            for state, members in found
            if state in _TOLD_ONE_BY_ONE
            for part in members[:_MOST_TOLD]
        ),
    ]


# What somebody has to look at comes first.
_GROUPS: dict[str, Counted] = {
    "unready": texts.ALL_UNREADY,
    "missing": texts.ALL_MISSING,
    "unknown": texts.ALL_UNKNOWN,
    "unseen": texts.ALL_UNSEEN,
    "live": texts.ALL_LIVE,
}
_TOLD_ONE_BY_ONE = ("unready", "missing", "unknown")


def _state(part: Part) -> str:
    if part.live_at:
        return "live"
    if part.error:
        return "unknown"
    if part.lacking.unready:
        return "unready"
    return "unseen" if part.lacking == NOTHING else "missing"


def _group(say: Say, state: str, parts: Sequence[Part]) -> str:
    names = wording.listed(say, (part.application for part in parts), _MOST_NAMES)
    return say.count(_GROUPS[state], len(parts), names=names)


def _part(say: Say, part: Part, merged_at: datetime) -> list[Element]:
    where: dict[str, Value] = {"application": words(part.application, bold=True), "cluster": part.cluster}
    match _state(part):
        case "live":
            at = part.live_at or merged_at
            return say.line(texts.PART_LIVE, **where, took=wording.duration(at - merged_at), time=moment(at))
        case "unknown":
            return say.line(texts.PART_UNKNOWN, **where, reason=clip(say.told(part.error or ""), 300))
        case "unready":
            return say.line(texts.PART_UNREADY, **where, missing=_lacking(say, part.lacking)) + _failure(say, part)
        case "missing":
            return say.line(texts.PART_MISSING, **where, missing=_lacking(say, part.lacking)) + _failure(say, part)
        case _:
            return say.line(texts.PART_UNSEEN, **where)


def _lacking(say: Say, lacking: Lacking) -> str:
    named = [
        *(_workload(say, each) for each in lacking.unready),
        *(clip(each, 160) for each in lacking.missing),
        *(say.text(texts.REMAINING, object=clip(each, 120)) for each in lacking.remaining),
    ]
    counted = named + [""] * (lacking.total - len(named))
    return wording.listed(say, counted, min(_MOST_LACKING, max(1, len(named))))


def _workload(say: Say, found: Unready) -> str:
    told = {
        "object": f"{found.kind} {clip(found.name, 80)}",
        "ready": say.number(found.ready),
        "wanted": say.number(found.wanted),
    }
    if not found.reason:
        return say.text(texts.READY, **told)
    return say.text(texts.READY_BECAUSE, **told, reason=clip(found.reason, 100))


def _failure(say: Say, part: Part) -> list[Element]:
    failure = part.lacking.failure
    if failure is None:
        return []
    told = {"deployer": failure.deployer, "reason": clip(failure.reason, 80)}
    return (
        say.line(texts.SAYS_MORE, **told, message=clip(failure.message, 200))
        if failure.message
        else say.line(texts.SAYS, **told)
    )
