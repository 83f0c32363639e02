"""Reads Argo CD's `Application` resources: the sources to watch, and the status that Argo CD reports.

Fields: https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml. A resource that the bot would render
differently from Argo CD is reported as unsupported, with the reason; no field is ignored silently.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bot.core.applications.deployer_status import DeployerFailure, DeployerStatus, SyncMode
from bot.core.applications.discovery import (
    Destination,
    DiscoveredApplication,
    DiscoveryResult,
    ResourceRef,
    UnsupportedResource,
    UnsupportedResourceError,
    annotated_channel,
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
    KustomizeParameters,
    Source,
    SourceType,
    normalize_path,
    resolve_path,
)
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedText

DEPLOYER: Final = "Argo CD"
APPLICATION: Final = ("argoproj.io", "Application")

_HELM_FIELDS: Final = frozenset(
    {
        *("releaseName", "namespace", "valueFiles", "values", "valuesObject", "parameters", "skipCrds"),
        *("apiVersions", "kubeVersion", "ignoreMissingValueFiles"),
    }
)
_HELM_FIELDS_WITHOUT_EFFECT: Final = frozenset({"passCredentials", "version", "skipTests", "skipSchemaValidation"})
_KUSTOMIZE_FIELDS: Final = frozenset(
    {"namePrefix", "nameSuffix", "namespace", "images", "replicas", "patches", "components"}
)
_SOURCE_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,63}")
_BUILD_VARIABLE: Final = "ARGOCD_"  # the prefix of the variables that Argo CD substitutes while it renders


def read_application(resource: Object, cluster: str) -> list[DiscoveryResult]:
    """One result for each source of an Application on `cluster`: an application, or why it is not supported."""
    metadata = mapping(resource, "metadata")
    origin = ResourceRef(DEPLOYER, APPLICATION[1], cluster, text(metadata, "namespace"), text(metadata, "name"))
    sources = _sources(resource)
    has_several = bool(items(mapping(resource, "spec"), "sources"))
    rendered = [(index, source) for index, source in enumerate(sources) if not _is_values_source(source)]
    results: list[DiscoveryResult] = []
    for index, source in rendered:
        status = _status(resource, index if has_several else None)
        source_name = _source_name(source, index) if len(rendered) > 1 else ""
        try:
            results.append(_discovered(origin, status, source_name, resource, source, sources))
        except UnsupportedResourceError as error:
            results.append(UnsupportedResource(origin, status, error.text, source_name))
    return results or [UnsupportedResource(origin, _status(resource, None), LocalizedText(texts.NO_SOURCE))]


def source_paths(resource: Object) -> set[str]:
    """The paths of an Application's sources, from the roots of their repositories."""
    return {normalize_path(text(source, "path")) for source in _sources(resource)}


def is_syncing(resource: Object) -> bool:
    """Whether an operation is requested or running.

    https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/
    """
    phase = text(mapping(resource, "status", "operationState"), "phase")
    return resource.get("operation") is not None or phase in {"Running", "Terminating"}


def failure(resource: Object) -> DeployerFailure | None:
    """Why Argo CD could not sync an Application: its latest operation failed, or it has an error condition."""
    status = mapping(resource, "status")
    operation = mapping(status, "operationState")
    phase = text(operation, "phase")
    if phase in {"Failed", "Error"}:
        return DeployerFailure.reported(DEPLOYER, f"Sync{phase}", operation.get("message"))
    for condition in items(status, "conditions"):
        if isinstance(condition, Mapping) and text(condition, "type").endswith("Error"):
            return DeployerFailure.reported(DEPLOYER, text(condition, "type"), condition.get("message"))
    return None


def _sources(resource: Object) -> list[Object]:
    spec = mapping(resource, "spec")
    sources = [source for source in items(spec, "sources") if isinstance(source, Mapping)]
    return sources or [mapping(spec, "source")]


def _discovered(
    origin: ResourceRef,
    status: DeployerStatus,
    source_name: str,
    resource: Object,
    source: Object,
    sources: Sequence[Object],
) -> DiscoveredApplication:
    spec = mapping(resource, "spec")
    if mapping(spec, "sourceHydrator"):
        raise UnsupportedResourceError(LocalizedText(texts.HYDRATED))
    target = mapping(spec, "destination")
    destination = Destination(text(target, "namespace") or "default", text(target, "server"), text(target, "name"))
    return DiscoveredApplication(
        origin=origin,
        status=status,
        url=_url(source),
        revision=_revision(source),
        source=_source(source, sources, name=origin.name, namespace=destination.namespace),
        destination=destination,
        source_name=source_name,
        ignore=tuple(_ignore_rules(items(spec, "ignoreDifferences"))),
        channel=annotated_channel(resource),
    )


