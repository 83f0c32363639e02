"""The progress of a merge in each application, for a rollout's card: one by one, or by state if there are many."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.health.unready import Unready
from bot.core.rollouts.pending import NOTHING_PENDING, PendingState
from bot.core.rollouts.rollout import ApplicationRollout, Rollout
from bot.i18n.catalogue import common as shared
from bot.i18n.catalogue import rollout as texts
from bot.i18n.language import PluralPhrase, Translator
from bot.messages import common
from bot.messages.blocks import Element, Value, bullets, clip, date, rich_line, words

_MAX_PARTS = 8  # applications listed one by one; more are grouped by state
_MAX_DETAILED = 3  # applications per state with what they still need
_MAX_NAMES = 4
_MAX_PENDING = 4
_MAX_BLOCKS = 10


def progress(translator: Translator, rollout: Rollout, *, waiting: bool = False) -> list[list[Element]]:
    """Parts of a rich_text block: one for each application, or a summary by state, then some that aren't live.

    `waiting` leaves out the applications that are live and healthy.
    """
    parts = [part for part in rollout.parts if not waiting or part.is_unresolved]
    if len(parts) <= _MAX_PARTS:
        return [[bullets([_part(translator, part, rollout.merged_at)])] for part in parts]
    groups: dict[str, list[ApplicationRollout]] = {}
    for part in parts:
        groups.setdefault(_state(part), []).append(part)
    present = [(state, groups[state]) for state in _GROUPS if state in groups]
    return [
        [bullets([[words(_group(translator, state, members), bold=True)] for state, members in present])],
        *(
            [bullets([_part(translator, part, rollout.merged_at)])]
            for state, members in present
            if state in _DETAILED_STATES
            for part in members[:_MAX_DETAILED]
        ),
    ]


# States that need attention come first.
_GROUPS: dict[str, PluralPhrase] = {
    "degraded": texts.ALL_DEGRADED,
    "unready": texts.ALL_UNREADY,
    "missing": texts.ALL_MISSING,
    "unknown": texts.ALL_UNKNOWN,
    "unseen": texts.ALL_UNSEEN,
    "superseded": texts.ALL_SUPERSEDED,
    "live": texts.ALL_LIVE,
}
_DETAILED_STATES = ("degraded", "unready", "missing", "unknown")


def _state(part: ApplicationRollout) -> str:
    if part.superseded_by:
        return "superseded"
    if part.is_degraded:
        return "degraded"
    if part.live_at:
        return "live"
    if part.error:
        return "unknown"
    if part.pending.unready and part.pending.is_applied:
        return "unready"
    return "unseen" if part.pending == NOTHING_PENDING else "missing"


def _group(translator: Translator, state: str, parts: Sequence[ApplicationRollout]) -> str:
    names = common.listed(translator, (part.application for part in parts), _MAX_NAMES)
    return translator.count(_GROUPS[state], len(parts), names=names)


def _part(translator: Translator, part: ApplicationRollout, merged_at: datetime) -> list[Element]:
    where: dict[str, Value] = {"application": words(part.application, bold=True), "cluster": part.cluster}
    at = part.live_at or merged_at
    match _state(part):
        case "degraded":
            since: dict[str, Value] = {"took": common.duration(at - merged_at), "time": date(part.degraded_at or at)}
            return rich_line(
                translator, texts.PART_DEGRADED, **where, **since, missing=_pending(translator, part.pending)
            )
        case "live":
            line = rich_line(translator, texts.PART_LIVE, **where, took=common.duration(at - merged_at), time=date(at))
            if part.degraded_at and part.recovered_at:
                line += rich_line(
                    translator, texts.RECOVERED, time=date(part.degraded_at), recovered=date(part.recovered_at)
                )
            return line
        case "superseded":
            newer = common.short_revision(translator, part.superseded_by)
            return rich_line(translator, texts.PART_SUPERSEDED, **where, newer=newer)
        case "unknown":
            return rich_line(
                translator, texts.PART_UNKNOWN, **where, reason=clip(translator.localize(part.error or ""), 300)
            )
        case "unready":
            return rich_line(
                translator, texts.PART_UNREADY, **where, missing=_pending(translator, part.pending)
            ) + _failure(translator, part)
        case "missing":
            return rich_line(
                translator, texts.PART_MISSING, **where, missing=_pending(translator, part.pending)
            ) + _failure(translator, part)
        case _:
            return rich_line(translator, texts.PART_UNSEEN, **where)


def _pending(translator: Translator, pending: PendingState) -> str:
    names = [
        *(_unready(translator, unready) for unready in pending.unready),
        *(clip(name, 160) for name in pending.missing),
        *(translator.text(texts.REMAINING, object=clip(name, 120)) for name in pending.remaining),
    ]
    shown = names[:_MAX_PENDING]
    omitted = pending.total - len(shown)
    more = [translator.text(shared.AND_MORE, n=translator.number(omitted))] if omitted > 0 else []
    return "; ".join([*shown, *more])


def _unready(translator: Translator, unready: Unready) -> str:
    name = f"{clip(unready.kind, 60)} {clip(unready.name, 80)}"
    if unready.wanted:
        state = translator.count(
            texts.PODS,
            unready.wanted,
            bar=_bar(unready.ready, unready.wanted),
            ready=translator.number(unready.ready),
        )
    else:
        state = unready.health.value
    if not unready.reason:
        return translator.text(texts.READY, object=name, state=state)
    return translator.text(texts.READY_BECAUSE, object=name, state=state, reason=clip(unready.reason, 100))


def _bar(ready: int, wanted: int) -> str:
    """A bar with a block per pod, at most 10. It is empty or full only if no pod or all pods are ready."""
    blocks = min(wanted, _MAX_BLOCKS)
    filled = max(min(ready, wanted) * blocks // wanted, min(ready, 1))
    return "▰" * filled + "▱" * (blocks - filled)


def _failure(translator: Translator, part: ApplicationRollout) -> list[Element]:
    failure = part.pending.failure
    if failure is None:
        return []
    if waits := common.waits_for(translator, failure):
        return rich_line(translator, texts.WAITS, deployer=failure.deployer, waits=waits)
    values = {"deployer": failure.deployer, "reason": clip(failure.reason, 80)}
    return (
        rich_line(translator, texts.SAYS_MORE, **values, message=clip(failure.message, 200))
        if failure.message
        else rich_line(translator, texts.SAYS, **values)
    )
