"""Argo CD's `Application`, as its published schema has it, read into what the bot can follow.

https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml is the reference of its fields. What the bot
would render otherwise than Argo CD does is refused with the reason, never left out.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bot.core.applications.deployer import argo_failure
from bot.core.applications.deployer_status import DeployerStatus, Stop
from bot.core.applications.discovered import (
    Destination,
    Discovered,
    Found,
    Origin,
    Unreadable,
    UnreadableError,
    channel_of,
)
from bot.core.drift.ignore import IgnoreRule, PointerError, parse_pointer
from bot.core.drift.jq import JqError, parse_jq
from bot.core.git.git_url import normalize
from bot.core.git.target_revision import HEAD, TargetRevision
from bot.core.globs import GlobError, parse_glob
from bot.core.objects.resource import Object, items, mapping, set_keys, text
from bot.core.rendering.source import (
    DirectoryParameters,
    HelmParameters,
    Kind,
    KustomizeParameters,
    Source,
    tidy,
    within,
)
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedText

DEPLOYER: Final = "Argo CD"
# What of Helm's parameters is followed, and what changes nothing of what comes out.
_HELM: Final = frozenset(
    {
        *("releaseName", "namespace", "valueFiles", "values", "valuesObject", "parameters", "skipCrds"),
        *("apiVersions", "kubeVersion", "ignoreMissingValueFiles"),
    }
)
_KUSTOMIZE: Final = frozenset({"namePrefix", "nameSuffix", "namespace", "images", "replicas", "patches", "components"})
_NO_MATTER: Final = frozenset({"passCredentials", "version", "skipTests", "skipSchemaValidation"})
_PART: Final = re.compile(r"[A-Za-z0-9._-]{1,63}")
_BUILD_VARIABLE: Final = "ARGOCD_"  # filled in by Argo CD while it renders


def read(resource: Object, cluster: str) -> list[Found]:
    """Each source of an Application found on a cluster: what there is to follow, or why it cannot be."""
    spec, metadata = mapping(resource, "spec"), mapping(resource, "metadata")
    origin = Origin(DEPLOYER, "Application", cluster, text(metadata, "namespace"), text(metadata, "name"))
    several = [each for each in items(spec, "sources") if isinstance(each, Mapping)]
    sources: list[Object] = several or [mapping(spec, "source")]
    manifests = [(index, each) for index, each in enumerate(sources) if not _only_values(each)]
    found: list[Found] = []
    for index, source in manifests:
        view = _view(resource, index if several else None)
        part = _part(source, index) if len(manifests) > 1 else ""
        try:
            found.append(_discovered(origin, view, part, resource, source, sources))
        except UnreadableError as error:
            found.append(Unreadable(origin, view, str(error), part))
    return found or [Unreadable(origin, _view(resource, None), LocalizedText(texts.NO_SOURCE))]


def _discovered(
    origin: Origin, view: DeployerStatus, part: str, resource: Object, source: Object, sources: Sequence[Object]
) -> Discovered:
    spec = mapping(resource, "spec")
    if mapping(spec, "sourceHydrator"):
        raise UnreadableError(LocalizedText(texts.HYDRATED))
    destination = mapping(spec, "destination")
    place = Destination(
        text(destination, "namespace") or "default", text(destination, "server"), text(destination, "name")
    )
    return Discovered(
        origin=origin,
        view=view,
        url=_url(source),
        revision=_revision(source),
        source=_source(source, sources, name=origin.name, namespace=place.namespace),
        destination=place,
        part=part,
        ignore=tuple(_rules(items(spec, "ignoreDifferences"))),
        channel=channel_of(resource),
    )


def _only_values(source: Object) -> bool:
    """A source that others take values files from, and nothing else."""
    return bool(text(source, "ref")) and not text(source, "path") and not text(source, "chart")


def _part(source: Object, index: int) -> str:
    name = text(source, "name")
    return name if _PART.fullmatch(name) else str(index + 1)


def _url(source: Object) -> str:
    url = text(source, "repoURL")
    if not url:
        raise UnreadableError(LocalizedText(texts.NO_SOURCE))
    if chart := text(source, "chart"):
        raise UnreadableError(LocalizedText(texts.CHART_FROM_REGISTRY, chart=chart[:100]))
    if url.startswith("oci://"):
        raise UnreadableError(LocalizedText(texts.FROM_OCI))
    return url


def _revision(source: Object) -> TargetRevision:
    return TargetRevision(text(source, "targetRevision") or HEAD)


def _source(source: Object, sources: Sequence[Object], *, name: str, namespace: str) -> Source:
    """Where the manifests come from. UnreadableError."""
    path = within("", text(source, "path").removeprefix("./") or ".")
    if path is None:
        raise UnreadableError(LocalizedText(texts.OUTSIDE))
    if mapping(source, "plugin"):
        raise UnreadableError(LocalizedText(texts.PLUGIN))
    helm, kustomize, directory = (mapping(source, key) for key in ("helm", "kustomize", "directory"))
    include, exclude = text(directory, "include"), text(directory, "exclude")
    try:
        parse_glob(include)
        parse_glob(exclude)
    except GlobError as error:
        raise UnreadableError(LocalizedText(texts.DIRECTORY, why=str(error))) from error
    kind = Kind.HELM if helm else Kind.KUSTOMIZE if kustomize else Kind.PLAIN if directory else None
    return Source(
        tidy(path),
        kind,
        helm=_helm(helm, source, sources, name=name, namespace=namespace),
        directory=DirectoryParameters(recurse=directory.get("recurse") is True, include=include, exclude=exclude),
        kustomize=_kustomize(kustomize),
    )


def _kustomize(given: Object) -> KustomizeParameters:
    """What Argo CD sets with `kustomize edit` before it builds. UnreadableError."""
    if other := [key for key in set_keys(given, frozenset({"version"})) if key not in _KUSTOMIZE]:
        raise UnreadableError(LocalizedText(texts.KUSTOMIZE, what=", ".join(other)))
    replicas = [
        (text(each, "name"), each.get("count")) for each in items(given, "replicas") if isinstance(each, Mapping)
    ]
    counts = [(name, int(str(count))) for name, count in replicas if str(count).isdecimal()]
    if len(counts) != len(replicas):
        raise UnreadableError(LocalizedText(texts.KUSTOMIZE, what="replicas"))
    return KustomizeParameters(
        name_prefix=text(given, "namePrefix"),
        name_suffix=text(given, "nameSuffix"),
        namespace=text(given, "namespace"),
        images=tuple(json.dumps(_image(each)) for each in items(given, "images") if isinstance(each, str)),
        replicas=tuple(counts),
        patches=tuple(json.dumps(each) for each in items(given, "patches") if isinstance(each, Mapping)),
        components=tuple(each for each in items(given, "components") if isinstance(each, str)),
    )


def _image(given: str) -> dict[str, str]:
    """`[name=]new[:tag][@digest]`, as `kustomize edit set image` reads it."""
    name, equals, new = given.partition("=")
    new = new if equals else name
    rest, _, digest = new.partition("@")
    colon = rest.rfind(":")
    image, tag = (rest[:colon], rest[colon + 1 :]) if colon > rest.rfind("/") else (rest, "")
    entry = {"name": name if equals else image, "newName": image if equals else "", "newTag": tag, "digest": digest}
    return {key: value for key, value in entry.items() if value}


def _helm(helm: Object, source: Object, sources: Sequence[Object], *, name: str, namespace: str) -> HelmParameters:
    if other := [key for key in set_keys(helm, _NO_MATTER) if key not in _HELM]:
        raise UnreadableError(LocalizedText(texts.HELM, what=", ".join(other)))
    parameters = [each for each in items(helm, "parameters") if isinstance(each, Mapping)]
    values = [_values_file(each, source, sources) for each in items(helm, "valueFiles")]
    said = (*values, *(text(each, "value") for each in parameters))
    if any(_BUILD_VARIABLE in each for each in said):
        raise UnreadableError(LocalizedText(texts.BUILD_VARIABLES))
    return HelmParameters(
        release=text(helm, "releaseName") or name,
        namespace=text(helm, "namespace") or namespace,
        values=tuple(values),
        inline=_inline(helm),
        set=tuple((text(each, "name"), text(each, "value")) for each in parameters if not _forced(each)),
        set_string=tuple((text(each, "name"), text(each, "value")) for each in parameters if _forced(each)),
        api_versions=tuple(each for each in items(helm, "apiVersions") if isinstance(each, str)),
        kube_version=text(helm, "kubeVersion"),
        crds=helm.get("skipCrds") is not True,
        lenient=helm.get("ignoreMissingValueFiles") is True,
    )


def _forced(parameter: Object) -> bool:
    return parameter.get("forceString") is True


def _inline(helm: Object) -> str:
    """Values in the resource itself; an object goes before a text, as with Argo CD."""
    values = helm.get("valuesObject")
    return json.dumps(values) if isinstance(values, Mapping) and values else text(helm, "values")


def _values_file(given: object, source: Object, sources: Sequence[Object]) -> str:
    """A values file as the bot names it: one of another source of the same repository and revision is from the root."""
    path = given if isinstance(given, str) else ""
    if "://" in path:
        raise UnreadableError(LocalizedText(texts.VALUES_FETCHED))
    if not path.startswith("$"):
        return path
    ref, _, rest = path[1:].partition("/")
    other = next((each for each in sources if text(each, "ref") == ref), None)
    if other is None:
        raise UnreadableError(LocalizedText(texts.NO_REF, ref=f"${ref[:60]}"))
    if normalize(text(other, "repoURL")) != normalize(text(source, "repoURL")) or _revision(other) != _revision(source):
        raise UnreadableError(LocalizedText(texts.VALUES_ELSEWHERE, ref=f"${ref[:60]}"))
    return f"/{rest}"


def _rules(given: Sequence[object]) -> Iterator[IgnoreRule]:
    """`ignoreDifferences`: a group that is left out is the core group, a name or namespace any."""
    for each in given:
        if not isinstance(each, Mapping):
            continue
        pointers, expressions, managers = (
            tuple(one for one in items(each, key) if isinstance(one, str))
            for key in ("jsonPointers", "jqPathExpressions", "managedFieldsManagers")
        )
        rule = IgnoreRule(
            kind=text(each, "kind") or "*",
            namespace=text(each, "namespace") or "*",
            name=text(each, "name") or "*",
            group=text(each, "group"),
            json_pointers=pointers,
            jq_path_expressions=expressions,
            managed_fields_managers=managers,
            title=LocalizedText(texts.ITS_RULE),
        )
        try:
            for pointer in pointers:
                parse_pointer(pointer)
            for expression in expressions:
                parse_jq(expression)
            for pattern in (rule.kind, rule.namespace, rule.name, rule.group, *managers):
                parse_glob(pattern)
        except (PointerError, JqError, GlobError) as error:
            raise UnreadableError(LocalizedText(texts.IGNORED, why=str(error))) from error
        yield rule


def _view(resource: Object, index: int | None) -> DeployerStatus:
    """What Argo CD says of it; of several sources each has a revision of its own."""
    status = mapping(resource, "status")
    sync = mapping(status, "sync")
    revisions = items(sync, "revisions")
    revision = text(sync, "revision")
    if index is not None and index < len(revisions):
        revision = str(revisions[index])
    automated = mapping(mapping(resource, "spec"), "syncPolicy").get("automated")
    automatic = isinstance(automated, Mapping) and automated.get("enabled") is not False
    return DeployerStatus(
        DEPLOYER,
        sync=text(sync, "status"),
        health=text(mapping(status, "health"), "status"),
        revision=revision,
        stop=None if automatic else Stop.MANUAL,
        failure=argo_failure(resource),
    )
