"""What merging a pull request would change in the clusters, for the answer in Slack and the pull request's body."""

from collections.abc import Sequence

from bot.core.changes.effect import Effect
from bot.core.changes.irreversible import IrreversibleReason
from bot.core.rollouts.rollout import ApplicationChange
from bot.i18n.catalogue import effect as texts
from bot.i18n.catalogue import rollout as shared
from bot.i18n.language import Translator
from bot.messages import common
from bot.messages.blocks import Block, bullets, clip, fill, paragraph, rich, words
from bot.messages.rollout_change import change_parts

_WARNINGS = {
    IrreversibleReason.DEFINITION: texts.DEFINITION,
    IrreversibleReason.NAMESPACE: texts.NAMESPACE,
    IrreversibleReason.VOLUME: texts.VOLUME,
    IrreversibleReason.RETURNING: texts.RETURNING,
    IrreversibleReason.IMMUTABLE: texts.IMMUTABLE,
    IrreversibleReason.SHRUNK: texts.SHRUNK,
    IrreversibleReason.VERSION: texts.VERSION,
}
_MAX_WARNINGS = 5
_MAX_CHANGES = 4_500  # characters of JSON


def blocks(translator: Translator, effects: Sequence[Effect]) -> list[Block]:
    """Warnings, then what changes in each environment."""
    parts = change_parts(
        translator,
        [(environment(translator, effect), ApplicationChange(effect.change, why=effect.why)) for effect in effects],
    )
    shown = fill(
        parts,
        common.more(translator, shared.MORE_CHANGES),
        budget=_MAX_CHANGES,
    )
    sentences = warnings(translator, effects)
    if not sentences:
        return shown
    omitted = len(sentences) - _MAX_WARNINGS
    lines = [[words(clip(sentence, 500))] for sentence in sentences[:_MAX_WARNINGS]]
    if omitted > 0:
        lines.append([common.and_more(translator, omitted)])
    return [rich(paragraph(words(translator.text(texts.BEFORE), bold=True)), bullets(lines)), *shown]


def environment(translator: Translator, effect: Effect) -> str:
    """The application, its cluster and namespace, in words."""
    return translator.text(
        texts.WHERE,
        application=clip(effect.application, 60),
        cluster=clip(effect.cluster, 60),
        namespace=clip(effect.namespace, 63),
    )


def warnings(translator: Translator, effects: Sequence[Effect]) -> list[str]:
    """A sentence for each change that cannot be undone or that the cluster will reject."""
    return [
        translator.text(
            _WARNINGS[change.reason],
            object=translator.text(
                texts.OBJECT,
                kind=clip(change.kind, 60),
                name=clip(change.name, common.MAX_NAME),
                application=clip(effect.application, 60),
                cluster=clip(effect.cluster, 60),
            ),
            path=clip(change.path, common.MAX_PATH),
        )
        for effect in effects
        for change in effect.irreversible
    ]
