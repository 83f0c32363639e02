"""The delivery report and the weekly digest."""

from dataclasses import replace
from datetime import timedelta

from bot.core.applications.application import Application
from bot.core.delivery.deployment import Deployment, DeploymentOutcome
from bot.core.delivery.incident_record import IncidentRecord
from bot.core.delivery.metrics import Period
from bot.core.delivery.report import NeedsAttention, build_report
from bot.core.git.repository_ref import RepositoryRef
from bot.messages import report
from tests.messages.samples import OPEN, REVERT_PULL, SILENT, STUCK, T0

NAMES = ("shop", "search", "payments", "catalog", "checkout", "identity", "shipping")
OWNED = {name: Application(name, RepositoryRef("platform"), "apps", "prod", name, "C1", ("U0ANA",)) for name in NAMES}
WEEK = Period.last(timedelta(days=7), T0)
OUTCOMES = (
    DeploymentOutcome.SUCCEEDED,
    DeploymentOutcome.FAILED,
    DeploymentOutcome.WATCHED,
    DeploymentOutcome.SUCCEEDED,
)


def deployment(number, name, hours):
    """Merges of the last days, each a little slower than the one after it."""
    merged_at, outcome = T0 - timedelta(hours=hours), OUTCOMES[number % len(OUTCOMES)]
    live_at = merged_at + timedelta(seconds=40 + 9 * number)
    failed_at = live_at + timedelta(minutes=3) if outcome is DeploymentOutcome.FAILED else None
    return Deployment(
        f"platform@{number}",
        name,
        "prod",
        f"{number:040}",
        merged_at,
        outcome,
        first_commit_at=merged_at - timedelta(hours=number) if number % 3 else None,
        live_at=live_at,
        failed_at=failed_at,
    )


def incident(number, name, hours, tools, *, minutes=None):
    since = T0 - timedelta(hours=hours)
    at = [since + timedelta(minutes=minutes * part) if minutes else None for part in (1, 2)]
    return IncidentRecord(str(number), name, "prod", since, since, at[0], at[1], tools=tools)


DEPLOYMENTS = [deployment(number, NAMES[number % len(NAMES)], 11 * number + 3) for number in range(20)]
INCIDENTS = [
    incident(1, "shop", 12, ("kubectl",), minutes=4),
    incident(2, "search", 30, ("helm", "kubectl"), minutes=9),
    incident(3, "shop", 50, ("",)),
    incident(4, "shop", 200, ("kubectl",), minutes=2),
]
NEEDS_ATTENTION = NeedsAttention(
    (OPEN, *(replace(OPEN, application=name) for name in NAMES[1:5])),
    (REVERT_PULL,),
    (STUCK, replace(STUCK, parts=(replace(STUCK.parts[1], error=SILENT),))),
)


def build(deployments=DEPLOYMENTS, incidents=INCIDENTS, needs_attention=NEEDS_ATTENTION, period=WEEK, only=None):
    return build_report(deployments, incidents, needs_attention, OWNED, period, only)


def messages(translator):
    everything = build()
    return {
        "report-answer": report.answer(translator, everything),
        "report-answer-chart-refused": report.answer(translator, everything).without_table_or_chart(),
        "report-answer-one": report.answer(translator, build(only={"shop"}, needs_attention=NeedsAttention())),
        "report-answer-month": report.answer(translator, build(period=Period.last(timedelta(days=30), T0))),
        "report-answer-empty": report.answer(translator, build((), (), NeedsAttention())),
        "digest": report.digest(translator, everything),
    }
