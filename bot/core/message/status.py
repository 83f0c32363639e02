"""The answer to `/gitops status`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.core.application import Application, home
from bot.core.commit import PullRequest
from bot.core.deployed import Stop, View, disagreement
from bot.core.discovered import Unreadable
from bot.core.drift import Check, Status
from bot.core.message import wording
from bot.core.message.blocks import (
    Block,
    Element,
    Message,
    clip,
    code,
    fill,
    link,
    message,
    moment,
    paragraph,
    rich,
    table,
    words,
)
from bot.core.message.catalogue import deployed as view_texts
from bot.core.message.catalogue import status as texts
from bot.core.message.catalogue import wording as shared
from bot.core.message.language import Say
from bot.core.rollout import Rollout

# The worst first.
_STATES = {
    Status.OUT_OF_SYNC: ("🔴", texts.IS_OUT_OF_SYNC, texts.OUT_OF_SYNC),
    Status.UNKNOWN: ("❔", texts.IS_UNKNOWN, texts.UNKNOWN),
    Status.SYNCED: ("✅", texts.IS_SYNCED, texts.SYNCED),
}
_UNCHECKED = "⏳"
# So many are found sooner in a table than in lines, which say more of each.
_TABLE_FROM = 11

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
    every = ranked(given.applications, given.checks)
    shown = {home(application.repository)[0] for application in given.applications}
    opened = {name: given.pulls[name] for name in sorted(shown) if given.pulls.get(name)}
    sentence = _sentence(say, given)
    lead = rich(paragraph(words(sentence, bold=True)))
    lines = fill([[paragraph(*_line(say, each, given))] for each in every], lambda left: _more(say, left))
    rest: list[Block] = []
    if given.unreadable:
        title = paragraph(words(say.count(texts.NOT_FOLLOWED, len(given.unreadable)), bold=True))
        rest += fill(
            [[title], *([_unreadable(say, each)] for each in given.unreadable)],
            lambda left: paragraph(words(say.count(texts.MORE_NOT_FOLLOWED, left))),
            budget=2_000,
        )
    if opened:
        title = paragraph(words(say.text(texts.PULLS, repositories=wording.listed(say, opened)), bold=True))
        rest += fill(
            [[title], *([_pull(say, each)] for pulls in opened.values() for each in pulls)],
            lambda left: paragraph(words(say.count(texts.MORE_PULLS, left))),
            budget=2_000,
        )
    troubles = [*map(say.told, given.troubles), *_pulls_unknown(say, given)]
    if troubles:
        rest.append(rich(*(paragraph(*wording.with_channels(f"⚠️ {clip(each, 400)}\n")) for each in troubles[:5])))
    if len(every) < _TABLE_FROM:
        return message(sentence, lead, *lines, *rest)
    tabled = message(sentence, lead, *_table(say, every, given), *rest)
    return replace(tabled, plain=(lead, *lines, *rest))


def _table(say: Say, applications: Sequence[Application], given: Overview) -> list[Block]:
    """Two columns, which a phone has room for, and below them in full what could not be looked at or is contested.

    `/gitops status APP` says the rest of the others.
    """
    rows = []
    for each in applications:
        check = given.checks.get(each.name)
        mark, said = state(say, check)
        drifted = len(check.drift) if check else 0
        differs = f": {say.count(shared.OBJECTS, drifted)}" if drifted else ""
        rows.append((clip(wording.where(say, each.name, each.cluster), 100), f"{mark} {said}{differs}"))
    heads = [say.text(texts.APPLICATION), say.text(texts.STATE)]
    made, left = table(heads, rows)
    odd = [each for each in applications if _is_odd(each, given)]
    lines = fill([[paragraph(*_line(say, each, given))] for each in odd], lambda cut: _more(say, cut), budget=2_000)
    return [made, *([rich(_more(say, left))] if left else []), *lines]


def _is_odd(application: Application, given: Overview) -> bool:
    """Whether a state alone would hide why it is not known, or that its deployer says otherwise."""
    check, view = given.checks.get(application.name), given.views.get(application.name)
    arrives = any(_waits_for(each, application.name) for each in given.rollouts)
    contested = view is not None and disagreement(view, check, arriving=arrives) is not None
    return contested or (check is not None and check.error is not None)


def _more(say: Say, left: int) -> Element:
    return paragraph(words(say.count(texts.MORE_APPLICATIONS, left)))


def ranked(applications: Iterable[Application], checks: Mapping[str, Check]) -> list[Application]:
    """The worst first."""
    return sorted(applications, key=lambda application: _rank(checks.get(application.name)))


def tally(say: Say, applications: Sequence[Application], checks: Mapping[str, Check]) -> list[str]:
    """`1 out of sync`, `5 synced`: how many are in which state, the worst first."""
    states = [checks[each.name].status for each in applications if each.name in checks]
    told = [say.count(counted, states.count(status)) for status, (_, _, counted) in _STATES.items() if status in states]
    waiting = len(applications) - len(states)
    return told + ([say.count(texts.UNCHECKED, waiting)] if waiting else [])


def state(say: Say, check: Check | None) -> tuple[str, str]:
    """A mark, and the state in words."""
    if check is None:
        return _UNCHECKED, say.text(texts.IS_UNCHECKED)
    mark, phrase, _ = _STATES[check.status]
    return mark, say.text(phrase)


def arriving(say: Say, revision: str) -> list[Element]:
    """What follows an application that a merge is on its way to."""
    return say.line(texts.ARRIVING, revision=wording.short(say, revision))


def _sentence(say: Say, given: Overview) -> str:
    states = ", ".join(tally(say, given.applications, given.checks))
    return say.count(texts.OVERVIEW, len(given.applications), states=states)


def _line(say: Say, application: Application, given: Overview) -> list[Element]:
    check = given.checks.get(application.name)
    name = words(application.name, bold=True)
    where = f"{application.cluster}/{clip(application.namespace, 63)}"
    view = given.views.get(application.name)
    if check is None:
        return [*say.line(texts.LINE_UNCHECKED, name=name, where=where), *_view(say, view, None, arriving=False)]
    mark, said = state(say, check)
    if check.drift:
        said = say.text(texts.STATE_DRIFT, state=said, summary=wording.summary(say, check.drift))
    line = say.line(
        texts.LINE,
        mark=mark,
        name=name,
        state=said,
        where=where,
        revision=code(wording.short(say, check.revision)),
        time=moment(check.at),
    )
    going = [each for each in given.rollouts if _waits_for(each, application.name)]
    if going:
        line += arriving(say, going[-1].revision)
    if check.error:
        line.append(words(f"\n{clip(say.told(check.error), 400)}"))
    line += [words(f"\n{clip(say.told(note), 400)}") for note in check.notes]
    return line + _view(say, view, check, arriving=bool(going))


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
