"""The card of a pull request that the bot opened, to revert a change or to adopt drift."""

import re

from bot.core.pull_requests.tracked_pull_request import TrackedPullRequest
from bot.i18n.catalogue import adopt
from bot.i18n.catalogue import revert_pull_request as texts
from bot.i18n.language import Translator
from bot.messages import common
from bot.messages.blocks import (
    Message,
    actions,
    clip,
    code,
    header,
    link,
    message,
    paragraph,
    person,
    rich,
    rich_line,
)

# A button refers to a commit by its URL; people read the short SHA.
_FULL_COMMIT = re.compile(r"(?<!\S)https?://\S*/([0-9a-f]{8})[0-9a-f]{32}")

_TEXTS = {
    ("revert", "merged"): (texts.MERGED_HEADER, texts.MERGED, texts.ASKED),
    ("revert", "closed"): (texts.CLOSED_HEADER, texts.CLOSED, texts.ASKED),
    ("revert", "open"): (texts.OPEN_HEADER, texts.OPEN, texts.ASKED),
    ("adopt", "merged"): (adopt.MERGED_HEADER, adopt.MERGED, adopt.ASKED),
    ("adopt", "closed"): (adopt.CLOSED_HEADER, adopt.CLOSED, adopt.ASKED),
    ("adopt", "open"): (adopt.OPEN_HEADER, adopt.OPEN, adopt.ASKED),
}


def card(translator: Translator, pull: TrackedPullRequest) -> Message:
    """The pull request's message in the channel, as it should read now."""
    number, title = str(pull.number), clip(pull.title, 200)
    touched = (
        translator.text(texts.OF, applications=common.listed(translator, pull.applications, 5))
        if pull.applications
        else ""
    )
    headline, sentence, lead_phrase = _TEXTS[pull.purpose, pull.state]
    ending = _ending(translator, pull)
    text = translator.text(sentence, number=number, touched=touched, title=title, ending=ending)
    lead = rich_line(
        translator,
        lead_phrase,
        link=link(pull.url, f"#{number} {title}"),
        who=person(pull.by),
        command=code("/gitops revert " + clip(_FULL_COMMIT.sub(r"\1", pull.what), 80)),
        touched=touched,
        ending=ending,
    )
    blocks = [header(translator.text(headline, number=number)), rich(paragraph(*lead))]
    if pull.state == "open":
        blocks.append(actions(common.review_button(translator, pull.number, pull.url)))
    return message(text, *blocks)


def _ending(translator: Translator, pull: TrackedPullRequest) -> str:
    if pull.state == "merged" and pull.merged_by:
        return translator.text(texts.MERGED_ENDING_BY, who=clip(pull.merged_by, 60))
    if pull.state == "open" and pull.moot:
        return translator.text(adopt.MOOT_ENDING)
    endings = {"merged": texts.MERGED_ENDING, "closed": texts.CLOSED_ENDING, "open": texts.OPEN_ENDING}
    return translator.text(endings[pull.state])
