"""`alerts`: when a difference becomes an alert, reminders, escalation and quiet hours."""

from datetime import time, timedelta
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from bot.config.sections.section import Section
from bot.config.values import (
    A_CHANNEL,
    A_DURATION,
    A_TIME_OF_DAY,
    Channel,
    Duration,
    Flag,
    TimeOfDay,
    TimeZone,
    UserOrGroupId,
)
from bot.core.delivery.digest import DigestSchedule
from bot.core.drift.severity import Severity
from bot.core.incidents.alerting import AlertPolicy, Escalation
from bot.core.incidents.quiet_hours import QuietHours

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class EscalationConfig(Section):
    """Who to notify if no one acknowledges an alert."""

    after: Duration
    to: tuple[UserOrGroupId, ...] = Field(
        min_length=1, max_length=20, description="a list of 1 to 20 user IDs (U…, W…) and user group IDs (S…)"
    )
    channel: Channel | None = Field(default=None, description=A_CHANNEL)

    def escalation(self) -> Escalation:
        """As core's type."""
        return Escalation(self.after, self.to, self.channel)


class QuietHoursConfig(Section):
    """When alerts that can wait don't notify anyone."""

    start: TimeOfDay | None = Field(default=None, alias="from", description=A_TIME_OF_DAY)
    end: TimeOfDay | None = Field(default=None, alias="to", description=A_TIME_OF_DAY)
    zone: TimeZone = "UTC"
    days: tuple[Weekday, ...] = Field(
        default=(), description="a list of days that are quiet all day: mon, tue, wed, thu, fri, sat or sun"
    )
    loud: Literal["critical", "serious", "nothing"] = Field(
        default="critical", alias="except", description="critical, serious or nothing"
    )

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise ValueError("set both from and to, or neither")
        if self.start is None and not self.days:
            raise ValueError("no time is set; expected from and to, such as {from: '22:00', to: '07:00'}, or days")
        if self.start is not None and self.start == self.end:
            raise ValueError("from and to are the same time; for whole days, use days")
        return self

    def hours(self) -> QuietHours:
        """As core's type."""
        loud = None if self.loud == "nothing" else Severity[self.loud.upper()]
        return QuietHours(ZoneInfo(self.zone), self.start, self.end, frozenset(self.days), loud)


class DigestConfig(Section):
    """When the weekly digest is sent."""

    day: Weekday = Field(default="mon", description="mon, tue, wed, thu, fri, sat or sun")
    at: TimeOfDay = Field(default=time(9), description=A_TIME_OF_DAY)


class AlertsConfig(Section):
    """When a difference becomes an alert, and how it is reported."""

    looks: int = Field(
        default=2, ge=1, le=10, description="a number from 1 to 10 (checks in a row that must see a difference)"
    )
    settle: Duration = timedelta(seconds=3)
    quiet_while_rolling: Flag = True
    group: int = Field(
        default=5,
        ge=2,
        le=10_000,
        description="a number from 2 to 10000 (simultaneous alerts in a channel that share a card)",
    )
    remind: Duration | None = Field(default=None, description=A_DURATION)
    escalate: EscalationConfig | None = Field(default=None, description="a mapping with after and to")
    quiet_hours: QuietHoursConfig | None = Field(
        default=None, description="a mapping with from, to and zone, or with days"
    )

    digest: DigestConfig | None = Field(default=None, description="a mapping such as {day: mon, at: '09:00'}")

    def digest_schedule(self, zone: ZoneInfo) -> DigestSchedule | None:
        """As core's type, in the time zone of the quiet hours or else `zone`; None if there is no digest."""
        if self.digest is None:
            return None
        quiet_hours = self.quiet_hours.hours() if self.quiet_hours else None
        zone = quiet_hours.zone if quiet_hours else zone
        return DigestSchedule(self.digest.day, self.digest.at, zone, quiet_hours)

    def policy(self) -> AlertPolicy:
        """As core's type."""
        return AlertPolicy(
            group_size=self.group,
            remind_every=self.remind,
            escalation=self.escalate.escalation() if self.escalate else None,
            quiet_hours=self.quiet_hours.hours() if self.quiet_hours else None,
        )
