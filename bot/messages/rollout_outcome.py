"""The start of a rollout's card: its status and why."""

from collections.abc import Sequence

from bot.core.health.cause import Cause
from bot.core.health.status import HealthStatus
from bot.core.rollouts.outcome import Outcome, outcome
from bot.core.rollouts.rollout import ApplicationRollout, Rollout
from bot.i18n.catalogue import rollout as texts
from bot.i18n.language import Phrase, PluralPhrase, Translator
from bot.messages import common
from bot.messages.blocks import clip

_MAX_NAMES = 4

_HEADERS: dict[Outcome, Phrase] = {
    Outcome.ROLLING_OUT: texts.ROLLING_HEADER,
    Outcome.LIVE: texts.LIVE_HEADER,
    Outcome.DEGRADED: texts.DEGRADED_HEADER,
    Outcome.PARTLY_LIVE: texts.PARTLY_LIVE_HEADER,
    Outcome.SUPERSEDED: texts.SUPERSEDED_HEADER,
    Outcome.REVERTED: texts.REVERTED_HEADER,
    Outcome.PAUSED: texts.PAUSED_HEADER,
    Outcome.STUCK: texts.STUCK_HEADER,
    Outcome.TIMED_OUT: texts.TIMED_OUT_HEADER,
    Outcome.UNKNOWN: texts.UNKNOWN_HEADER,
}
_SENTENCES: dict[Outcome, Phrase | PluralPhrase] = {
    Outcome.ROLLING_OUT: texts.ROLLING,
    Outcome.LIVE: texts.LIVE,
    Outcome.DEGRADED: texts.DEGRADED,
    Outcome.PARTLY_LIVE: texts.PARTLY_LIVE,
    Outcome.SUPERSEDED: texts.SUPERSEDED,
    Outcome.REVERTED: texts.REVERTED,
    Outcome.PAUSED: texts.PAUSED,
    Outcome.STUCK: texts.STUCK,
    Outcome.TIMED_OUT: texts.TIMED_OUT,
    Outcome.UNKNOWN: texts.UNKNOWN,
}
# If the target revision changed: nothing was merged.
_RETARGETED: dict[Outcome, tuple[Phrase, Phrase]] = {
    Outcome.ROLLING_OUT: (texts.ROLLING_RETARGETED_HEADER, texts.ROLLING),
    Outcome.LIVE: (texts.LIVE_HEADER, texts.LIVE_RETARGETED),
}
# These name all applications; the others name only those that it is about.
_OF_ALL = frozenset({Outcome.ROLLING_OUT, Outcome.LIVE, Outcome.REVERTED})
_NOTES: dict[Outcome, Phrase] = {
    Outcome.PAUSED: texts.PAUSED_NOTE,
    Outcome.UNKNOWN: texts.UNKNOWN_NOTE,
}
_CAUSES: dict[Cause, Phrase] = {
    Cause.IMAGE_PULL: texts.IMAGE_PULL,
    Cause.OOM_KILLED: texts.OOM_KILLED,
    Cause.CRASH_LOOP: texts.CRASH_LOOP,
    Cause.QUOTA: texts.QUOTA,
    Cause.ADMISSION: texts.ADMISSION,
    Cause.UNSCHEDULABLE: texts.UNSCHEDULABLE,
    Cause.HOOK_FAILED: texts.HOOK_FAILED,
    Cause.DEPENDENCY: texts.DEPENDENCY,
    Cause.PROBE: texts.PROBE,
}


