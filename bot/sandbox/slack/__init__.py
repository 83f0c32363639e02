"""A local Slack: Web API, Socket Mode and a web page, with Slack's limits, errors and deadlines."""

from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.interactions import Interaction
from bot.sandbox.slack.model import Channel, Message, User, Version, View
from bot.sandbox.slack.rate import Rates
from bot.sandbox.slack.server import SandboxSlack
from bot.sandbox.slack.storm import Storm, StormEvent

__all__ = [
    "Channel",
    "Faults",
    "Interaction",
    "Message",
    "Rates",
    "SandboxSlack",
    "Storm",
    "StormEvent",
    "User",
    "Version",
    "View",
]
