"""What merging a pull request would do in the clusters, as the answer in Slack and the pull request's text tell it."""

from collections.abc import Sequence

from bot.core.effect import Effect
from bot.core.irreversible import Loss
from bot.core.message import wording
from bot.core.message.blocks import Block, bullets, clip, fill, paragraph, rich, words
from bot.core.message.catalogue import effect as texts
from bot.core.message.catalogue import rollout as shared
from bot.core.message.language import Say
from bot.core.message.rollout_change import told_of
from bot.core.rollout import Change

_WARNINGS = {
    Loss.DEFINITION: texts.DEFINITION,
    Loss.NAMESPACE: texts.NAMESPACE,
    Loss.VOLUME: texts.VOLUME,
    Loss.RETURNING: texts.RETURNING,
    Loss.IMMUTABLE: texts.IMMUTABLE,
    Loss.SHRUNK: texts.SHRUNK,
    Loss.VERSION: texts.VERSION,
}
_MOST_WARNINGS = 5
_MOST_TOLD = 4_500  # characters of JSON


def blocks(say: Say, effects: Sequence[Effect]) -> list[Block]:
    """Warnings first, then what changes where."""
    told = told_of(say, [(where(say, each), Change(each.change, why=each.why)) for each in effects])
    shown = fill(
        told, lambda left: paragraph(words(say.count(shared.MORE_CHANGES, left), italic=True)), budget=_MOST_TOLD
    )
    listed = warnings(say, effects)
    if not listed:
        return shown
    rest = len(listed) - _MOST_WARNINGS
    lines = [[words(clip(each, 500))] for each in listed[:_MOST_WARNINGS]]
    if rest > 0:
        lines.append([wording.and_more(say, rest)])
    return [rich(paragraph(words(say.text(texts.BEFORE), bold=True)), bullets(lines)), *shown]


def where(say: Say, effect: Effect) -> str:
    """The environment, in words."""
    return say.text(
        texts.WHERE,
        application=clip(effect.application, 60),
        cluster=clip(effect.cluster, 60),
        namespace=clip(effect.namespace, 63),
    )


def warnings(say: Say, effects: Sequence[Effect]) -> list[str]:
    """What cannot be brought back, or will be refused: a sentence each."""
    return [
        say.text(
            _WARNINGS[warned.loss],
            object=say.text(
                texts.OBJECT,
                kind=clip(warned.kind, 60),
                name=clip(warned.name, wording.MOST_NAME),
                application=clip(effect.application, 60),
                cluster=clip(effect.cluster, 60),
            ),
            path=clip(warned.path, wording.MOST_PATH),
        )
        for effect in effects
        for warned in effect.warned
    ]
