"""`/gitops diff`: the differences; if there are too many, all of them as a file in the alert's thread."""

import hashlib
import logging
from collections.abc import Callable

from bot.core.drift.model import Check
from bot.i18n.language import Translator
from bot.messages import diff_file
from bot.messages import drift as drift_message
from bot.messages.blocks import Message, join
from bot.messages.object_links import ObjectLinks
from bot.ports import Ports
from bot.ports.chat import ChatError
from bot.ports.store import Posted

_log = logging.getLogger(__name__)


def diff(
    translator: Translator,
    ports: Ports,
    check: Check,
    links: ObjectLinks,
    *,
    everything: bool,
    translator_for: Callable[[str], Translator],
) -> Message:
    """The answer to one person; the file in the alert's thread is in the language of its channel. Raises StoreError."""
    answer = drift_message.diff(translator, check, check.application, links, everything=everything)
    if drift_message.is_cut(translator, check, links) and _shared(translator_for, ports, check, links):
        return join([answer, diff_file.pointer(translator)])
    return answer


def _shared(translator_for: Callable[[str], Translator], ports: Ports, check: Check, links: ObjectLinks) -> bool:
    """Whether the file is in the alert's thread. The same file is not shared twice, unless the thread moves."""
    incident = ports.store.incidents.open_for(check.application)
    card = ports.store.cards.get(incident.id) if incident else None
    if incident is None or card is None or not card.ts:
        return False
    translator = translator_for(card.channel)
    key = f"{incident.id}/diff"
    # The digest excludes the first line with the time of the check, and the links, which contain the revision.
    unlinked = diff_file.content(translator, check, lambda *_: ())
    digest = hashlib.sha256(unlinked.partition("\n")[2].encode()).hexdigest()
    posted = ports.store.cards.get(key)
    if posted and posted.digest == digest and posted.is_in_thread_of(card):
        return True
    text = diff_file.content(translator, check, links)
    name, title = diff_file.name(translator, check), diff_file.title(translator, check)
    try:
        ports.chat.upload(card.channel, filename=name, title=title, content=text, thread=card.ts)
    except ChatError as error:
        _log.warning("cannot upload the diff of %s: %s", check.application, error)
        return False
    ports.store.cards.save(key, Posted(card.channel, card.ts, digest, check.at))
    return True
