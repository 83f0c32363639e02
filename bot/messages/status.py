"""The answer to `/gitops status`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.core.applications.application import Application
from bot.core.applications.deployer_status import DeployerStatus, SyncMode, disagreement
from bot.core.drift.fact import facts
from bot.core.drift.model import Check, NotFollowed, Status
from bot.core.drift.severity import rate
from bot.core.drift.short_path import WORKLOADS
from bot.core.git.commit import PullRequest
from bot.core.health.unready import Unready
from bot.core.incidents.incident import Incident
from bot.core.rollouts.rollout import Rollout
from bot.i18n.catalogue import deployer as view_texts
from bot.i18n.catalogue import status as texts
from bot.i18n.language import Text, Translator
from bot.messages import common
from bot.messages import fact as fact_message
from bot.messages.blocks import (
    MAX_JSON,
    MAX_LIST,
    Block,
    Element,
    Message,
    Part,
    clip,
    code,
    fill,
    json_size,
    link,
    message,
    paragraph,
    rich,
    rich_line,
    table,
    text_message,
    words,
)
from bot.messages.incident_group import handling

# Worst first: the mark (unless drift severity has one), the state in words, and the count in that state.
_STATES = {
    Status.OUT_OF_SYNC: ("🔴", texts.IS_OUT_OF_SYNC, texts.OUT_OF_SYNC),
    Status.UNKNOWN: ("❔", texts.IS_UNKNOWN, texts.UNKNOWN),
    Status.SYNCED: ("✅", texts.IS_SYNCED, texts.SYNCED),
}
_UNCHECKED = "⏳"
# With this many applications, a table is quicker to scan than lines, which have more details.
_TABLE_FROM = 11
_MAX_UNREADY = 3  # objects of one application

_SYNC_MODES = {SyncMode.SUSPENDED: view_texts.SUSPENDED, SyncMode.MANUAL: view_texts.MANUAL}


@dataclass(frozen=True, slots=True)
class Overview:
    """The data for the answer. `pulls` are open pull requests by repository, `pulls_unknown` why they are unknown.

    With `pulls_of`, they are only those that change this application. `incidents` are the active ones by application,
    and `unready` the unhealthy objects by application.

    `outages` are sentences about what is down. `views` are deployer statuses by application. `is_discovering` is
    whether a deployer has not answered since the start, so that applications may be missing.
    """

    applications: Sequence[Application]
    checks: Mapping[str, Check]
    rollouts: Sequence[Rollout]
    pulls: Mapping[str, Sequence[PullRequest]]
    pulls_unknown: Mapping[str, Text]
    outages: Sequence[Text]
    incidents: Mapping[str, Incident] = field(default_factory=dict)
    unready: Mapping[str, Sequence[Unready]] = field(default_factory=dict)
    views: Mapping[str, DeployerStatus] = field(default_factory=dict)
    not_followed: Sequence[NotFollowed] = ()
    pulls_of: str = ""
    is_discovering: bool = False


def answer(translator: Translator, overview: Overview) -> Message:
    """The answer for these applications, worst first: lines, or a table if there are many."""
    if not overview.applications and not overview.not_followed and not overview.outages:
        return text_message(_sentence(translator, overview))
    applications = ranked(overview.applications, overview.checks)
    shown = {application.repository.name for application in overview.applications}
    opened = {name: overview.pulls[name] for name in sorted(shown) if overview.pulls.get(name)}
    sentence = _sentence(translator, overview)
    lead = rich(paragraph(words(sentence, bold=True)))
    rest: list[Block] = []
    if overview.is_discovering and overview.applications:
        rest.append(rich(paragraph(words(translator.text(texts.STILL_DISCOVERING)))))
    if overview.not_followed:
        title = paragraph(words(translator.count(texts.NOT_FOLLOWED, _left_out(overview)), bold=True))
        rest += fill(
            [[title], *([_not_followed(translator, group)] for group in overview.not_followed)],
            common.more(translator, texts.MORE_NOT_FOLLOWED, italic=False),
            budget=2_000,
        )
    if opened:
        title = paragraph(words(_pulls_title(translator, overview, opened), bold=True))
        rest += fill(
            [[title], *([_pull(translator, pull)] for pulls in opened.values() for pull in pulls)],
            common.more(translator, texts.MORE_PULLS, italic=False),
            budget=2_000,
        )
    outages = [*map(translator.localize, overview.outages), *_pulls_unknown(translator, overview)]
    if outages:
        rest += fill(
            [[paragraph(*common.with_channels(f"⚠️ {clip(outage, 400)}\n"))] for outage in outages],
            common.more(translator, texts.MORE_OUTAGES, italic=False),
            budget=2_500,
        )
    lines = fill(
        list(_by_cluster(translator, applications, overview)),
        common.more(translator, texts.MORE_APPLICATIONS, italic=False),
        budget=min(MAX_LIST, MAX_JSON - json_size([lead, *rest])),
    )
    if len(applications) < _TABLE_FROM:
        return message(sentence, lead, *lines, *rest)
    tabled = message(sentence, lead, *_table(translator, applications, overview), *rest)
    return replace(tabled, plain=(lead, *lines, *rest))


def _by_cluster(translator: Translator, applications: Sequence[Application], overview: Overview) -> Iterator[Part]:
    """A part for each application, worst first in each cluster; a cluster's first part begins with a heading."""
    for number, cluster in enumerate(dict.fromkeys(application.cluster for application in applications)):
        members = [application for application in applications if application.cluster == cluster]
        checks = [overview.checks[member.name] for member in members if member.name in overview.checks]
        revisions = {check.revision for check in checks}
        heading = [words("\n" * bool(number) + clip(cluster, 63), bold=True)]
        if len(revisions) == 1:
            heading += _at_revision(translator, checks[0])
        if checks:
            heading += rich_line(
                translator, texts.CHECKED, time=common.day_and_time(translator, min(check.at for check in checks))
            )
        for index, member in enumerate(members):
            line = paragraph(*_line(translator, member, overview, with_revision=len(revisions) > 1))
            check = overview.checks.get(member.name)
            notes = [
                [paragraph(words(clip(translator.localize(note), 400)))] for note in (check.notes if check else ())
            ]
            head = [line] if index else [paragraph(*heading), line]
            yield Part(head, notes, common.more(translator, texts.MORE_NOTES))


