"""What a deployer changes of a kustomization before it builds it, as Argo CD and Flux do in their own copy."""

import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.core.objects.manifest import ManifestError, read_documents
from bot.core.rendering.source import KUSTOMIZATION_FILES, KustomizeParameters, is_within
from bot.i18n.catalogue import manifest as texts
from bot.i18n.language import LocalizedText

_SUFFIXES: Final = (".yaml", ".yml")
_NO_SUBSTITUTION: Final = re.compile(
    rb"^\s+[\"']?kustomize\.toolkit\.fluxcd\.io/substitute[\"']?:\s*[\"']?disabled", re.MULTILINE
)
_VARIABLE: Final = re.compile(rb"\$(\$?)\{([^{}]*)\}")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class EditedFile:
    """A kustomization file and what it now holds."""

    file: str
    content: bytes


def edit_kustomization(files: Mapping[str, bytes], root: str, parameters: KustomizeParameters) -> EditedFile | None:
    """The kustomization of a path with what a deployer changes; one is made where there is none, if that is asked for.

    None where there is none. ManifestError for one that cannot be read.
    """
    names = (posixpath.join(root, name) for name in KUSTOMIZATION_FILES)
    file = next((name for name in names if name in files), None)
    if file is None and not parameters.create_if_missing:
        return None
    if file is None:
        file = posixpath.join(root, KUSTOMIZATION_FILES[0])
        held: dict[str, Any] = {"resources": _resources(files, root)}
    else:
        found = [value for _, value in read_documents(file, files[file])]
        if len(found) != 1 or not isinstance(found[0], dict):
            raise ManifestError(file, 1, LocalizedText(texts.SEVERAL_KUSTOMIZATIONS))
        held = dict(found[0])
    for key, value in (
        ("namePrefix", parameters.name_prefix),
        ("nameSuffix", parameters.name_suffix),
        ("namespace", parameters.namespace),
    ):
        if value:
            held[key] = value
    held["images"] = _by_name(held.get("images"), [json.loads(each) for each in parameters.images])
    held["replicas"] = _by_name(
        held.get("replicas"), [{"name": name, "count": count} for name, count in parameters.replicas]
    )
    held["patches"] = [*_list(held.get("patches")), *(json.loads(each) for each in parameters.patches)]
    held["components"] = [*_list(held.get("components")), *parameters.components]
    return EditedFile(file, json.dumps({key: value for key, value in held.items() if value != []}).encode())


def substitute_variables(manifests: bytes, variables: Mapping[str, str]) -> bytes:
    """What Flux's `postBuild` makes of built manifests: `${name}`, with a default or not, in all that do not forbid it.

    https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution. ValueError with the
    expression for one of the other functions.
    """

    def value(found: re.Match[bytes]) -> bytes:
        escaped, expression = found[1], found[2].decode(errors="replace")
        if escaped:
            return found[0][1:]
        name = _NAME.match(expression)
        rest = expression[name.end() :] if name else expression
        if name is None or not (not rest or rest.startswith((":=", ":-", "=", "-"))):
            raise ValueError(f"${{{expression}}}")
        known = variables.get(name[0])
        if rest.startswith(":"):
            return (known or rest[2:]).encode()
        return (known if known is not None else rest[1:]).encode()

    documents = manifests.split(b"\n---\n")
    return b"\n---\n".join(each if _NO_SUBSTITUTION.search(each) else _VARIABLE.sub(value, each) for each in documents)


def _resources(files: Mapping[str, bytes], root: str) -> list[str]:
    """Every manifest below a path, and every folder there that is a kustomization itself in place of its files."""
    homes = {posixpath.dirname(path) for path in files if posixpath.basename(path) in KUSTOMIZATION_FILES}
    outermost = {home for home in homes if not any(other != home and is_within(home, other) for other in homes)}
    plain = [
        path
        for path in files
        if path.endswith(_SUFFIXES) and is_within(path, root) and not any(is_within(path, home) for home in outermost)
    ]
    told = (posixpath.relpath(path, root or ".") for path in (*plain, *outermost) if is_within(path, root))
    return sorted(path for path in told if not any(part.startswith(".") for part in path.split("/")))


def _by_name(held: object, told: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Entries with a name, of which those told replace those held."""
    names = {each["name"] for each in told}
    kept = [each for each in _list(held) if not (isinstance(each, Mapping) and each.get("name") in names)]
    return [*kept, *told]


def _list(held: object) -> list[Any]:
    return held if isinstance(held, list) else []
