"""Labels and annotations in git that allow an object to differ from git.

Only git counts: anyone could set them on the live object. Argo CD's `compare-options: IgnoreExtraneous` is about
objects that are not in git, so it has no effect here.
https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.core.objects.path import PathError, Pattern, parse_path
from bot.core.objects.redaction import MAX_PATHS
from bot.core.objects.resource import mapping
from bot.i18n.catalogue import set_aside as texts
from bot.i18n.language import LocalizedText, Text

_OWN: Final = "gitops-bot/ignore"  # `*`, or paths separated by spaces
_FIELD_CHANGES: Final = frozenset(("changed", "removed", "added"))
_EVERYTHING: Final = _FIELD_CHANGES | {"missing"}

# What each key and value excuses. Flux ignores the case of values.
_OPT_OUTS: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("kustomize.toolkit.fluxcd.io/reconcile", "disabled"): _EVERYTHING,
    ("kustomize.toolkit.fluxcd.io/ssa", "ignore"): _EVERYTHING,
    ("kustomize.toolkit.fluxcd.io/ssa", "ifnotpresent"): _FIELD_CHANGES,
    ("kustomize.toolkit.fluxcd.io/ssa", "merge"): frozenset(("added",)),
    (_OWN, "*"): _EVERYTHING,
}
_KEYS: Final = frozenset(key for key, _ in _OPT_OUTS)

_SYNC_OPTIONS: Final = "argocd.argoproj.io/sync-options"  # separated by commas
_NOT_PRUNED: Final = frozenset(("Prune=false", "Prune=confirm"))
_KEEPS: Final = {"kustomize.toolkit.fluxcd.io/prune": "disabled", "helm.sh/resource-policy": "keep"}


def opt_outs(desired: Mapping[str, Any]) -> dict[str, LocalizedText]:
    """The changes (`changed`, `removed`, `added`, `missing`) that a manifest excuses, each with the reason."""
    metadata = mapping(desired, "metadata")
    return {
        change: LocalizedText(texts.GIT_SAYS, name=key, value=str(entries[key]))
        for entries in (mapping(metadata, "labels"), mapping(metadata, "annotations"))
        if not _KEYS.isdisjoint(entries)
        for (key, value), changes in _OPT_OUTS.items()
        if str(entries.get(key)).lower() == value
        for change in changes
    }


def is_kept(desired: Mapping[str, Any]) -> bool:
    """Whether a manifest says that its object may stay in the cluster when it is removed from git.

    With `Prune=confirm`, it stays until a person confirms the deletion.

    https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#no-prune-resources
    https://fluxcd.io/flux/components/kustomize/kustomizations/#prune
    https://helm.sh/docs/howto/charts_tips_and_tricks/#tell-helm-not-to-uninstall-a-resource
    """
    metadata = mapping(desired, "metadata")
    entries = {**mapping(metadata, "labels"), **mapping(metadata, "annotations")}
    options = (option.strip() for option in str(entries.get(_SYNC_OPTIONS)).split(","))
    return (
        any(str(entries.get(key)).strip().lower() == value for key, value in _KEEPS.items())
        or not _NOT_PRUNED.isdisjoint(options)
        or "missing" in opt_outs(desired)
    )


def ignored_paths(desired: Mapping[str, Any]) -> Sequence[tuple[Pattern, Text]]:
    """The paths to ignore that an object's manifest lists, each with the reason; none if one is invalid."""
    text = mapping(desired, "metadata", "annotations").get(_OWN)
    if not isinstance(text, str) or text == "*":
        return ()
    paths = dict.fromkeys(text.split())
    if len(paths) > MAX_PATHS:
        return ()
    try:
        return [(parse_path(path), LocalizedText(texts.GIT_SAYS, name=_OWN, value=path)) for path in paths]
    except PathError:  # nothing is excused, so that the mistake shows
        return ()
