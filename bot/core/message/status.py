"""The answer to `/gitops status`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.application import Application
from bot.core.commit import PullRequest
from bot.core.drift import Check, Status
from bot.core.message import wording
from bot.core.message.blocks import Element, Message, clip, code, fill, link, message, moment, paragraph, rich, words
from bot.core.message.language import ENGLISH as EN
from bot.core.rollout import Rollout

MARKS = {Status.OUT_OF_SYNC: "🔴", Status.UNKNOWN: "❔", Status.SYNCED: "✅"}
WORDS = {Status.OUT_OF_SYNC: "out of sync", Status.UNKNOWN: "unknown", Status.SYNCED: "synced"}


@dataclass(frozen=True, slots=True)
class Overview:
    """What there is to tell. `pulls` are open pull requests by repository; `troubles` sentences of what is down."""

    applications: Sequence[Application]
    checks: Mapping[str, Check]
    rollouts: Sequence[Rollout]
    pulls: Mapping[str, Sequence[PullRequest]]
    troubles: Sequence[str]


def overview(given: Overview) -> Message:
    """Every application asked for, the worst first."""
    if not given.applications:
        text = "No application is configured yet; add one under applications: in the configuration."
        return message(text, rich(paragraph(words(text))))
    ranked = sorted(given.applications, key=lambda application: _rank(given.checks.get(application.name)))
    parts = [[paragraph(*_line(application, given))] for application in ranked]
    shown = {application.repository for application in given.applications}
    pulls = [pull for name in sorted(shown) for pull in given.pulls.get(name, ())]
    blocks = [rich(paragraph(words(_sentence(given), bold=True)))]
    blocks += fill(parts, lambda left: paragraph(words(f"… and {wording.count(left, 'more application')}.")))
    if pulls:
        listed = [[paragraph(words("Open pull requests:", bold=True))]]
        listed += [
            [
                paragraph(
                    link(pull.url, f"#{pull.number}"), words(f" {clip(pull.title, 150)} · by {clip(pull.author, 60)}")
                )
            ]
            for pull in pulls
        ]
        blocks += fill(
            listed, lambda left: paragraph(words(f"… and {wording.count(left, 'more pull request')}.")), budget=2_000
        )
    if given.troubles:
        blocks.append(
            rich(*(paragraph(*wording.with_channels(f"⚠️ {clip(each, 400)}\n")) for each in given.troubles[:5]))
        )
    return message(_sentence(given), *blocks)


def _sentence(given: Overview) -> str:
    states = [given.checks[each.name].status for each in given.applications if each.name in given.checks]
    told = [
        f"{states.count(status)} {WORDS[status]}"
        for status in (Status.OUT_OF_SYNC, Status.UNKNOWN, Status.SYNCED)
        if states.count(status)
    ]
    waiting = len(given.applications) - len(states)
    if waiting:
        told.append(f"{waiting} not checked yet")
    return f"{wording.count(len(given.applications), 'application')}: {', '.join(told)}."


def _line(application: Application, given: Overview) -> list[Element]:
    check = given.checks.get(application.name)
    name = words(application.name, bold=True)
    where = words(f" · {application.cluster}/{clip(application.namespace, 63)}")
    if check is None:
        return [words("⏳ "), name, words(" · not checked yet"), where]
    line = [words(f"{MARKS[check.status]} "), name, words(f" · {WORDS[check.status]}")]
    if check.drift:
        line.append(words(f": {wording.summary(EN, check.drift)}"))
    line += [
        where,
        words(" · git "),
        code(wording.short(EN, check.revision)),
        words(" · checked "),
        moment(check.at),
    ]
    arriving = [each for each in given.rollouts if _waits_for(each, application.name)]
    if arriving:
        line.append(words(f" · {wording.short(EN, arriving[-1].revision)} is on its way"))
    if check.error:
        line.append(words(f"\n    {clip(check.error, 400)}"))
    return line


def _waits_for(rollout: Rollout, application: str) -> bool:
    return any(part.application == application and part.live_at is None for part in rollout.parts)


def _rank(check: Check | None) -> int:
    order = (Status.OUT_OF_SYNC, Status.UNKNOWN, Status.SYNCED)
    return 0 if check and check.drift else order.index(check.status) + 1 if check else len(order) + 1