def _is_values_source(source: Object) -> bool:
    """Whether a source only provides values files to others."""
    return bool(text(source, "ref")) and not text(source, "path") and not text(source, "chart")


def _source_name(source: Object, index: int) -> str:
    name = text(source, "name")
    return name if _SOURCE_NAME.fullmatch(name) else str(index + 1)


def _url(source: Object) -> str:
    url = text(source, "repoURL")
    if not url:
        raise UnsupportedResourceError(LocalizedText(texts.NO_SOURCE))
    if chart := text(source, "chart"):
        raise UnsupportedResourceError(LocalizedText(texts.CHART_FROM_REGISTRY, chart=chart[:100]))
    if url.startswith("oci://"):
        raise UnsupportedResourceError(LocalizedText(texts.FROM_OCI))
    return url


def _revision(source: Object) -> TargetRevision:
    return TargetRevision(text(source, "targetRevision") or HEAD)


def _source(source: Object, sources: Sequence[Object], *, name: str, namespace: str) -> Source:
    """The source to render. UnsupportedResourceError."""
    path = resolve_path("", text(source, "path").removeprefix("./") or ".")
    if path is None:
        raise UnsupportedResourceError(LocalizedText(texts.OUTSIDE))
    if mapping(source, "plugin"):
        raise UnsupportedResourceError(LocalizedText(texts.PLUGIN))
    helm, kustomize, directory = (mapping(source, key) for key in ("helm", "kustomize", "directory"))
    include, exclude = text(directory, "include"), text(directory, "exclude")
    try:
        parse_glob(include)
        parse_glob(exclude)
    except GlobError as error:
        raise UnsupportedResourceError(LocalizedText(texts.DIRECTORY, why=error.text)) from error
    return Source(
        path,
        SourceType.HELM if helm else SourceType.KUSTOMIZE if kustomize else SourceType.PLAIN if directory else None,
        helm=_helm(helm, source, sources, name=name, namespace=namespace),
        directory=DirectoryParameters(recurse=directory.get("recurse") is True, include=include, exclude=exclude),
        kustomize=_kustomize(kustomize),
    )


def _kustomize(options: Object) -> KustomizeParameters:
    """What Argo CD sets with `kustomize edit` before it builds. UnsupportedResourceError."""
    if unsupported := [key for key in set_keys(options, frozenset({"version"})) if key not in _KUSTOMIZE_FIELDS]:
        raise UnsupportedResourceError(LocalizedText(texts.KUSTOMIZE, what=", ".join(unsupported)))
    replicas = [
        (text(entry, "name"), entry.get("count")) for entry in items(options, "replicas") if isinstance(entry, Mapping)
    ]
    counts = [(name, int(str(count))) for name, count in replicas if str(count).isdecimal()]
    if len(counts) != len(replicas):
        raise UnsupportedResourceError(LocalizedText(texts.KUSTOMIZE, what="replicas"))
    return KustomizeParameters(
        name_prefix=text(options, "namePrefix"),
        name_suffix=text(options, "nameSuffix"),
        namespace=text(options, "namespace"),
        images=tuple(json.dumps(_image(image)) for image in items(options, "images") if isinstance(image, str)),
        replicas=tuple(counts),
        patches=tuple(json.dumps(patch) for patch in items(options, "patches") if isinstance(patch, Mapping)),
        components=tuple(path for path in items(options, "components") if isinstance(path, str)),
    )


def _image(override: str) -> dict[str, str]:
    """An entry of a kustomization's `images`, from `[name=]new[:tag][@digest]` as in `kustomize edit set image`."""
    name, equals, new = override.partition("=")
    new = new if equals else name
    reference, _, digest = new.partition("@")
    colon = reference.rfind(":")
    image, tag = (reference[:colon], reference[colon + 1 :]) if colon > reference.rfind("/") else (reference, "")
    entry = {"name": name if equals else image, "newName": image if equals else "", "newTag": tag, "digest": digest}
    return {key: value for key, value in entry.items() if value}


