"""The answer to `/gitops status`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.application import Application, home
from bot.core.commit import PullRequest
from bot.core.deployed import Stop, View, disagreement
from bot.core.discovered import Unreadable
from bot.core.drift import Check, Status
from bot.core.message import wording
from bot.core.message.blocks import Element, Message, clip, code, fill, link, message, moment, paragraph, rich, words
from bot.core.message.catalogue import deployed as view_texts
from bot.core.message.catalogue import status as texts
from bot.core.message.language import Say
from bot.core.rollout import Rollout

# The worst first.
_STATES = {
    Status.OUT_OF_SYNC: ("🔴", texts.IS_OUT_OF_SYNC, texts.OUT_OF_SYNC),
    Status.UNKNOWN: ("❔", texts.IS_UNKNOWN, texts.UNKNOWN),
    Status.SYNCED: ("✅", texts.IS_SYNCED, texts.SYNCED),
}

_STOPS = {Stop.SUSPENDED: view_texts.SUSPENDED, Stop.MANUAL: view_texts.MANUAL}


@dataclass(frozen=True, slots=True)
class Overview:
    """What there is to tell. `pulls` are open pull requests by repository, `pulls_unknown` why they are not known.

    `troubles` are sentences of what is down. `views` are what deployers say, by application, and `unreadable` what they
    know and cannot be followed.
    """

    applications: Sequence[Application]
    checks: Mapping[str, Check]
    rollouts: Sequence[Rollout]
    pulls: Mapping[str, Sequence[PullRequest]]
    pulls_unknown: Mapping[str, str]
    troubles: Sequence[str]
    views: Mapping[str, View] = field(default_factory=dict)
    unreadable: Sequence[Unreadable] = ()


def overview(say: Say, given: Overview) -> Message:
    """Every application asked for, the worst first."""
    if not given.applications and not given.unreadable:
        text = say.text(texts.NO_APPLICATION)
        return message(text, rich(paragraph(words(text))))
    ranked = sorted(given.applications, key=lambda application: _rank(given.checks.get(application.name)))
    parts = [[paragraph(*_line(say, application, given))] for application in ranked]
    shown = {home(application.repository)[0] for application in given.applications}
    pulls = [pull for name in sorted(shown) for pull in given.pulls.get(name, ())]
    sentence = _sentence(say, given)
    blocks = [rich(paragraph(words(sentence, bold=True)))]
    blocks += fill(parts, lambda left: paragraph(words(say.count(texts.MORE_APPLICATIONS, left))))
    if given.unreadable:
        title = paragraph(words(say.count(texts.NOT_FOLLOWED, len(given.unreadable)), bold=True))
        blocks += fill(
            [[title], *([_unreadable(say, each)] for each in given.unreadable)],
            lambda left: paragraph(words(say.count(texts.MORE_NOT_FOLLOWED, left))),
            budget=2_000,
        )
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
    view = given.views.get(application.name)
    if check is None:
        return [*say.line(texts.LINE_UNCHECKED, name=name, where=where), *_view(say, view, None, arriving=False)]
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
    return line + _view(say, view, check, arriving=bool(arriving))


def _view(say: Say, view: View | None, check: Check | None, *, arriving: bool) -> list[Element]:
    """What its deployer says, and where that is not what the bot sees."""
    if view is None:
        return []
    sync = say.text(view_texts.AT, sync=view.sync, revision=view.revision[:8]) if view.revision else view.sync
    stop = say.text(_STOPS[view.stop]) if view.stop else ""
    failed = view.failure and (": ".join(filter(None, (view.failure.reason, view.failure.message))))
    what = " · ".join(filter(None, (sync.strip(), view.health, stop, clip(failed or "", 300))))
    told = say.text(view_texts.SAYS, deployer=view.deployer, what=what or say.text(view_texts.NOTHING))
    differs = disagreement(view, check, arriving=arriving)
    return [words(f"\n{each}") for each in (told, differs and f"⚠️ {say.told(differs)}") if each]


def _unreadable(say: Say, each: Unreadable) -> Element:
    where = say.told(each.origin.title)
    part = f" ({each.part})" if each.part else ""
    return paragraph(words(f"❔ {clip(where, 250)}{part}: {clip(say.told(each.why), 300)}\n"))


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