def _at_revision(translator: Translator, check: Check) -> list[Element]:
    if check.chart:
        return rich_line(translator, texts.AT_CHART, chart=code(check.chart))
    return rich_line(translator, texts.AT_REVISION, revision=code(common.short_revision(translator, check.revision)))


def _table(translator: Translator, applications: Sequence[Application], overview: Overview) -> list[Block]:
    """Two columns, which fit on a phone; below, in full, applications with an error or a disagreeing deployer.

    `/gitops status APP` shows the rest.
    """
    rows = []
    for application in applications:
        check = overview.checks.get(application.name)
        mark, state_text = state(translator, check)
        drift_facts = facts(check.drift) if check else ()
        differs = f": {fact_message.listed(translator, drift_facts, limit=1)}" if drift_facts else ""
        rows.append(
            (
                clip(common.where(translator, application.name, application.cluster), 100),
                "; ".join((f"{mark} {state_text}{differs}", *_unready(translator, application, overview, limit=1))),
            )
        )
    heads = [translator.text(texts.APPLICATION), translator.text(texts.STATE)]
    table_block, omitted = table(heads, rows)
    more = common.more(translator, texts.MORE_APPLICATIONS, italic=False)
    detailed = [application for application in applications if _needs_details(application, overview)]
    lines = fill(list(_by_cluster(translator, detailed, overview)), more, budget=2_000)
    return [table_block, *([rich(more(omitted))] if omitted else []), *lines]


