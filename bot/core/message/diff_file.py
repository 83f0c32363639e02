"""The whole of an application's drift as text, for a file beside the alert where a message is too small."""

from bot.core.drift import Check, FieldDrift, ObjectDrift
from bot.core.message import wording
from bot.core.message.blocks import Message, message, paragraph, rich, words
from bot.core.message.catalogue import diff_file as texts
from bot.core.message.language import Say

_MOST_VALUE = 20_000


def name(say: Say, check: Check) -> str:
    """The file's name."""
    return f"{check.application}-{wording.short(say, check.revision).replace(' ', '-')}.txt"


def title(say: Say, check: Check) -> str:
    """What Slack shows above the file."""
    return say.text(texts.TITLE, application=check.application)


def content(say: Say, check: Check) -> str:
    """Every difference: both sides, the tool and its time."""
    where = wording.where(say, check.application, check.cluster)
    revision = check.revision or wording.short(say, None)
    lines = [say.text(texts.HEAD, where=where, revision=revision, time=check.at.isoformat())]
    if check.error:
        lines.append(say.text(texts.NOT_EVERYTHING, reason=say.told(check.error)))
    for found in check.drift:
        lines += ["", *_object(say, found)]
    return "\n".join(lines) + "\n"


def pointer(say: Say) -> Message:
    """Said below a diff that a file completes."""
    text = say.text(texts.POINTER)
    return message(text, rich(paragraph(words(text))))


def _object(say: Say, found: ObjectDrift) -> list[str]:
    phrase = texts.MISSING if found.change == "missing" else texts.MODIFIED
    return [say.text(phrase, object=wording.object_name(found)), *(_field(say, each) for each in found.fields)]


def _field(say: Say, field: FieldDrift) -> str:
    changes = {"changed": texts.CHANGED, "added": texts.ADDED, "removed": texts.REMOVED}
    sides = say.text(
        texts.SIDES,
        desired=wording.value(say, field.desired, _MOST_VALUE),
        live=wording.value(say, field.live, _MOST_VALUE),
    )
    return f"{say.text(changes[field.change], path=field.path, by=_by(say, field))}\n{sides}"


def _by(say: Say, field: FieldDrift) -> str:
    if not field.manager:
        return ""
    time = field.time.isoformat() if field.time else ""
    return say.text(texts.BY_AT if time else texts.BY, manager=field.manager, time=time)
