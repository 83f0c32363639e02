"""Why a renderer failed, in the bot's own words.

Kustomize and Helm quote the text that they fail on, which may be secret, so nothing they print is shown: only which
known error it is, and which file of the repository it names.
"""

import posixpath
import re
from collections.abc import Collection
from typing import Final

from bot.adapters.rendering.helm_command import REFUSED
from bot.core.rendering.source import resolve_path
from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText, Phrase

# The first match counts. In lower case, from Kustomize 5 and Helm 3 and 4.
_REASONS: Final[tuple[tuple[str, Phrase], ...]] = (
    (REFUSED.lower(), texts.HELM_ARGUMENT),
    ("cycle detected", texts.CYCLE),
    ("kustomization.yaml is empty", texts.EMPTY),
    ("found multiple kustomization files", texts.SEVERAL_FILES),
    ("external plugins disabled", texts.PLUGIN),
    ("unable to load builtin", texts.PLUGIN),
    ("unable to load external plugin", texts.PLUGIN),
    ("meet the specifications of the schema", texts.BAD_SCHEMA),
    ("missing in charts/ directory", texts.NO_DEPENDENCY),
    ("chart requires kubeversion", texts.KUBE_VERSION),
    ("execution error at", texts.TEMPLATE_FAILED),
    ('" not defined', texts.NO_FUNCTION),
    ("parse error at", texts.BAD_TEMPLATE),
    ("template:", texts.BAD_TEMPLATE),
    ("render error", texts.BAD_TEMPLATE),
    ("release name", texts.BAD_NAME),
    ("chart.yaml", texts.BAD_CHART),
    ("validation: chart", texts.BAD_CHART),
    ("already registered id", texts.DUPLICATE),
    ("json patch", texts.BAD_PATCH),
    ("jsonpatch", texts.BAD_PATCH),
    ("unable to parse sm or json patch", texts.BAD_PATCH),
    ("no matches for", texts.NO_TARGET),
    ("no resource matches", texts.NO_TARGET),
    ("failed to find unique target", texts.NO_TARGET),
    ("nothing selected", texts.NO_TARGET),
    ("unable to find", texts.NO_TARGET),
    ("operation does not apply", texts.BAD_PATCH),
    ("testing value", texts.BAD_PATCH),
    ("unable to load pairs", texts.BAD_GENERATOR),
    ("invalid literal source", texts.BAD_GENERATOR),
    ("env source", texts.BAD_GENERATOR),
    ("loading kv pairs", texts.BAD_GENERATOR),
    ("unknown field", texts.UNKNOWN_FIELD),
    ("cannot unmarshal", texts.UNKNOWN_FIELD),
    ("invalid kustomization", texts.UNKNOWN_FIELD),
    ("malformedyamlerror", texts.BAD_YAML),
    ("error converting yaml to json", texts.BAD_YAML),
    ("yaml: line", texts.BAD_YAML),
    ("yaml: unmarshal", texts.UNKNOWN_FIELD),
    ("unknown anchor", texts.BAD_YAML),
    ("control characters are not allowed", texts.BAD_YAML),
    ("missing resource metadata", texts.NO_OBJECT),
    ("missing metadata.name", texts.NO_OBJECT),
    ("missing kind", texts.NO_OBJECT),
    ("wrong node kind", texts.NO_OBJECT),
    ("is not in or below", texts.NO_FILE),
    ("no such file or directory", texts.NO_FILE),
    ("doesn't exist", texts.NO_FILE),
)
_WORD: Final = re.compile(r"[^\s\"'`\[\]{}()<>,;=|\\:]+(?::[0-9]{1,6}\b)?")
_YAML_LINE: Final = re.compile(r"yaml: line ([0-9]{1,6}):")


def explain(stderr: str, path: str, files: Collection[str]) -> LocalizedText:
    """Which known error it is, and where. `path` is that of the source, and `files` are the paths of the repository."""
    text = stderr.lower()
    if not text.strip():
        return LocalizedText(texts.NO_REASON)
    reason = next((phrase for form, phrase in _REASONS if form in text), texts.UNKNOWN_REASON)
    place = _place(stderr, path, files)
    if place and ":" not in place and reason is texts.BAD_YAML and (line := _YAML_LINE.search(stderr)):
        place = f"{place}:{line[1]}"
    why = LocalizedText(reason)
    return LocalizedText(texts.AT, place=place, why=why) if place else why


def _place(stderr: str, path: str, files: Collection[str]) -> str:
    """The last file of the repository in the output, which is the innermost, with its line if any."""
    for word in reversed(_WORD.findall(stderr)):
        name, _, line = word.rstrip(".").partition(":")
        _, tree, relative = name.rpartition("/tree/")
        # As passed to the program, relative to the source, and as written by Helm, after the chart's name.
        candidates = (
            relative if tree else name,
            posixpath.join(path, name),
            posixpath.join(path, name.partition("/")[2]),
        )
        file = next((file for file in (resolve_path("", candidate) for candidate in candidates) if file in files), None)
        if file:
            return f"{file}:{line}" if line else file
    return ""
