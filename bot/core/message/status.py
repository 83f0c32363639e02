"""The answer to `/gitops status`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.application import Application
from bot.core.commit import PullRequest
from bot.core.drift import Check, Status
from bot.core.message import wording
from bot.core.message.blocks import Element, Message, clip, code, fill, link, message, moment, paragraph, rich, words
from bot.core.message.catalogue import status as texts
from bot.core.message.language import Say
from bot.core.rollout import Rollout

# The worst first.
_STATES = {
    Status.OUT_OF_SYNC: ("🔴", texts.IS_OUT_OF_SYNC, texts.OUT_OF_SYNC),
    Status.UNKNOWN: ("❔", texts.IS_UNKNOWN, texts.UNKNOWN),
    Status.SYNCED: ("✅", texts.IS_SYNCED, texts.SYNCED),
}


@dataclass(frozen=True, slots=True)
class Overview:
    """What there is to tell. `pulls` are open pull requests by repository, `pulls_unknown` why they are not known.

    `troubles` are sentences of what is down.
    """

    applications: Sequence[Application]
    checks: Mapping[str, Check]
    rollouts: Sequence[Rollout]
    pulls: Mapping[str, Sequence[PullRequest]]
    pulls_unknown: Mapping[str, str]
    troubles: Sequence[str]


def overview(say: Say, given: Overview) -> Message:
    """Every application asked for, the worst first."""
    if not given.applications:
        text = say.text(texts.NO_APPLICATION)
        return message(text, rich(paragraph(words(text))))
    ranked = sorted(given.applications, key=lambda application: _rank(given.checks.get(application.name)))
    parts = [[paragraph(*_line(say, application, given))] for application in ranked]
    shown = {application.repository for application in given.applications}
    pulls = [pull for name in sorted(shown) for pull in given.pulls.get(name, ())]
    sentence = _sentence(say, given)
    blocks = [rich(paragraph(words(sentence, bold=True)))]
    blocks += fill(parts, lambda left: paragraph(words(say.count(texts.MORE_APPLICATIONS, left))))
    if pulls:
        blocks += fill(
            [[paragraph(words(say.text(texts.PULLS), bold=True))], *([_pull(say, each)] for each in pulls)],
            lambda left: paragraph(words(say.count(texts.MORE_PULLS, left))),
            budget=2_000,
        )
    troubles = [*map(say.told, given.troubles), *_pulls_unknown(say, given)]
    if troubles:
        blocks.append(rich(*(paragraph(*wording.with_channels(f"⚠️ {clip(each, 400)}\n")) for each in troubles[:5])))
    return message(sentence, *blocks)


def _sentence(say: Say, given: Overview) -> str:
    states = [given.checks[each.name].status for each in given.applications if each.name in given.checks]
    told = [say.count(counted, states.count(status)) for status, (_, _, counted) in _STATES.items() if status in states]
    waiting = len(given.applications) - len(states)
    if waiting:
        told.append(say.count(texts.UNCHECKED, waiting))
    return say.count(texts.OVERVIEW, len(given.applications), states=", ".join(told))


def _line(say: Say, application: Application, given: Overview) -> list[Element]:
    check = given.checks.get(application.name)
    name = words(application.name, bold=True)
    where = f"{application.cluster}/{clip(application.namespace, 63)}"
    if check is None:
        return say.line(texts.LINE_UNCHECKED, name=name, where=where)
    mark, phrase, _ = _STATES[check.status]
    state = say.text(phrase)
    if check.drift:
        state = say.text(texts.STATE_DRIFT, state=state, summary=wording.summary(say, check.drift))
    line = say.line(
        texts.LINE,
        mark=mark,
        name=name,
        state=state,
        where=where,
        revision=code(wording.short(say, check.revision)),
        time=moment(check.at),
    )
    arriving = [each for each in given.rollouts if _waits_for(each, application.name)]
    if arriving:
        line += say.line(texts.ARRIVING, revision=wording.short(say, arriving[-1].revision))
    if check.error:
        line.append(words(f"\n{clip(say.told(check.error), 400)}"))
    return line


def _pull(say: Say, pull: PullRequest) -> Element:
    reference = link(pull.url, f"#{pull.number}")
    return paragraph(*say.line(texts.PULL, link=reference, title=clip(pull.title, 150), author=clip(pull.author, 60)))


def _pulls_unknown(say: Say, given: Overview) -> list[str]:
    unknown = sorted(given.pulls_unknown.items())
    return [say.text(texts.PULLS_UNKNOWN, repository=name, reason=say.told(reason)) for name, reason in unknown]


def _waits_for(rollout: Rollout, application: str) -> bool:
    return any(part.application == application and part.live_at is None for part in rollout.parts)


def _rank(check: Check | None) -> int:
    order = list(_STATES)
    return 0 if check and check.drift else order.index(check.status) + 1 if check else len(order) + 1
