"""Everything the bot says, by name: each table of messages, as Slack gets them."""

from functools import cache

from bot.i18n.language import Translator
from tests.messages import approvals, commands, homes, hostile, incidents, pull_requests, queries, reports, rollouts

TABLES = (incidents, rollouts, pull_requests, approvals, queries, reports, commands)


def posts(messages):
    """Messages as chat.postMessage takes them."""
    return {name: {"text": message.text, "blocks": list(message.blocks)} for name, message in messages.items()}


@cache
def contents(language):
    """Each message, modal and Home view in that language."""
    translator = Translator(language)
    messages = {name: message for table in TABLES for name, message in table.messages(translator).items()}
    return posts(messages) | incidents.modals(translator) | homes.homes(translator)


def hostile_contents(language):
    """The same, with the worst that can stand in them."""
    translator = Translator(language)
    return posts(hostile.messages(translator)) | hostile.modals(translator) | hostile.homes(translator)
