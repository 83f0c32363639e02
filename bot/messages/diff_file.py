"""All drift of an application as a text file, for when it does not fit in a message."""

from bot.core.drift.model import Check, FieldDrift, ObjectDrift
from bot.i18n.catalogue import diff_file as texts
from bot.i18n.language import Translator
from bot.messages import common
from bot.messages.blocks import Message, text_message

_MAX_VALUE = 20_000


def name(translator: Translator, check: Check) -> str:
    """The file's name."""
    return f"{check.application}-{common.short_revision(translator, check.revision).replace(' ', '-')}.txt"


def title(translator: Translator, check: Check) -> str:
    """What Slack shows above the file."""
    return translator.text(texts.TITLE, application=check.application)


def content(translator: Translator, check: Check) -> str:
    """Every difference, with both values, the field manager and its time."""
    where = common.where(translator, check.application, check.cluster)
    revision = check.revision or common.short_revision(translator, None)
    lines = [translator.text(texts.HEAD, where=where, revision=revision, time=check.at.isoformat())]
    if check.error:
        lines.append(translator.text(texts.NOT_EVERYTHING, reason=translator.localize(check.error)))
    for object_drift in check.drift:
        lines += ["", *_object(translator, object_drift)]
    return "\n".join(lines) + "\n"


def pointer(translator: Translator) -> Message:
    """The note below a diff that continues in a file."""
    return text_message(translator.text(texts.POINTER))


def _object(translator: Translator, object_drift: ObjectDrift) -> list[str]:
    phrase = texts.MISSING if object_drift.change == "missing" else texts.MODIFIED
    return [
        translator.text(phrase, object=common.object_name(object_drift)),
        *(_field(translator, field) for field in object_drift.fields),
    ]


def _field(translator: Translator, field: FieldDrift) -> str:
    changes = {"changed": texts.CHANGED, "added": texts.ADDED, "removed": texts.REMOVED}
    sides = translator.text(
        texts.SIDES,
        desired=common.value_text(translator, field.desired, _MAX_VALUE),
        live=common.value_text(translator, field.live, _MAX_VALUE),
    )
    return f"{translator.text(changes[field.change], path=field.path, by=_by(translator, field))}\n{sides}"


def _by(translator: Translator, field: FieldDrift) -> str:
    if not field.manager:
        return ""
    time = field.time.isoformat() if field.time else ""
    return translator.text(texts.BY_AT if time else texts.BY, manager=field.manager, time=time)
