"""The answer to `/gitops status`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.core.applications.application import Application
from bot.core.applications.deployer_status import DeployerStatus, SyncMode, disagreement
from bot.core.applications.discovery import UnsupportedResource
from bot.core.drift.model import Check, Status
from bot.core.git.commit import PullRequest
from bot.core.rollouts.rollout import Rollout
from bot.i18n.catalogue import deployed as view_texts
from bot.i18n.catalogue import status as texts
from bot.i18n.catalogue import wording as shared
from bot.i18n.language import Translator
from bot.messages import wording
from bot.messages.blocks import (
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
    rich_line,
    table,
    words,
)

# The worst first.
_STATES = {
    Status.OUT_OF_SYNC: ("🔴", texts.IS_OUT_OF_SYNC, texts.OUT_OF_SYNC),
    Status.UNKNOWN: ("❔", texts.IS_UNKNOWN, texts.UNKNOWN),
    Status.SYNCED: ("✅", texts.IS_SYNCED, texts.SYNCED),
}
_UNCHECKED = "⏳"
# So many are found sooner in a table than in lines, which say more of each.
_TABLE_FROM = 11

_SYNC_MODES = {SyncMode.SUSPENDED: view_texts.SUSPENDED, SyncMode.MANUAL: view_texts.MANUAL}


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
    views: Mapping[str, DeployerStatus] = field(default_factory=dict)
    unreadable: Sequence[UnsupportedResource] = ()


def overview(translator: Translator, given: Overview) -> Message:
    """Every application asked for, the worst first."""
    if not given.applications and not given.unreadable:
        text = translator.text(texts.NO_APPLICATION)
        return message(text, rich(paragraph(words(text))))
    every = ranked(given.applications, given.checks)
    shown = {application.repository.name for application in given.applications}
    opened = {name: given.pulls[name] for name in sorted(shown) if given.pulls.get(name)}
    sentence = _sentence(translator, given)
    lead = rich(paragraph(words(sentence, bold=True)))
    lines = fill([[paragraph(*_line(translator, each, given))] for each in every], lambda left: _more(translator, left))
    rest: list[Block] = []
    if given.unreadable:
        title = paragraph(words(translator.count(texts.NOT_FOLLOWED, len(given.unreadable)), bold=True))
        rest += fill(
            [[title], *([_unreadable(translator, each)] for each in given.unreadable)],
            lambda left: paragraph(words(translator.count(texts.MORE_NOT_FOLLOWED, left))),
            budget=2_000,
        )
    if opened:
        title = paragraph(
            words(translator.text(texts.PULLS, repositories=wording.listed(translator, opened)), bold=True)
        )
        rest += fill(
            [[title], *([_pull(translator, each)] for pulls in opened.values() for each in pulls)],
            lambda left: paragraph(words(translator.count(texts.MORE_PULLS, left))),
            budget=2_000,
        )
    troubles = [*map(translator.told, given.troubles), *_pulls_unknown(translator, given)]
    if troubles:
        rest.append(rich(*(paragraph(*wording.with_channels(f"⚠️ {clip(each, 400)}\n")) for each in troubles[:5])))
    if len(every) < _TABLE_FROM:
        return message(sentence, lead, *lines, *rest)
    tabled = message(sentence, lead, *_table(translator, every, given), *rest)
    return replace(tabled, plain=(lead, *lines, *rest))


def _table(translator: Translator, applications: Sequence[Application], given: Overview) -> list[Block]:
    """Two columns, which a phone has room for, and below them in full what could not be looked at or is contested.

    `/gitops status APP` says the rest of the others.
    """
    rows = []
    for each in applications:
        check = given.checks.get(each.name)
        mark, said = state(translator, check)
        drifted = len(check.drift) if check else 0
        differs = f": {translator.count(shared.OBJECTS, drifted)}" if drifted else ""
        rows.append((clip(wording.where(translator, each.name, each.cluster), 100), f"{mark} {said}{differs}"))
    heads = [translator.text(texts.APPLICATION), translator.text(texts.STATE)]
    made, left = table(heads, rows)
    odd = [each for each in applications if _is_odd(each, given)]
    lines = fill(
        [[paragraph(*_line(translator, each, given))] for each in odd], lambda cut: _more(translator, cut), budget=2_000
    )
    return [made, *([rich(_more(translator, left))] if left else []), *lines]


def _is_odd(application: Application, given: Overview) -> bool:
    """Whether a state alone would hide why it is not known, or that its deployer says otherwise."""
    check, view = given.checks.get(application.name), given.views.get(application.name)
    arrives = any(_waits_for(each, application.name) for each in given.rollouts)
    contested = view is not None and disagreement(view, check, rolling_out=arrives) is not None
    return contested or (check is not None and check.error is not None)


def _more(translator: Translator, left: int) -> Element:
    return paragraph(words(translator.count(texts.MORE_APPLICATIONS, left)))


def ranked(applications: Iterable[Application], checks: Mapping[str, Check]) -> list[Application]:
    """The worst first."""
    return sorted(applications, key=lambda application: _rank(checks.get(application.name)))


def tally(translator: Translator, applications: Sequence[Application], checks: Mapping[str, Check]) -> list[str]:
    """`1 out of sync`, `5 synced`: how many are in which state, the worst first."""
    states = [checks[each.name].status for each in applications if each.name in checks]
    told = [
        translator.count(counted, states.count(status))
        for status, (_, _, counted) in _STATES.items()
        if status in states
    ]
    waiting = len(applications) - len(states)
    return told + ([translator.count(texts.UNCHECKED, waiting)] if waiting else [])


def state(translator: Translator, check: Check | None) -> tuple[str, str]:
    """A mark, and the state in words."""
    if check is None:
        return _UNCHECKED, translator.text(texts.IS_UNCHECKED)
    mark, phrase, _ = _STATES[check.status]
    return mark, translator.text(phrase)


def arriving(translator: Translator, revision: str) -> list[Element]:
    """What follows an application that a merge is on its way to."""
    return rich_line(translator, texts.ARRIVING, revision=wording.short(translator, revision))


def _sentence(translator: Translator, given: Overview) -> str:
    states = ", ".join(tally(translator, given.applications, given.checks))
    return translator.count(texts.OVERVIEW, len(given.applications), states=states)


def _line(translator: Translator, application: Application, given: Overview) -> list[Element]:
    check = given.checks.get(application.name)
    name = words(application.name, bold=True)
    where = f"{application.cluster}/{clip(application.namespace, 63)}"
    view = given.views.get(application.name)
    if check is None:
        return [
            *rich_line(translator, texts.LINE_UNCHECKED, name=name, where=where),
            *_view(translator, view, None, arriving=False),
        ]
    mark, said = state(translator, check)
    if check.drift:
        said = translator.text(texts.STATE_DRIFT, state=said, summary=wording.summary(translator, check.drift))
    line = rich_line(
        translator,
        texts.LINE,
        mark=mark,
        name=name,
        state=said,
        where=where,
        revision=code(wording.short(translator, check.revision)),
        time=moment(check.at),
    )
    going = [each for each in given.rollouts if _waits_for(each, application.name)]
    if going:
        line += arriving(translator, going[-1].revision)
    if check.error:
        line.append(words(f"\n{clip(translator.told(check.error), 400)}"))
    line += [words(f"\n{clip(translator.told(note), 400)}") for note in check.notes]
    return line + _view(translator, view, check, arriving=bool(going))


def _view(translator: Translator, view: DeployerStatus | None, check: Check | None, *, arriving: bool) -> list[Element]:
    """What its deployer says, and where that is not what the bot sees."""
    if view is None:
        return []
    sync = translator.text(view_texts.AT, sync=view.sync, revision=view.revision[:8]) if view.revision else view.sync
    sync_mode = translator.text(_SYNC_MODES[view.sync_mode]) if view.sync_mode in _SYNC_MODES else ""
    failed = view.failure and (": ".join(filter(None, (view.failure.reason, view.failure.message))))
    what = " · ".join(filter(None, (sync.strip(), view.health, sync_mode, clip(failed or "", 300))))
    told = translator.text(view_texts.SAYS, deployer=view.deployer, what=what or translator.text(view_texts.NOTHING))
    differs = disagreement(view, check, rolling_out=arriving)
    return [words(f"\n{each}") for each in (told, differs and f"⚠️ {translator.told(differs)}") if each]


def _unreadable(translator: Translator, each: UnsupportedResource) -> Element:
    where = translator.told(each.origin.title)
    part = f" ({each.source_name})" if each.source_name else ""
    return paragraph(words(f"❔ {clip(where, 250)}{part}: {clip(translator.told(each.reason), 300)}\n"))


def _pull(translator: Translator, pull: PullRequest) -> Element:
    reference = link(pull.url, f"#{pull.number}")
    return paragraph(
        *rich_line(translator, texts.PULL, link=reference, title=clip(pull.title, 150), author=clip(pull.author, 60))
    )


def _pulls_unknown(translator: Translator, given: Overview) -> list[str]:
    unknown = sorted(given.pulls_unknown.items())
    return [
        translator.text(texts.PULLS_UNKNOWN, repository=name, reason=translator.told(reason))
        for name, reason in unknown
    ]


def _waits_for(rollout: Rollout, application: str) -> bool:
    return any(part.application == application and part.live_at is None for part in rollout.parts)


def _rank(check: Check | None) -> int:
    order = list(_STATES)
    return 0 if check and check.drift else order.index(check.status) + 1 if check else len(order) + 1
