"""The delivery metrics: each hard case, and every number against SQL over what the database holds."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from operator import attrgetter
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from hypothesis import given, settings

from bot.adapters.database import tables
from bot.adapters.database.migrations.versions import v0008_delivery
from bot.adapters.database.store import SqlStore
from bot.core.delivery.change import changes, trace
from bot.core.delivery.deployment import Deployment, DeploymentOutcome
from bot.core.delivery.incident_record import IncidentRecord
from bot.core.delivery.metrics import Durations, FailureRate, Period, measure
from bot.handlers.queries.report import read_report
from tests.core.delivery.histories import DAYS, START, histories

METRICS = Path(__file__).with_name("metrics.sql").read_text(encoding="utf-8")
WEEK = timedelta(days=7)
NOTHING = {
    "failures": (0, 0, 0, None),
    **dict.fromkeys(
        (
            "lead_time",
            "lead_time_from_commit",
            "time_to_acknowledge",
            "time_to_restore_drift",
            "time_to_restore_merges",
        ),
        (0, 0, None, None),
    ),
}


def numbers(metrics):
    """The metrics as the query returns them."""
    found = {"failures": (metrics.failures.failed, metrics.failures.unknown, metrics.failures.total, None)}
    for name in NOTHING.keys() - {"failures"}:
        durations = getattr(metrics, name)
        seconds = (None if span is None else span.total_seconds() for span in (durations.median, durations.p90))
        found[name] = (durations.count, durations.unknown, *seconds)
    return found


def queried(store, period):
    values = {"start": period.start.timestamp(), "end": period.end.timestamp()}
    with store.database.begin() as connection:
        rows = connection.execute(sa.text(METRICS), values).all()
    return NOTHING | {name: tuple(rest) for name, *rest in rows if any(value is not None for value in rest)}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with closing(SqlStore(f"sqlite:///{tmp_path_factory.mktemp('state')}/state.db")) as store:
        yield store


def clear(store):
    with store.database.begin() as connection:
        for table in (tables.rollouts, tables.deployments, tables.incidents, tables.incident_records):
            connection.execute(table.delete())


@settings(max_examples=40)
@given(history=histories())
def test_every_number_is_what_sql_finds_in_the_stored_history(store, history):
    rollouts, incidents = history
    clear(store)
    for rollout in rollouts:
        store.rollouts.save(replace(rollout, parts=()))  # saved twice: only the last state counts
        store.rollouts.save(rollout)
    for incident in incidents:
        assert store.incidents.exchange(None, incident)
    report = read_report(store, {}, START + timedelta(days=DAYS), WEEK)
    for metrics in (report.total.metrics, report.total.before):
        assert numbers(metrics) == queried(store, metrics.period)


def test_a_percentile_is_a_duration_that_was_measured():
    spans = [timedelta(minutes=minute) for minute in (9, 1, 2, 30)]
    assert Durations.of(spans, 2) == Durations(4, timedelta(minutes=5.5), timedelta(minutes=30), 2)
    assert Durations.of([timedelta(seconds=-3)]) == Durations(1, timedelta(), timedelta())


def minutes(count):
    return START + timedelta(minutes=count)


def deployment(name, merged, live=None, outcome=DeploymentOutcome.SUCCEEDED, application="shop", **values):
    at = {key: minutes(value) for key, value in values.items() if key.endswith("_at")}
    others = {key: value for key, value in values.items() if not key.endswith("_at")}
    live_at = None if live is None else minutes(live)
    return Deployment(name, application, "prod", name, minutes(merged), outcome, live_at=live_at, **at, **others)


def measured(*deployments, incidents=()):
    return measure(changes(trace(deployments)), incidents, Period(START, START + timedelta(days=1)))


def lasting(count, unknown=0):
    return Durations(1, timedelta(minutes=count), timedelta(minutes=count), unknown)


FAILED, REVERTED, INTERRUPTED = DeploymentOutcome.FAILED, DeploymentOutcome.REVERTED, DeploymentOutcome.INTERRUPTED


def test_an_interrupted_merge_keeps_its_clock_and_does_not_count_as_a_deployment():
    metrics = measured(
        deployment("a", 0, outcome=INTERRUPTED, first_commit_at=-60), deployment("b", 10, 15, first_commit_at=5)
    )
    assert (metrics.deployments, metrics.failures) == (1, FailureRate(0, 1))
    assert (metrics.lead_time, metrics.lead_time_from_commit) == (lasting(15), lasting(75))


def test_a_merge_that_was_reverted_before_it_was_live_does_not_pass_on_its_clock():
    metrics = measured(deployment("a", 0, outcome=REVERTED), deployment("b", 10, 15, reverts=("a",)))
    assert (metrics.lead_time, metrics.failures) == (lasting(5), FailureRate(1, 2))
    assert metrics.time_to_restore_merges == Durations()


def test_a_merge_fails_once_however_many_applications_it_breaks():
    parts = [
        deployment("a", 0, 2, FAILED, application, failed_at=failed, recovered_at=recovered)
        for application, failed, recovered in (("shop", 5, 9), ("search", 7, 25))
    ]
    metrics = measured(*parts, deployment("b", 30, 40))
    assert metrics.failures == FailureRate(1, 2)
    assert metrics.time_to_restore_merges == lasting(20)


def test_a_failure_lasts_until_a_merge_that_does_not_fail_is_live():
    metrics = measured(
        deployment("a", 0, 2, FAILED, failed_at=5), deployment("b", 6, 8, FAILED, failed_at=9), deployment("c", 20, 25)
    )
    assert metrics.failures == FailureRate(2, 3)
    assert metrics.time_to_restore_merges == replace(Durations(2), median=minutes(18) - START, p90=minutes(20) - START)


def test_what_was_live_before_the_failure_did_not_end_it():
    merges = [deployment("a", 0, 2, FAILED, failed_at=5), deployment("b", 1, 4)]
    assert measured(*merges).time_to_restore_merges == Durations(unknown=1)
    assert measured(*merges, deployment("c", 20, 25)).time_to_restore_merges == lasting(20)


def test_a_revert_restores_when_it_is_live_not_another_merge():
    metrics = measured(deployment("a", 0, 2, REVERTED), deployment("b", 5, 6), deployment("c", 10, 12, reverts=("a",)))
    assert metrics.time_to_restore_merges == lasting(10)


def test_what_is_unknown_leaves_the_denominator_and_is_counted():
    metrics = measured(
        deployment("a", 0, 2, DeploymentOutcome.WATCHED, "search"),
        deployment("b", 0, None, DeploymentOutcome.IN_PROGRESS),
        deployment("c", 5, 9, merges=12, application="payments"),
    )
    assert metrics.failures == FailureRate(0, 1, unknown=2)
    assert metrics.lead_time == lasting(2, unknown=1)
    assert metrics.lead_time_from_commit == Durations(unknown=2)


def test_incidents_are_counted_when_they_are_over_and_beside_while_they_are_not():
    incidents = [
        IncidentRecord("1", "shop", "prod", minutes(0), minutes(1), minutes(4), minutes(30)),
        IncidentRecord("2", "shop", "prod", minutes(0), minutes(1), None, minutes(30), "unwatched"),
        IncidentRecord("3", "shop", "prod", minutes(0), minutes(1), minutes(1441), minutes(1442)),
    ]
    metrics = measured(incidents=incidents)
    assert (metrics.time_to_acknowledge, metrics.time_to_restore_drift) == (lasting(3, 2), lasting(30, 2))


@settings(max_examples=10)
@given(history=histories())
def test_the_migration_fills_the_tables_as_the_bot_does(store, history):
    rollouts, incidents = history
    clear(store)
    for rollout in rollouts:
        store.rollouts.save(rollout)
    for incident in incidents:
        assert store.incidents.exchange(None, incident)
    by_key = attrgetter("rollout", "application")
    deployments = sorted(store.rollouts.deployments(START - timedelta(days=9)), key=by_key)
    records = sorted(store.incidents.records(START), key=attrgetter("id"))
    with store.database.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        v0008_delivery.upgrade()
    migrated = sorted(store.rollouts.deployments(START - timedelta(days=9)), key=by_key)
    assert migrated == [replace(deployment, first_commit_at=None) for deployment in deployments]
    assert sorted(store.incidents.records(START), key=attrgetter("id")) == records
