"""The report: who and what each number is about, and what waits."""

from dataclasses import replace
from datetime import timedelta

from bot.core.delivery.deployment import Deployment, DeploymentOutcome
from bot.core.delivery.incident_record import IncidentRecord
from bot.core.delivery.metrics import Period
from bot.core.delivery.report import NeedsAttention, build_needs_attention, build_report
from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.core.rollouts.rollout import ApplicationRollout, Rollout, RolloutState
from tests.common.samples import T0, application, incident

APPLICATIONS = {
    "shop": application("shop", owners=("U0ANA", "S0WEB")),
    "search": application("search", owners=("U0ANA",)),
}
WEEK = Period.last(timedelta(days=7), T0)
HOUR = timedelta(hours=1)


def deployment(rollout, application, cluster="prod", outcome=DeploymentOutcome.SUCCEEDED, hours=5):
    merged_at = T0 - hours * HOUR
    failed_at = merged_at + HOUR if outcome is DeploymentOutcome.FAILED else None
    return Deployment(
        rollout, application, cluster, rollout, merged_at, outcome, live_at=merged_at + HOUR, failed_at=failed_at
    )


DEPLOYMENTS = (
    deployment("a", "shop"),
    deployment("a", "search"),
    deployment("b", "search", "staging", DeploymentOutcome.FAILED),
    deployment("c", "gone", hours=200),
)
DRIFT = IncidentRecord("1", "shop", "prod", T0 - HOUR, tools=("kubectl", ""))


def report(only=None):
    return build_report(DEPLOYMENTS, [DRIFT, replace(DRIFT, id="2")], NeedsAttention(), APPLICATIONS, WEEK, only)


def counts(scopes):
    return {scope.name: (scope.metrics.deployments, scope.metrics.failures.failed) for scope in scopes}


def test_a_merge_counts_once_for_each_application_owner_and_cluster():
    everything = report()
    assert counts([everything.total]) == {"": (2, 1)}
    assert counts(everything.applications) == {"search": (2, 1), "shop": (1, 0), "gone": (0, 0)}
    assert counts(everything.owners) == {"U0ANA": (2, 1), "S0WEB": (1, 0)}
    assert counts(everything.clusters) == {"staging": (1, 1), "prod": (1, 0)}


def test_the_worst_come_first_and_unknown_tools_last():
    everything = report()
    assert [scope.name for scope in everything.applications] == ["search", "shop", "gone"]
    assert everything.drifted_by == (("kubectl", 2), ("", 2))


def test_a_report_on_one_application_leaves_out_the_others():
    shop = report({"shop"})
    assert (shop.application, counts(shop.applications)) == ("shop", {"shop": (1, 0)})
    assert report({"search"}).drifted_by == ()
    assert report({"nowhere"}).is_empty


def test_what_waits_is_open_late_or_degraded():
    pull = TrackedPullRequest("p#1", "p", 1, "https://forge.example/1", "Revert", "U1", "a", ("C1",), ("shop",), T0)
    part = ApplicationRollout("shop", "prod", "C1")
    late = Rollout("r", "p", "main", "a" * 40, None, "Raise it", "Ana", T0, (part,), state=RolloutState.LATE)
    rolling = replace(late, state=RolloutState.ROLLING)
    gone = replace(late, parts=(replace(part, gone_at=T0),))
    pulls = [pull, replace(pull, state="merged"), replace(pull, purpose="adopt")]
    incidents, rollouts = [incident("shop"), incident("search")], [late, rolling, gone]
    needs_attention = build_needs_attention(incidents, pulls, rollouts, {"shop"})
    assert needs_attention == NeedsAttention((incident("shop"),), (pull,), (late,))
    assert build_needs_attention([incident("search")], pulls, [late], {"search"}) == NeedsAttention(
        (incident("search"),)
    )
