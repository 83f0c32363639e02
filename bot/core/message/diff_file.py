"""The whole of an application's drift as text, for a file beside the alert where a message is too small."""

from bot.core.drift import Check
from bot.core.message import wording
from bot.core.message.blocks import Message, message, paragraph, rich, words
from bot.core.message.language import ENGLISH as EN

_MOST_VALUE = 20_000


def name(check: Check) -> str:
    """The file's name."""
    return f"{check.application}-{wording.short(EN, check.revision)}.txt"


def content(check: Check) -> str:
    """Every difference: both sides, the tool and its time."""
    lines = [f"# {check.application} on {check.cluster} at git {check.revision}, checked {check.at.isoformat()}"]
    if check.error:
        lines.append(f"# Not everything could be looked at: {check.error}")
    for found in check.drift:
        lines += ["", f"{wording.object_name(found)}: {found.change}"]
        for field in found.fields:
            when = f", no later than {field.time.isoformat()}" if field.time else ""
            by = f"  # by {field.manager}{when}" if field.manager else ""
            lines.append(f"  {field.change} {field.path}{by}")
            lines.append(f"    git:     {wording.value(EN, field.desired, _MOST_VALUE)}")
            lines.append(f"    cluster: {wording.value(EN, field.live, _MOST_VALUE)}")
    return "\n".join(lines) + "\n"


def pointer() -> Message:
    """Said below a diff that a file completes."""
    text = "All of it is a text file in the thread of the alert."
    return message(text, rich(paragraph(words(text))))
