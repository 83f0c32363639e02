"""`rollouts`: what the bot does about a merge."""

from datetime import timedelta

from bot.config.sections.section import Section
from bot.config.values import Duration


class RolloutsConfig(Section):
    """How long the bot follows the health of a merge that is live."""

    watch: Duration = timedelta(minutes=30)
