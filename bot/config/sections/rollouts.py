"""`rollouts`: how the bot follows a merge."""

from datetime import timedelta

from bot.config.sections.section import Section
from bot.config.values import DurationOrNone


class RolloutsConfig(Section):
    """How long the bot watches the health of a live merge."""

    watch: DurationOrNone = timedelta(minutes=30)
