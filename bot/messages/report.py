"""The delivery report: the answer to `/gitops report`, and the weekly digest. It is short enough for a phone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.core.delivery.incident_record import UNKNOWN_TOOL
from bot.core.delivery.metrics import DeliveryMetrics, Durations, FailureRate
from bot.core.delivery.report import NeedsAttention, Report, Scope
from bot.core.drift.fact import facts
from bot.core.incidents.incident import Incident
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.core.rollouts.outcome import Outcome, outcome
from bot.core.rollouts.rollout import Rollout
from bot.i18n.catalogue import report as texts
from bot.i18n.language import Language, Phrase, Translator
from bot.messages import common, delivery_chart
from bot.messages import fact as fact_message
from bot.messages.blocks import (
    Block,
    Element,
    Message,
    bullets,
    clip,
    code,
    header,
    link,
    message,
    paragraph,
    plain,
    rich,
    rich_line,
    text_message,
    words,
)

_MAX_APPLICATIONS = 5
_MAX_TOOLS = 6
_MAX_WAITING = 3  # of each kind
_ROLLOUTS = {Outcome.DEGRADED: texts.DEGRADED, Outcome.UNKNOWN: texts.MAY_BE_LIVE}


def answer(translator: Translator, report: Report) -> Message:
    """The report on all applications, or on one."""
    days = round(report.period.length / timedelta(days=1))
    if report.application:
        title = translator.count(texts.TITLE_OF, days, application=clip(report.application, 63))
    else:
        title = translator.count(texts.TITLE, days)
    return _message(translator, report, title)


def digest(translator: Translator, report: Report) -> Message:
    """The weekly digest of a channel."""
    return _message(translator, report, translator.text(texts.DIGEST_TITLE))


def lines(translator: Translator, report: Report) -> Iterator[str]:
    """The report as lines of plain text, for a terminal."""
    for block in answer(translator, report).without_table_or_chart().blocks:
        if block["type"] == "header":
            yield block["text"]["text"]
            continue
        for part in block["elements"]:
            sections = part["elements"] if part["type"] == "rich_text_list" else [part]
            for section in sections:
                text = "".join(map(plain, section["elements"]))
                yield f"  {text}" if section is not part else text


def _message(translator: Translator, report: Report, title: str) -> Message:
    if report.is_empty:
        return text_message(translator.text(texts.EMPTY, title=title))
    metrics = report.total.metrics
    text = translator.text(
        texts.SENTENCE,
        title=title,
        deployments=translator.count(texts.DEPLOYMENTS, metrics.deployments),
        failures=translator.count(texts.FAILED, metrics.failures.failed),
        incidents=translator.count(texts.INCIDENTS, metrics.incidents),
    )
    above = [header(title), rich(bullets(_numbers(translator, report.total)))]
    below = [
        *_applications(translator, report.applications if report.application is None else ()),
        *_drifted_by(translator, report.drifted_by),
        *_needs_attention(translator, report.needs_attention),
    ]
    message_ = message(text, *above, *below)
    chart = delivery_chart.bar_chart(translator, report.timeline)
    if chart is None:
        return message_
    return replace(message_, blocks=(*above, delivery_chart.block(chart), *below), plain=message_.blocks)


# ---------------------------------------------------------------- numbers


def _numbers(translator: Translator, total: Scope) -> Iterator[list[Element]]:
    """A line for each number: the value, the change, then details."""
    now, before = total.metrics, total.before
    yield _frequency(translator, now, before)
    lead_time = _durations(translator, texts.LEAD_TIME, now.lead_time, before.lead_time)
    if now.lead_time_from_commit.median is not None:
        span = common.duration(now.lead_time_from_commit.median)
        lead_time.append(words(f" · {translator.text(texts.FROM_COMMIT, span=span)}"))
    yield lead_time
    yield _failure_rate(translator, now.failures, before.failures)
    yield _durations(translator, texts.TIME_TO_ACKNOWLEDGE, now.time_to_acknowledge, before.time_to_acknowledge)
    yield _durations(translator, texts.RESTORE_DRIFT, now.time_to_restore_drift, before.time_to_restore_drift)
    yield _durations(translator, texts.RESTORE_MERGES, now.time_to_restore_merges, before.time_to_restore_merges)


def _frequency(translator: Translator, now: DeliveryMetrics, before: DeliveryMetrics) -> list[Element]:
    change = _change(
        translator,
        now.deployments,
        before.deployments,
        translator.number(now.deployments),
        translator.number(before.deployments),
    )
    a_day = translator.text(texts.A_DAY, number=decimal(translator, now.deployments_per_day))
    return _line(translator, texts.DEPLOYMENT_FREQUENCY, translator.number(now.deployments), change, [a_day])


def _failure_rate(translator: Translator, now: FailureRate, before: FailureRate) -> list[Element]:
    behind = [
        *(
            [translator.text(texts.FAILED_OF, failed=translator.number(now.failed), total=translator.number(now.total))]
            if now.total
            else []
        ),
        *_unknown(translator, now.unknown),
    ]
    share, earlier = percent(now.share), percent(before.share)
    change = _change(translator, now.share, before.share, share, earlier)
    return _line(translator, texts.FAILURE_RATE, share, change, behind)


def _durations(translator: Translator, phrase: Phrase, now: Durations, before: Durations) -> list[Element]:
    value, earlier = (
        None if durations.median is None else common.duration(durations.median) for durations in (now, before)
    )
    behind = [*_p90(translator, now), *_unknown(translator, now.unknown)]
    return _line(
        translator, phrase, value, _change(translator, _seconds(now), _seconds(before), value, earlier), behind
    )


def _seconds(durations: Durations) -> float | None:
    return None if durations.median is None else durations.median.total_seconds()


def _p90(translator: Translator, durations: Durations) -> list[str]:
    """The 90th percentile, if there are at least four durations; of fewer, it is just the slowest."""
    if durations.p90 is None or durations.count < 4:
        return []
    return [translator.text(texts.P90, span=common.duration(durations.p90))]


def _unknown(translator: Translator, unknown: int) -> list[str]:
    return [translator.count(texts.UNKNOWN, unknown)] if unknown else []


def _line(
    translator: Translator, phrase: Phrase, value: str | None, change: str, behind: Sequence[str]
) -> list[Element]:
    main = translator.text(phrase, value=value or translator.text(texts.NO_DATA))
    rest = change + "".join(f" · {part}" for part in behind)
    return [words(main, bold=True), *([words(rest)] if rest else [])]


def _change(
    translator: Translator, now: float | None, before: float | None, shown: str | None, earlier: str | None
) -> str:
    """The change since the period before, if there is a number now. Values that look the same are unchanged."""
    if now is None:
        return ""
    if before is None or earlier is None:
        return translator.text(texts.NO_BEFORE)
    if shown == earlier:
        return translator.text(texts.SAME)
    return translator.text(texts.UP if now > before else texts.DOWN, before=earlier)


def decimal(translator: Translator, number: float) -> str:
    """`1.7` or `1,7`."""
    text = f"{number:.1f}"
    return text if translator.language is Language.ENGLISH else text.replace(".", ",")


def percent(share: float | None) -> str | None:
    """`8%`."""
    return None if share is None else f"{int(share * 100 + 0.5)}%"


# ---------------------------------------------------------------- details


def _applications(translator: Translator, scopes: Sequence[Scope]) -> Iterator[Block]:
    if len(scopes) < 2:  # it would repeat the numbers above
        return
    lines = [_application(translator, scope) for scope in scopes[:_MAX_APPLICATIONS]]
    if left := len(scopes) - len(lines):
        lines.append([words(translator.count(texts.MORE_APPLICATIONS, left), italic=True)])
    yield _section(translator, texts.APPLICATIONS, lines)


def _application(translator: Translator, scope: Scope) -> list[Element]:
    metrics = scope.metrics
    parts = [translator.count(texts.DEPLOYMENTS, metrics.deployments)]
    if metrics.failures.failed:
        parts.append(translator.count(texts.FAILED, metrics.failures.failed))
    if metrics.incidents:
        parts.append(translator.count(texts.INCIDENTS, metrics.incidents))
    if metrics.lead_time.median is not None:
        span = common.duration(metrics.lead_time.median)
        parts.append(translator.text(texts.LEAD_TIME, value=span).lower())
    return [words(clip(scope.name, 63), bold=True), words(f": {' · '.join(parts)}")]


def _drifted_by(translator: Translator, tools: Sequence[tuple[str, int]]) -> Iterator[Block]:
    if not tools:
        return
    named = [
        f"{translator.text(texts.UNKNOWN_TOOL) if tool == UNKNOWN_TOOL else clip(tool, 60)}: {translator.number(count)}"
        for tool, count in tools[:_MAX_TOOLS]
    ]
    yield _section(translator, texts.DRIFTED_BY, [[words(" · ".join(named))]])


def _needs_attention(translator: Translator, needs_attention: NeedsAttention) -> Iterator[Block]:
    lines = [
        *(_incident(translator, incident) for incident in needs_attention.incidents[:_MAX_WAITING]),
        *(_rollout(translator, rollout) for rollout in needs_attention.rollouts[:_MAX_WAITING]),
        *(_revert(translator, pull) for pull in needs_attention.reverts[:_MAX_WAITING]),
    ]
    if (
        left := len(needs_attention.incidents)
        + len(needs_attention.rollouts)
        + len(needs_attention.reverts)
        - len(lines)
    ):
        lines.append([words(translator.count(texts.MORE_WAITING, left), italic=True)])
    yield _section(translator, texts.WAITING, lines or [[words(translator.text(texts.NOTHING_WAITS))]])


def _incident(translator: Translator, incident: Incident) -> list[Element]:
    return rich_line(
        translator,
        texts.WAITING_INCIDENT,
        where=words(common.title_where(translator, incident.application, incident.cluster), bold=True),
        fact=clip(fact_message.fact(translator, facts(incident.drift)[0]), 120),
        time=common.day_and_time(translator, incident.since),
    )


def _rollout(translator: Translator, rollout: Rollout) -> list[Element]:
    short = rollout.revision[:8]
    return rich_line(
        translator,
        _ROLLOUTS.get(outcome(rollout), texts.NOT_LIVE),
        revision=link(rollout.url, short) if rollout.url else code(short),
        subject=clip(rollout.subject, 120),
        time=common.day_and_time(translator, rollout.merged_at),
    )


def _revert(translator: Translator, pull: TrackedPullRequest) -> list[Element]:
    return rich_line(
        translator,
        texts.WAITING_REVERT,
        link=link(pull.url, f"#{pull.number}"),
        title=clip(pull.title, 120),
        time=common.day_and_time(translator, pull.opened_at),
    )


def _section(translator: Translator, title: Phrase, lines: Sequence[Sequence[Element]]) -> Block:
    return rich(paragraph(words(translator.text(title), bold=True)), bullets(lines))