def headline(translator: Translator, rollout: Rollout) -> tuple[str, str]:
    """The title of the card, and as a sentence."""
    how = outcome(rollout)
    parts = rollout.parts if how in _OF_ALL else _with_problem(rollout, how)
    live = sum(not part.is_pending for part in rollout.parts)
    cause = _cause(translator, parts)
    values = {
        "names": common.listed(translator, (part.application for part in parts), _MAX_NAMES),
        "cause": translator.text(texts.HEADER_CAUSE, cause=cause) if cause else "",
        "because": translator.text(texts.BECAUSE, cause=cause) if cause else "",
        "live": translator.number(live),
        "all": translator.number(len(rollout.parts)),
        "took": common.duration((rollout.ended_at or rollout.merged_at) - rollout.merged_at),
        "newer": common.short_revision(translator, rollout.superseded_by),
        "by": reverting_change(translator, rollout),
    }
    title, sentence = (rollout.retargeted and _RETARGETED.get(how)) or (_HEADERS[how], _SENTENCES[how])
    if how is Outcome.ROLLING_OUT and live:
        sentence = texts.ROLLING_PARTLY
    titles = [translator.text(title, **values)]
    if isinstance(sentence, PluralPhrase):
        sentences = [translator.count(sentence, len(parts), **values)]
    else:
        sentences = [translator.text(sentence, **values)]
    for others, in_title, in_sentence in _problems(rollout):
        if others and others[0] not in parts:
            cause = _cause(translator, others)
            names = common.listed(translator, (part.application for part in others), _MAX_NAMES)
            because = translator.text(texts.BECAUSE, cause=cause) if cause else ""
            named = translator.count(in_title, len(others), names=names)
            titles.append(translator.text(texts.HEADER_CAUSE, cause=named))
            sentences.append(translator.count(in_sentence, len(others), names=names, because=because))
    return "".join(titles), " ".join(sentences)


def healthy_again(translator: Translator, rollout: Rollout) -> str:
    """The applications that recovered, as a sentence after another one; "" if there are none."""
    names = [part.application for part in rollout.parts if part.recovered_at]
    return translator.text(texts.HEALTHY_AGAIN, names=common.listed(translator, names, _MAX_NAMES)) if names else ""


def late_note(rollout: Rollout) -> Phrase | None:
    """What happens next, or what someone has to do; None if the rollout is over, or the progress shows it."""
    how = outcome(rollout)
    if rollout.is_over and how is not Outcome.DEGRADED:
        return None
    if how in _NOTES:
        return _NOTES[how]
    if how is Outcome.DEGRADED:
        return texts.DEGRADED_NOTE if rollout.went_live else None
    is_unapplied = all(
        not (part.is_unknown or part.pending.is_applied or part.pending.unready)
        for part in rollout.parts
        if part.is_pending
    )
    return texts.LATE_NOTE if is_unapplied else None


def reverting_change(translator: Translator, rollout: Rollout) -> str:
    """The pull request (`#13`) or the commit that reverted the rollout."""
    name = rollout.reverted_by or ""
    return clip(name, 20) if name.startswith("#") else common.short_revision(translator, name)


def _with_problem(rollout: Rollout, how: Outcome) -> Sequence[ApplicationRollout]:
    if how is Outcome.SUPERSEDED:
        return [part for part in rollout.parts if part.superseded_by]
    (degraded, *_), (waiting, *_), (unknown, *_) = _problems(rollout)
    return {Outcome.DEGRADED: degraded, Outcome.UNKNOWN: unknown}.get(how, waiting)


def _problems(rollout: Rollout) -> Sequence[tuple[Sequence[ApplicationRollout], PluralPhrase, PluralPhrase]]:
    """The degraded, waiting and unknown applications, and the phrases that name them after other ones."""
    degraded = [part for part in rollout.parts if part.is_degraded]
    waiting = [part for part in rollout.parts if part.is_pending and not part.is_unknown]
    unknown = [part for part in rollout.parts if part.is_unknown]
    return (
        (degraded, texts.ALL_DEGRADED, texts.DEGRADED),
        (waiting, texts.ALL_MISSING, texts.PARTLY_LIVE),
        (unknown, texts.ALL_UNKNOWN, texts.UNKNOWN),
    )


def _cause(translator: Translator, parts: Sequence[ApplicationRollout]) -> str:
    """The first object with a reason, and the reason, in words if the cause is known; "" if there is none."""
    for part in parts:
        failure = part.pending.failure
        for unready in part.pending.unready:
            if unready.health is HealthStatus.SUSPENDED:
                return clip(unready.name, 60)
            if unready.cause is not None:
                return _reason(translator, unready.name, translator.text(_CAUSES[unready.cause]))
            if unready.reason:
                return _reason(translator, unready.name, unready.reason)
        if failure is not None:
            cause = part.pending.cause
            explanation = translator.text(_CAUSES[cause]) if cause else common.waits_for(translator, failure)
            return _reason(translator, failure.deployer, explanation or failure.reason)
    return ""


def _reason(translator: Translator, name: str, reason: str) -> str:
    return translator.text(texts.CAUSE, name=clip(name, 60), reason=clip(reason, 60))
