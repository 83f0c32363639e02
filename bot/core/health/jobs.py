"""Health of Jobs and CronJobs."""

from bot.core.health.cause import cause_of
from bot.core.health.status import HEALTHY, PROGRESSING, SUSPENDED, Health, HealthStatus, count, find_condition
from bot.core.objects.resource import Object, items, mapping, text


def job(live: Object) -> Health:
    """Healthy once it has completed, however long that takes."""
    succeeded = count(mapping(live, "status"), "succeeded")
    wanted = count(mapping(live, "spec"), "completions", 1)
    failed, complete, suspended = (find_condition(live, kind) for kind in ("Failed", "Complete", "Suspended"))
    if failed and failed.status == "True":
        cause = cause_of(failed.reason, failed.message)
        return Health(HealthStatus.DEGRADED, failed.reason, succeeded, wanted, failed=True, cause=cause)
    if complete and complete.status == "True":
        return Health(HealthStatus.HEALTHY, ready=wanted, wanted=wanted)
    if suspended and suspended.status == "True":
        return SUSPENDED
    return Health(HealthStatus.PROGRESSING, ready=succeeded, wanted=wanted)


def cron_job(live: Object) -> Health:
    """Degraded if its last finished run failed. A first or running job doesn't count yet."""
    if mapping(live, "spec").get("suspend") is True:
        return SUSPENDED
    if "status" not in live:
        return PROGRESSING
    status = mapping(live, "status")
    succeeded, scheduled = text(status, "lastSuccessfulTime"), text(status, "lastScheduleTime")
    # RFC 3339 in UTC, which sorts as text
    has_failed = bool(succeeded) and succeeded < scheduled and not items(status, "active")
    return Health(HealthStatus.DEGRADED, "LastRunFailed") if has_failed else HEALTHY