def _helm(options: Object, source: Object, sources: Sequence[Object], *, name: str, namespace: str) -> HelmParameters:
    if unsupported := [key for key in set_keys(options, _HELM_FIELDS_WITHOUT_EFFECT) if key not in _HELM_FIELDS]:
        raise UnsupportedResourceError(LocalizedText(texts.HELM, what=", ".join(unsupported)))
    parameters = [parameter for parameter in items(options, "parameters") if isinstance(parameter, Mapping)]
    values_files = [_values_file(path, source, sources) for path in items(options, "valueFiles")]
    values = [*values_files, *(text(parameter, "value") for parameter in parameters)]
    if any(_BUILD_VARIABLE in value for value in values):
        raise UnsupportedResourceError(LocalizedText(texts.BUILD_VARIABLES))
    return HelmParameters(
        release_name=text(options, "releaseName") or name,
        namespace=text(options, "namespace") or namespace,
        values_files=tuple(values_files),
        inline_values=_inline_values(options),
        set=_parameters(parameters, force_string=False),
        set_string=_parameters(parameters, force_string=True),
        api_versions=tuple(version for version in items(options, "apiVersions") if isinstance(version, str)),
        kube_version=text(options, "kubeVersion"),
        include_crds=options.get("skipCrds") is not True,
        ignore_missing_values_files=options.get("ignoreMissingValueFiles") is True,
    )


def _parameters(parameters: Sequence[Object], *, force_string: bool) -> tuple[tuple[str, str], ...]:
    return tuple(
        (text(parameter, "name"), text(parameter, "value"))
        for parameter in parameters
        if (parameter.get("forceString") is True) is force_string
    )


def _inline_values(options: Object) -> str:
    """The values in the resource itself. As in Argo CD, `valuesObject` takes precedence over `values`."""
    values = options.get("valuesObject")
    return json.dumps(values) if isinstance(values, Mapping) and values else text(options, "values")


def _values_file(entry: object, source: Object, sources: Sequence[Object]) -> str:
    """An entry of `valueFiles` as HelmParameters has it; `$ref/path` is from the root of the source that has that ref.

    UnsupportedResourceError unless that source is of the same repository and revision.
    """
    path = entry if isinstance(entry, str) else ""
    if "://" in path:
        raise UnsupportedResourceError(LocalizedText(texts.VALUES_FETCHED))
    if not path.startswith("$"):
        return path
    ref, _, rest = path[1:].partition("/")
    referenced = next((candidate for candidate in sources if text(candidate, "ref") == ref), None)
    if referenced is None:
        raise UnsupportedResourceError(LocalizedText(texts.NO_REF, ref=f"${ref[:60]}"))
    same_repository = normalize(text(referenced, "repoURL")) == normalize(text(source, "repoURL"))
    if not same_repository or _revision(referenced) != _revision(source):
        raise UnsupportedResourceError(LocalizedText(texts.VALUES_ELSEWHERE, ref=f"${ref[:60]}"))
    return f"/{rest}"


def _ignore_rules(entries: Sequence[object]) -> Iterator[IgnoreRule]:
    """The rules of `ignoreDifferences`. A missing group is the core group; a missing name or namespace matches any."""
    for entry in entries:
        if not isinstance(entry, Mapping):
            continue
        pointers, expressions, managers = (
            tuple(value for value in items(entry, key) if isinstance(value, str))
            for key in ("jsonPointers", "jqPathExpressions", "managedFieldsManagers")
        )
        rule = IgnoreRule(
            kind=text(entry, "kind") or "*",
            namespace=text(entry, "namespace") or "*",
            name=text(entry, "name") or "*",
            group=text(entry, "group"),
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
            raise UnsupportedResourceError(LocalizedText(texts.IGNORED, why=error.text)) from error
        yield rule


def _status(resource: Object, index: int | None) -> DeployerStatus:
    """What Argo CD reports, with the revision of the source at `index` of several; None for an only source."""
    status = mapping(resource, "status")
    sync = mapping(status, "sync")
    revision, revisions = text(sync, "revision"), items(sync, "revisions")
    if index is not None and index < len(revisions):
        revision = str(revisions[index])
    automated = mapping(resource, "spec", "syncPolicy").get("automated")
    is_automatic = isinstance(automated, Mapping) and automated.get("enabled") is not False
    return DeployerStatus(
        DEPLOYER,
        sync=text(sync, "status"),
        health=text(mapping(status, "health"), "status"),
        revision=revision,
        sync_mode=SyncMode.AUTOMATIC if is_automatic else SyncMode.MANUAL,
        failure=failure(resource),
    )