def _needs_details(application: Application, overview: Overview) -> bool:
    """Whether the state alone would hide an error or a disagreement with the deployer."""
    check, view = overview.checks.get(application.name), overview.views.get(application.name)
    arrives = any(_waits_for(rollout, application.name) for rollout in overview.rollouts)
    contested = view is not None and disagreement(view, check, rolling_out=arrives) is not None
    return contested or (check is not None and check.error is not None)


def ranked(applications: Iterable[Application], checks: Mapping[str, Check]) -> list[Application]:
    """Worst first; among synced ones, those with a degraded object first."""
    return sorted(applications, key=lambda application: _rank(checks.get(application.name)))


def tally(translator: Translator, applications: Sequence[Application], checks: Mapping[str, Check]) -> list[str]:
    """How many applications are in each state, worst first: `1 out of sync`, `5 synced`."""
    states = [checks[application.name].status for application in applications if application.name in checks]
    tallies = [
        translator.count(phrase, states.count(status)) for status, (_, _, phrase) in _STATES.items() if status in states
    ]
    waiting = len(applications) - len(states)
    return tallies + ([translator.count(texts.UNCHECKED, waiting)] if waiting else [])


def state(translator: Translator, check: Check | None) -> tuple[str, str]:
    """A mark, and the state in words."""
    if check is None:
        return _UNCHECKED, translator.text(texts.IS_UNCHECKED)
    mark, phrase, _ = _STATES[check.status]
    return fact_message.MARKS[rate(check.drift).severity] if check.drift else mark, translator.text(phrase)


def rolling_out(translator: Translator, revision: str) -> list[Element]:
    """The note that a merge is rolling out to an application."""
    return rich_line(translator, texts.ARRIVING, revision=common.short_revision(translator, revision))


def _sentence(translator: Translator, overview: Overview) -> str:
    if not overview.applications and not overview.not_followed:
        return translator.text(texts.DISCOVERING if overview.is_discovering else texts.NO_APPLICATION)
    states, left_out = tally(translator, overview.applications, overview.checks), _left_out(overview)
    if left_out:
        states.append(translator.count(texts.LEFT_OUT, left_out))
    total, listed_states = len(overview.applications) + left_out, ", ".join(states)
    unhealthy = sum(application.name in overview.unready for application in overview.applications)
    if unhealthy:
        return translator.count(
            texts.OVERVIEW_UNHEALTHY, total, states=listed_states, unhealthy=translator.number(unhealthy)
        )
    return translator.count(texts.OVERVIEW, total, states=listed_states)


def _left_out(overview: Overview) -> int:
    return sum(len(group.resources) for group in overview.not_followed)


def _line(
    translator: Translator, application: Application, overview: Overview, *, with_revision: bool
) -> list[Element]:
    check = overview.checks.get(application.name)
    view = overview.views.get(application.name)
    mark, phrase = state(translator, check)
    if check and check.drift:
        listed_facts = fact_message.listed(translator, facts(check.drift))
        phrase = translator.text(texts.STATE_DRIFT, state=phrase, facts=listed_facts)
    line = rich_line(translator, texts.LINE, mark=mark, name=words(application.name, bold=True), state=phrase)
    if application.namespace != application.name:
        line += rich_line(translator, texts.IN_NAMESPACE, namespace=clip(application.namespace, 63))
    if check is None:
        return [*line, *_deployer(translator, view, None, rolling_out=False)]
    if with_revision:
        line += _at_revision(translator, check)
    if incident := overview.incidents.get(application.name):
        line += handling(translator, incident)
    arriving_rollouts = [rollout for rollout in overview.rollouts if _waits_for(rollout, application.name)]
    if arriving_rollouts:
        line += rolling_out(translator, arriving_rollouts[-1].revision)
    if check.error:
        line.append(words(f"\n{clip(translator.localize(check.error), 400)}"))
    line += [words(f"\n⚠️ {unready}") for unready in _unready(translator, application, overview, limit=_MAX_UNREADY)]
    if check.complete_at:
        line += [
            words("\n"),
            *rich_line(translator, texts.LAST_COMPLETE, time=common.day_and_time(translator, check.complete_at)),
        ]
    return line + _deployer(translator, view, check, rolling_out=bool(arriving_rollouts))


