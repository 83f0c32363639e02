"""Reads Flux's `Kustomization` and `HelmRelease` resources: the sources to watch, and the status that Flux reports.

Fields: https://fluxcd.io/flux/components/kustomize/kustomizations/ and https://fluxcd.io/flux/components/helm/helmreleases/.
A resource that the bot would render differently from Flux is reported as unsupported, with the reason; no field is
ignored silently: docs/conformance.md has a row for each.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import yaml

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
from bot.core.applications.flux_artifact import ARTIFACT_GENERATOR, EXTERNAL_ARTIFACT, git_artifact
from bot.core.drift.ignore_rules import IgnoreRule, PointerError, parse_pointer
from bot.core.git.target_revision import TargetRevision
from bot.core.globs import regex_to_glob
from bot.core.objects.manifest import ManifestError, read_documents
from bot.core.objects.resource import Object, items, mapping, set_keys, text
from bot.core.rendering.source import (
    FluxBuild,
    HelmParameters,
    KustomizeParameters,
    Source,
    SourceType,
    normalize_path,
    resolve_path,
)
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedText, Text

DEPLOYER: Final = "Flux"
KUSTOMIZATION: Final = ("kustomize.toolkit.fluxcd.io", "Kustomization")
HELM_RELEASE: Final = ("helm.toolkit.fluxcd.io", "HelmRelease")
GIT_REPOSITORY: Final = ("source.toolkit.fluxcd.io", "GitRepository")

_READY: Final = {"True": "Ready", "False": "NotReady"}
_SHA: Final = re.compile(r"sha\d+:([0-9a-f]{40,64})")
_UNSUPPORTED_KUSTOMIZATION_FIELDS: Final = ("kubeConfig", "patchesStrategicMerge", "patchesJson6902")
_UNSUPPORTED_RELEASE_FIELDS: Final = ("postRenderers", "kubeConfig")
_UNSUPPORTED_GIT_FIELDS: Final = ("include", "recurseSubmodules")
_SELECTOR_FIELDS: Final = ("group", "kind", "namespace", "name")
_MAX_RELEASE_NAME: Final = 53  # characters
_HASH_LENGTH: Final = 12  # of a shortened release name

# A cluster's resources by (group, kind).
Resources = Mapping[tuple[str, str], "list[Object]"]
# The data of a ConfigMap by namespace and name; None if there is none.
ConfigMapReader = Callable[[str, str], Mapping[str, str] | None]

_GitRepositories = Mapping[tuple[str, str], Object]  # by namespace and name
_Declared = tuple[Source, Object, str]  # a source, its GitRepository, and the target namespace


def read_resources(resources: Resources, cluster: str, config_maps: ConfigMapReader) -> list[DiscoveryResult]:
    """One result for each Kustomization and HelmRelease on `cluster`: an application, or why it is not supported."""
    repositories = {_key(repository): repository for repository in resources[GIT_REPOSITORY]}
    generators = resources.get(ARTIFACT_GENERATOR, [])
    results: list[DiscoveryResult] = []
    for kind, read in ((KUSTOMIZATION, _kustomization), (HELM_RELEASE, _release)):
        for resource in resources[kind]:
            origin = ResourceRef(DEPLOYER, kind[1], cluster, *_key(resource))
            status = _status(resource)
            try:
                resolved, root = _resolve_artifact(resource, origin, generators)
                source, repository, namespace = read(resolved, origin, repositories, config_maps)
                source = replace(source, path=normalize_path(f"{root}/{source.path}"))
                ignore, notes = _ignore_rules(_ignore_entries(resource))
                results.append(
                    DiscoveredApplication(
                        origin=origin,
                        status=status,
                        url=text(mapping(repository, "spec"), "url"),
                        revision=_revision(repository),
                        source=source,
                        destination=Destination(namespace),
                        ignore=ignore,
                        notes=notes,
                        channel=annotated_channel(resource),
                    )
                )
            except UnsupportedResourceError as error:
                results.append(UnsupportedResource(origin, status, error.text))
    return results


def _resolve_artifact(resource: Object, origin: ResourceRef, generators: Sequence[Object]) -> tuple[Object, str]:
    """The resource with the GitRepository that its ExternalArtifact holds a part of, and the path of that part."""
    spec = mapping(resource, "spec")
    reference = mapping(spec, "sourceRef")
    if text(reference, "kind") != EXTERNAL_ARTIFACT:
        return resource, ""
    artifact = git_artifact(text(reference, "name"), text(reference, "namespace") or origin.namespace, generators)
    return {**resource, "spec": {**spec, "sourceRef": artifact.source}}, artifact.path


def source_path(kustomization: Object) -> str:
    """The path that a Kustomization applies, from the root of its source."""
    return normalize_path(text(mapping(kustomization, "spec"), "path"))


def is_suspended(resource: Object) -> bool:
    """Whether someone has suspended reconciliation."""
    return mapping(resource, "spec").get("suspend") is True


def is_reconciling(resource: Object) -> bool:
    """Whether Flux has seen a revision that it has not applied yet.

    https://fluxcd.io/flux/components/kustomize/kustomizations/#conditions
    """
    return not is_suspended(resource) and any(
        (text(condition, "type"), text(condition, "status")) == ("Reconciling", "True")
        for condition in _conditions(resource)
    )


def failure(resource: Object) -> DeployerFailure | None:
    """Why Flux could not apply a resource: it is not ready, and not reconciling."""
    if is_reconciling(resource):
        return None
    for condition in _conditions(resource):
        if (text(condition, "type"), text(condition, "status")) == ("Ready", "False"):
            return DeployerFailure.reported(DEPLOYER, text(condition, "reason") or "NotReady", condition.get("message"))
    return None


def _conditions(resource: Object) -> list[Object]:
    conditions = items(mapping(resource, "status"), "conditions")
    return [condition for condition in conditions if isinstance(condition, Mapping)]


def _key(resource: Object) -> tuple[str, str]:
    metadata = mapping(resource, "metadata")
    return text(metadata, "namespace"), text(metadata, "name")


def _kustomization(
    resource: Object, origin: ResourceRef, repositories: _GitRepositories, config_maps: ConfigMapReader
) -> _Declared:
    spec = mapping(resource, "spec")
    if unsupported := set_keys({key: spec.get(key) for key in _UNSUPPORTED_KUSTOMIZATION_FIELDS}):
        raise UnsupportedResourceError(LocalizedText(texts.FLUX_CHANGES, what=", ".join(unsupported)))
    repository = _git_repository(mapping(spec, "sourceRef"), origin, repositories)
    namespace = text(spec, "targetNamespace")
    parameters = KustomizeParameters(
        name_prefix=text(spec, "namePrefix"),
        name_suffix=text(spec, "nameSuffix"),
        namespace=namespace,
        images=tuple(json.dumps(image) for image in items(spec, "images") if text(_entry(image), "name")),
        patches=tuple(json.dumps(patch) for patch in items(spec, "patches") if isinstance(patch, Mapping)),
        components=tuple(path for path in items(spec, "components") if isinstance(path, str)),
        ignore_missing_components=spec.get("ignoreMissingComponents") is True,
        build_metadata=tuple(option for option in items(spec, "buildMetadata") if isinstance(option, str)),
        flux=_post_build(mapping(spec, "postBuild"), origin, config_maps),
    )
    source = _source(_path(text(spec, "path")), spec, repository)
    return replace(source, kustomize=parameters), repository, namespace or origin.namespace


def _source(path: str, spec: Object, repository: Object) -> Source:
    labels, annotations = (
        tuple((name, value) for name, value in mapping(spec, "commonMetadata", field).items() if isinstance(value, str))
        for field in ("labels", "annotations")
    )
    return Source(path, labels=labels, annotations=annotations, ignore=text(mapping(repository, "spec"), "ignore"))


def _post_build(post_build: Object, origin: ResourceRef, config_maps: ConfigMapReader) -> FluxBuild:
    """The variables of `postBuild`: later sources override earlier ones, and inline variables override all.

    Secrets aren't read, since their values would end up in messages. They may override variables from before them.
    """
    variables: dict[str, str] = {}
    has_unread_variables = False
    for entry in items(post_build, "substituteFrom"):
        reference = _entry(entry)
        if text(reference, "kind") == "Secret":
            variables.clear()
            has_unread_variables = True
        else:
            variables |= _config_map_data(reference, origin, config_maps) or {}
    for name, value in mapping(post_build, "substitute").items():
        variables[name] = value if isinstance(value, str) else json.dumps(value)
    return FluxBuild(
        substitutions=tuple(sorted(variables.items())),
        substitute_always=text(post_build, "substituteStrategy") == "Always",
        has_unread_variables=has_unread_variables,
    )


def _ignore_entries(resource: Object) -> Sequence[Any]:
    """The ignore rules of a Kustomization or a HelmRelease."""
    spec = mapping(resource, "spec")
    return items(spec, "ignore") or items(mapping(spec, "driftDetection"), "ignore")


def _ignore_rules(entries: Sequence[object]) -> tuple[tuple[IgnoreRule, ...], tuple[Text, ...]]:
    """The rules, and a sentence for each that the bot cannot apply.

    A selector's fields are regular expressions for the whole value.
    """
    rules: list[IgnoreRule] = []
    notes: list[Text] = []
    for entry in entries:
        rule = _entry(entry)
        target = mapping(rule, "target")
        unsupported = [key for key in ("labelSelector", "annotationSelector", "version") if text(target, key)]
        globs = {key: regex_to_glob(text(target, key) or ".*") for key in _SELECTOR_FIELDS}
        pointers = tuple(path for path in items(rule, "paths") if isinstance(path, str))
        try:
            for pointer in pointers:
                parse_pointer(pointer)
        except PointerError as error:
            notes.append(LocalizedText(texts.RULE_IGNORED, why=error.text))
            continue
        unsupported += [key for key, glob in globs.items() if glob is None]
        if unsupported:
            why = LocalizedText(texts.SELECTOR, what=", ".join(unsupported))
            notes.append(LocalizedText(texts.RULE_IGNORED, why=why))
            continue
        group, kind, namespace, name = (glob or "*" for glob in globs.values())
        rules.append(
            IgnoreRule(
                group=group,
                kind=kind,
                namespace=namespace,
                name=name,
                json_pointers=pointers,
                title=LocalizedText(texts.FLUX_RULE),
            )
        )
    return tuple(rules), tuple(notes)


def _config_map_data(reference: Object, origin: ResourceRef, config_maps: ConfigMapReader) -> Mapping[str, str] | None:
    """The data of a referenced ConfigMap; None if it is optional and missing. UnsupportedResourceError."""
    name = text(reference, "name")
    if text(reference, "kind") != "ConfigMap":
        raise UnsupportedResourceError(LocalizedText(texts.FROM_SECRET, name=name[:100]))
    data = config_maps(origin.namespace, name)
    if data is None and reference.get("optional") is not True:
        raise UnsupportedResourceError(LocalizedText(texts.NO_CONFIG_MAP, name=f"{origin.namespace}/{name}"[:150]))
    return data


def _release(
    resource: Object, origin: ResourceRef, repositories: _GitRepositories, config_maps: ConfigMapReader
) -> _Declared:
    spec = mapping(resource, "spec")
    if mapping(spec, "chartRef"):
        kind = text(mapping(spec, "chartRef"), "kind")[:50]
        raise UnsupportedResourceError(LocalizedText(texts.CHART_REFERENCE, kind=kind))
    if unsupported := set_keys({key: spec.get(key) for key in _UNSUPPORTED_RELEASE_FIELDS}):
        raise UnsupportedResourceError(LocalizedText(texts.FLUX_CHANGES, what=", ".join(unsupported)))
    if mapping(spec, "upgrade").get("preserveValues") is True:
        raise UnsupportedResourceError(LocalizedText(texts.FLUX_CHANGES, what="upgrade.preserveValues"))
    chart = mapping(spec, "chart", "spec")
    repository = _git_repository(mapping(chart, "sourceRef"), origin, repositories)
    path, namespace = _path(text(chart, "chart")), text(spec, "targetNamespace")
    release_name = text(spec, "releaseName") or (f"{namespace}-{origin.name}" if namespace else origin.name)
    install = mapping(spec, "install")
    values_files = [_path(file) for file in items(chart, "valuesFiles") if isinstance(file, str)]
    # Flux replaces the chart's own values.yaml with these; Helm would merge them over it.
    if values_files and values_files[0] != f"{path}/values.yaml".lstrip("/"):
        raise UnsupportedResourceError(LocalizedText(texts.VALUES_REPLACED))
    parameters = HelmParameters(
        release_name=_shorten(release_name),
        namespace=namespace or origin.namespace,
        values_files=tuple(f"/{file}" for file in values_files),
        inline_values=_inline_values(spec, origin, config_maps),
        include_crds=text(install, "crds") != "Skip" and install.get("skipCRDs") is not True,
        ignore_missing_values_files=chart.get("ignoreMissingValuesFiles") is True,
    )
    source = replace(_source(path, spec, repository), type=SourceType.HELM, helm=parameters)
    return source, repository, namespace or origin.namespace


def _shorten(release_name: str) -> str:
    """The name that Flux gives a release whose name is too long for Helm: the start, and a hash of the whole."""
    if len(release_name) <= _MAX_RELEASE_NAME:
        return release_name
    digest = hashlib.sha256(release_name.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{release_name[: _MAX_RELEASE_NAME - _HASH_LENGTH - 1]}-{digest}"


def _inline_values(spec: Object, origin: ResourceRef, config_maps: ConfigMapReader) -> str:
    """The values of `valuesFrom`, each merged over the ones before, and the inline `values` over them, as JSON."""
    merged: dict[str, Any] = {}
    for entry in items(spec, "valuesFrom"):
        reference = _entry(entry)
        if text(reference, "targetPath"):
            raise UnsupportedResourceError(LocalizedText(texts.TARGET_PATH))
        data = _config_map_data(reference, origin, config_maps)
        key, name = text(reference, "valuesKey") or "values.yaml", text(reference, "name")
        if data is not None and key not in data and reference.get("optional") is not True:
            missing = f"{origin.namespace}/{name} ({key})"[:150]
            raise UnsupportedResourceError(LocalizedText(texts.NO_CONFIG_MAP, name=missing))
        merged = _merge_values(merged, _parse_values(name, (data or {}).get(key, "")))
    merged = _merge_values(merged, mapping(spec, "values"))
    return json.dumps(merged) if merged else ""


def _parse_values(name: str, values: str) -> Object:
    try:
        documents = [value for _, value in read_documents(name, values.encode()) if isinstance(value, dict)]
    except (ManifestError, yaml.YAMLError) as error:
        raise UnsupportedResourceError(LocalizedText(texts.BAD_VALUES, name=name[:100])) from error
    return documents[0] if documents else {}


def _merge_values(base: Object, override: Object) -> dict[str, Any]:
    """Values merged as Helm merges them: mappings key by key, anything else replaced."""
    merged = dict(base)
    for key, value in override.items():
        below = merged.get(key)
        merged[key] = (
            _merge_values(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
        )
    return merged


def _git_repository(reference: Object, origin: ResourceRef, repositories: _GitRepositories) -> Object:
    """The GitRepository that a `sourceRef` refers to. UnsupportedResourceError."""
    kind, name = text(reference, "kind"), text(reference, "name")
    if kind != GIT_REPOSITORY[1]:
        raise UnsupportedResourceError(LocalizedText(texts.NOT_GIT, kind=kind[:50] or "?", name=name[:100]))
    namespace = text(reference, "namespace") or origin.namespace
    repository = repositories.get((namespace, name))
    if repository is None:
        raise UnsupportedResourceError(LocalizedText(texts.NO_GIT_REPOSITORY, name=f"{namespace}/{name}"[:150]))
    spec = mapping(repository, "spec")
    if unsupported := set_keys({key: spec.get(key) for key in _UNSUPPORTED_GIT_FIELDS}):
        what = ", ".join(unsupported)
        raise UnsupportedResourceError(LocalizedText(texts.SOURCE_CHANGES, name=name[:100], what=what))
    return repository


def _revision(repository: Object) -> TargetRevision:
    """The revision that a GitRepository tracks, in Flux's order of precedence; `master` by default."""
    reference = mapping(repository, "spec", "ref")
    if revision := text(reference, "commit") or text(reference, "name") or text(reference, "semver"):
        return TargetRevision(revision)
    if tag := text(reference, "tag"):
        return TargetRevision.tag(tag)
    return TargetRevision.branch(text(reference, "branch") or "master")


def _path(declared: str) -> str:
    path = resolve_path("", declared.removeprefix("./").lstrip("/") or ".")
    if path is None:
        raise UnsupportedResourceError(LocalizedText(texts.OUTSIDE))
    return path


def _status(resource: Object) -> DeployerStatus:
    status = mapping(resource, "status")
    conditions = {text(condition, "type"): text(condition, "status") for condition in _conditions(resource)}
    applied = _SHA.search(text(status, "lastAppliedRevision"))
    return DeployerStatus(
        DEPLOYER,
        sync=_READY.get(conditions.get("Ready", ""), ""),
        health="Healthy" if conditions.get("Healthy") == "True" else "",
        revision=applied[1] if applied else "",
        sync_mode=SyncMode.SUSPENDED if is_suspended(resource) else SyncMode.AUTOMATIC,
        failure=failure(resource),
    )


def _entry(value: object) -> Object:
    return value if isinstance(value, Mapping) else {}
