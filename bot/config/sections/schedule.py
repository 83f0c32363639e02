"""`schedule`: intervals and deadlines."""

from datetime import timedelta

from bot.config.sections.section import Section
from bot.config.values import Duration


class ScheduleConfig(Section):
    """How often the bot checks, and how long a rollout may take."""

    drift: Duration = timedelta(minutes=5)
    git: Duration = timedelta(seconds=30)
    second_look: Duration = timedelta(seconds=30)
    rollout: Duration = timedelta(seconds=10)
    rollout_deadline: Duration = timedelta(minutes=10)
    discover: Duration = timedelta(minutes=1)