def _unready(translator: Translator, application: Application, overview: Overview, limit: int) -> list[str]:
    """The unhealthy objects: `web Degraded: CrashLoopBackOff, 1 of 3 pods ready`."""
    objects = overview.unready.get(application.name, ())
    lines = [_unready_object(translator, unready) for unready in objects[:limit]]
    if len(objects) > limit:
        lines[-1] = translator.text(texts.AND_MORE, objects=lines[-1], n=translator.number(len(objects) - limit))
    return lines


def _unready_object(translator: Translator, unready: Unready) -> str:
    name = unready.name if unready.kind in WORKLOADS else f"{unready.kind} {unready.name}"
    pods = translator.count(texts.PODS_READY, unready.wanted, ready=translator.number(unready.ready))
    details = [clip(unready.reason, 100), pods if unready.wanted else ""]
    shown = {"object": clip(name, common.MAX_NAME), "health": unready.health.value}
    if not any(details):
        return translator.text(texts.UNREADY, **shown)
    return translator.text(texts.UNREADY_BECAUSE, **shown, details=", ".join(filter(None, details)))


def _deployer(
    translator: Translator, view: DeployerStatus | None, check: Check | None, *, rolling_out: bool
) -> list[Element]:
    """The deployer's status, and where it disagrees with the check."""
    if view is None:
        return []
    sync = translator.text(view_texts.AT, sync=view.sync, revision=view.revision[:8]) if view.revision else view.sync
    sync_mode = translator.text(_SYNC_MODES[view.sync_mode]) if view.sync_mode in _SYNC_MODES else ""
    failed = view.failure and (
        common.waits_for(translator, view.failure)
        or ": ".join(filter(None, (view.failure.reason, view.failure.message)))
    )
    what = " · ".join(filter(None, (sync.strip(), view.health, sync_mode, clip(failed or "", 300))))
    deployer = link(view.page, view.deployer) if view.page else view.deployer
    line = rich_line(translator, view_texts.SAYS, deployer=deployer, what=what or translator.text(view_texts.NOTHING))
    differs = disagreement(view, check, rolling_out=rolling_out)
    return [words("\n"), *line, *([words(f"\n⚠️ {translator.localize(differs)}")] if differs else [])]


def _not_followed(translator: Translator, group: NotFollowed) -> Element:
    line = translator.count(
        texts.NOT_FOLLOWED_GROUP,
        len(group.resources),
        kind=group.kind if len(group.resources) == 1 else f"{group.kind}s",
        reason=clip(translator.localize(group.reason), 400),
        resources=common.listed(translator, [clip(name, 150) for name in group.resources]),
    )
    return paragraph(words(f"{line}\n"))


def _pulls_title(translator: Translator, overview: Overview, repositories: Iterable[str]) -> str:
    if overview.pulls_of:
        return translator.text(texts.PULLS_OF, application=overview.pulls_of)
    return translator.text(texts.PULLS, repositories=common.listed(translator, repositories))


def _pull(translator: Translator, pull: PullRequest) -> Element:
    reference = link(pull.url, f"#{pull.number}")
    return paragraph(
        *rich_line(translator, texts.PULL, link=reference, title=clip(pull.title, 150), author=clip(pull.author, 60))
    )


def _pulls_unknown(translator: Translator, overview: Overview) -> list[str]:
    unknown = sorted(overview.pulls_unknown.items())
    return [
        translator.text(texts.PULLS_UNKNOWN, repository=name, reason=translator.localize(reason))
        for name, reason in unknown
    ]


def _waits_for(rollout: Rollout, application: str) -> bool:
    return any(part.application == application and part.is_pending for part in rollout.parts)


def _rank(check: Check | None) -> tuple[int, bool]:
    if check is None:
        return len(_STATES), True
    return -1 if check.drift else list(_STATES).index(check.status), not check.degraded
