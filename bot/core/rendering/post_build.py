"""Substitutes variables in Kustomize's output, as Flux does before it applies the objects.

The rules are those of kustomize-controller 1.9.
https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution
"""

import re
from dataclasses import dataclass
from typing import Final

from bot.core.objects.manifest import Manifest, read_manifests
from bot.core.objects.resource import mapping
from bot.core.rendering.budget import Budget
from bot.core.rendering.envsubst import SubstitutionError, substitute
from bot.core.rendering.limits import MAX_SUBSTITUTED
from bot.core.rendering.source import FluxBuild

_DISABLED_KEY: Final = "kustomize.toolkit.fluxcd.io/substitute"
_VARIABLE_NAME: Final = re.compile(r"[_A-Za-z][_A-Za-z0-9]*")


@dataclass(frozen=True, slots=True)
class PostBuild:
    """The objects that Flux applies, and those with values that only Flux can read."""

    manifests: tuple[Manifest, ...]
    unread: tuple[Manifest, ...] = ()


def post_build(file: str, manifests: bytes, flux: FluxBuild) -> PostBuild:
    """The objects that a build printed, with variables substituted.

    Raises ManifestError, SubstitutionError, BudgetExceededError.
    """
    variables = {name: value.replace("\n", "") for name, value in flux.substitutions}
    if not (variables or flux.substitute_always or flux.has_unread_variables):
        return PostBuild(tuple(read_manifests(file, manifests)))
    for name in variables:
        if not _VARIABLE_NAME.fullmatch(name):
            raise SubstitutionError(f"${{{name[:60]}}}")

    def look_up(name: str) -> str | None:
        return variables.get(name, None if flux.has_unread_variables else "")

    budget = Budget(MAX_SUBSTITUTED)
    substituted: list[str] = []
    unread: list[str] = []
    for document in manifests.decode(errors="replace").split("\n---\n"):
        if _DISABLED_KEY in document and _is_disabled(file, document):
            substituted.append(document)
            continue
        text = substitute(document, look_up, budget)
        if text is None:
            unread.append(document)
        else:
            substituted.append(text)
    objects, unread_objects = (read_manifests(file, "\n---\n".join(texts).encode()) for texts in (substituted, unread))
    return PostBuild(tuple(objects), tuple(unread_objects))


def _is_disabled(file: str, document: str) -> bool:
    return any(
        mapping(manifest.object, "metadata", field).get(_DISABLED_KEY) == "disabled"
        for manifest in read_manifests(file, document.encode())
        for field in ("labels", "annotations")
    )
