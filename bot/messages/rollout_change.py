"""What a merge changes, for a rollout's card: objects and fields, and images that are not pinned."""

from collections.abc import Sequence
from dataclasses import replace

from bot.core.changes.rendered_change import FieldChange, ObjectChange, RenderedChange
from bot.core.drift.short_path import short_path
from bot.core.objects.images import Pin, short_image
from bot.core.rollouts.rollout import ApplicationChange, ApplicationRollout
from bot.core.rollouts.running_images import ImageMismatch
from bot.i18n.catalogue import rollout as texts
from bot.i18n.language import Translator
from bot.messages import common
from bot.messages.blocks import Element, Part, bullets, clip, code, paragraph, rich_line, words

_MAX_NAMES = 4
_MAX_OBJECTS = 6
_MAX_IMAGES = 5
_DIGEST = len("sha256:") + 8  # of a digest


def changes(translator: Translator, parts: Sequence[ApplicationRollout]) -> list[Part]:
    """A part of a rich_text block for each change; applications with the same change share one."""
    return change_parts(translator, [(part.application, part.change) for part in parts if part.change])


def change_parts(translator: Translator, changes: Sequence[tuple[str, ApplicationChange]]) -> list[Part]:
    """The same, from the name of what changes and the change."""
    groups: list[tuple[ApplicationChange, list[str]]] = []
    for name, change in changes:
        same = next((names for other, names in groups if other == change), None)
        if same is None:
            groups.append((change, [name]))
        else:
            same.append(name)
    return [
        replace(_change(translator, change, common.listed(translator, names, _MAX_NAMES)), count=len(names))
        for change, names in groups
    ]


def unpinned(translator: Translator, parts: Sequence[ApplicationRollout]) -> list[Element]:
    """The images of the merge that are not pinned to a digest; empty if there are none."""
    images = {image.image: image.pin for part in parts if part.change for image in part.change.unpinned}
    if not images:
        return []
    names = [
        translator.text(texts.FLOATING, image=clip(image, 100)) if pin is Pin.FLOATING else clip(image, 100)
        for image, pin in sorted(images.items(), key=lambda item: (item[1] is not Pin.FLOATING, item[0]))
    ]
    total = max(part.change.images for part in parts if part.change)
    padded = names + [""] * (total - len(names))  # counted without a name
    return rich_line(translator, texts.UNPINNED, images=common.listed(translator, padded, min(_MAX_IMAGES, len(names))))


def running(translator: Translator, parts: Sequence[ApplicationRollout]) -> list[list[Element]]:
    """A line for each image that does not run as declared."""
    images = dict.fromkeys(image for part in parts for image in part.images)
    return [_running(translator, image) for image in list(images)[:_MAX_IMAGES]]


def _running(translator: Translator, mismatch: ImageMismatch) -> list[Element]:
    digests = common.listed(translator, (digest[:_DIGEST] for digest in mismatch.digests), _MAX_NAMES)
    image = code(clip(short_image(mismatch.image), 100))
    if len(mismatch.digests) > 1:
        return rich_line(
            translator, texts.SEVERAL_DIGESTS, image=image, n=translator.number(len(mismatch.digests)), digests=digests
        )
    return rich_line(translator, texts.OTHER_DIGEST, image=image, digests=digests)


def _change(translator: Translator, change: ApplicationChange, names: str) -> Part:
    rendered = change.rendered
    objects = [_object(translator, changed) for changed in rendered.objects[:_MAX_OBJECTS]]
    omitted = rendered.named - len(objects)
    if change.why is not None:
        reason = clip(translator.localize(change.why), 300)
        lead = rich_line(translator, texts.CHANGES_UNKNOWN, names=names, reason=reason)
    elif not rendered.total:
        lead = rich_line(translator, texts.CHANGES_NOTHING, names=names)
    else:
        lead = [words(translator.text(texts.CHANGES, names=names, counts=_counts(translator, rendered)), bold=True)]
    unnamed = [bullets([[words(translator.count(texts.NOT_NAMED, rendered.unnamed))]])] if rendered.unnamed else []
    more = common.more_bullets(translator, texts.MORE_OBJECTS)
    return Part([paragraph(*lead)], objects, more, omitted, tail=unnamed)


def _counts(translator: Translator, rendered: RenderedChange) -> str:
    counts = (
        (texts.REMOVED, rendered.removed),
        (texts.CHANGED, rendered.changed),
        (texts.NOT_CHECKED, rendered.unknown),
        (texts.ADDED, rendered.added),
    )
    counted = [translator.count(what, number) for what, number in counts if number]
    return common.listed(translator, counted, len(counts))


def _object(translator: Translator, changed: ObjectChange) -> Part:
    fields = [[bullets([_field(translator, changed, field)], indent=1)] for field in changed.fields]
    more = common.more_bullets(translator, texts.MORE_FIELDS, indent=1)
    omitted = max(changed.total - len(fields), 0)
    return Part([bullets([_object_name(translator, changed)])], fields, more, omitted)


def _object_name(translator: Translator, changed: ObjectChange) -> list[Element]:
    namespace = f"{changed.namespace}/" if changed.namespace else ""
    name = words(f"{clip(changed.kind, 60)} {clip(namespace + changed.name, common.MAX_NAME)}", bold=True)
    match changed.change:
        case "removed":
            return rich_line(translator, texts.OBJECT_REMOVED, object=name)
        case "added":
            return rich_line(translator, texts.OBJECT_ADDED, object=name)
        case "unknown":
            return rich_line(translator, texts.OBJECT_NOT_CHECKED, object=name)
        case _:
            return [name]


def _field(translator: Translator, changed: ObjectChange, field: FieldChange) -> list[Element]:
    path = code(clip(short_path(changed.kind, changed.name, field.path), common.MAX_PATH))
    before, after = (code(common.value_text(translator, value, 90)) for value in (field.before, field.after))
    match field.change:
        case "changed":
            return rich_line(translator, texts.FIELD_CHANGED, path=path, before=before, after=after)
        case "added":
            return rich_line(translator, texts.FIELD_ADDED, path=path, after=after)
        case _:
            return rich_line(translator, texts.FIELD_REMOVED, path=path, before=before)
