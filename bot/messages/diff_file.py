"""All drift of an application as a diff in a file, in case it does not fit in a message."""

from collections.abc import Iterator

from bot.core.drift.model import Check, FieldDrift, ObjectDrift
from bot.core.drift.parts import MAX_DIFF_STEPS, AlignmentBudget
from bot.i18n.catalogue import diff_file as texts
from bot.i18n.language import Translator
from bot.messages import common
from bot.messages.blocks import Message, clip, text_message
from bot.messages.object_links import ObjectLinks
from bot.messages.unified_diff import field_diff
from bot.messages.writer import actor_text

_MAX_VALUE = 20_000


def name(translator: Translator, check: Check) -> str:
    """The file's name."""
    revision = check.chart or common.short_revision(translator, check.revision)
    return f"{check.application}-{revision.replace(' ', '-')}.diff"


def title(translator: Translator, check: Check) -> str:
    """What Slack shows above the file."""
    return translator.text(texts.TITLE, application=check.application)


def content(translator: Translator, check: Check, links: ObjectLinks) -> str:
    """Every difference with its full path, who wrote it and when, below the links of its object."""
    where = common.where(translator, check.application, check.cluster)
    revision = common.checked_revision(translator, check, full=True)
    lines = [translator.text(texts.HEAD, where=where, revision=revision, time=check.at.isoformat())]
    if check.error:
        lines.append(translator.text(texts.NOT_EVERYTHING, reason=translator.localize(check.error)))
    alignment = AlignmentBudget(MAX_DIFF_STEPS)
    for object_drift in check.drift:
        lines += ["", *(f"# {item.label} {item.url}" for item in links(check, object_drift))]
        lines += _object(translator, object_drift, alignment)
    return "\n".join(lines) + "\n"


def pointer(translator: Translator) -> Message:
    """The note below a diff that continues in a file."""
    return text_message(translator.text(texts.POINTER))


def _object(translator: Translator, object_drift: ObjectDrift, alignment: AlignmentBudget) -> Iterator[str]:
    name = common.object_name(object_drift)
    if object_drift.change == "missing":
        by = f" · {actor_text(translator, object_drift.actor)}" if object_drift.actor else ""
        yield translator.text(texts.MISSING, object=name) + by
        return
    yield f"--- {name} (git)"
    yield f"+++ {name} (live)"
    for field in object_drift.fields:
        yield f"@@ {clip(field.path, _MAX_VALUE)}{_by(translator, field)} @@"
        yield from field_diff(translator, field, lambda path: path, _MAX_VALUE, alignment)


def _by(translator: Translator, field: FieldDrift) -> str:
    if field.actor:
        return f" {actor_text(translator, field.actor, field.time)}"
    if not field.manager:
        return ""
    time = field.time.isoformat() if field.time else ""
    return translator.text(texts.BY_AT if time else texts.BY, manager=field.manager, time=time)
