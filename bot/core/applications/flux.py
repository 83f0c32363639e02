"""Flux's `Kustomization` and `HelmRelease`, as their published schemas have them, read into what the bot can follow.

The reference of their fields is https://fluxcd.io/flux/components/: kustomize/kustomizations and helm/helmreleases.
What the bot would render otherwise than Flux does is refused with the reason, never left out.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import yaml

from bot.core.applications.deployer import flux_failure
from bot.core.applications.deployer_status import DeployerStatus, SyncMode
from bot.core.applications.discovery import (
    Destination,
    DiscoveredApplication,
    DiscoveryResult,
    ResourceRef,
    UnsupportedResource,
    UnsupportedResourceError,
    channel_of,
)
from bot.core.git.target_revision import TargetRevision
from bot.core.objects.manifest import ManifestError, read_documents
from bot.core.objects.resource import Object, items, mapping, set_keys, text
from bot.core.rendering.source import (
    HelmParameters,
    KustomizeParameters,
    Source,
    SourceType,
    normalize_path,
    resolve_path,
)
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedText

DEPLOYER: Final = "Flux"
KUSTOMIZATION: Final = ("kustomize.toolkit.fluxcd.io", "Kustomization")
HELM_RELEASE: Final = ("helm.toolkit.fluxcd.io", "HelmRelease")
GIT_REPOSITORY: Final = ("source.toolkit.fluxcd.io", "GitRepository")

_READY: Final = {"True": "Ready", "False": "NotReady"}
_SHA: Final = re.compile(r"sha\d+:([0-9a-f]{40,64})")
_CHANGES: Final = ("commonMetadata", "decryption", "kubeConfig")  # of a Kustomization, what the bot does not follow
_MOST_RELEASE: Final = 53  # characters; Flux shortens longer ones with a hash

Resources = Mapping[tuple[str, str], "list[Object]"]
# The data of a ConfigMap by namespace and name; None when there is none.
ConfigMapReader = Callable[[str, str], Mapping[str, str] | None]


def read_resources(resources: Resources, cluster: str, config_maps: ConfigMapReader) -> list[DiscoveryResult]:
    """Each Kustomization and HelmRelease found on a cluster: what there is to follow, or why it cannot be."""
    sources = {(text(mapping(each, "metadata"), "namespace"), text(mapping(each, "metadata"), "name")): each
               for each in resources[GIT_REPOSITORY]}  # fmt: skip
    found: list[DiscoveryResult] = []
    for kind, make in ((KUSTOMIZATION, _kustomization), (HELM_RELEASE, _release)):
        for resource in resources[kind]:
            metadata = mapping(resource, "metadata")
            name, namespace = text(metadata, "name"), text(metadata, "namespace")
            origin = ResourceRef(DEPLOYER, kind[1], cluster, namespace, name)
            view = _view(resource)
            try:
                source, git, target = make(resource, origin, sources, config_maps)
                found.append(
                    DiscoveredApplication(
                        origin=origin,
                        status=view,
                        url=text(mapping(git, "spec"), "url"),
                        revision=_revision(git),
                        source=source,
                        destination=Destination(target),
                        channel=channel_of(resource),
                    )
                )
            except UnsupportedResourceError as error:
                found.append(UnsupportedResource(origin, view, str(error)))
    return found


_Made = tuple[Source, Object, str]  # with its GitRepository, and the namespace it goes to
_Sources = Mapping[tuple[str, str], Object]


def _kustomization(resource: Object, origin: ResourceRef, sources: _Sources, config_maps: ConfigMapReader) -> _Made:
    spec = mapping(resource, "spec")
    if changes := [key for key in _CHANGES if mapping(spec, key)]:
        raise UnsupportedResourceError(LocalizedText(texts.FLUX_CHANGES, what=", ".join(changes)))
    git = _git(mapping(spec, "sourceRef"), origin, sources)
    target = text(spec, "targetNamespace")
    parameters = KustomizeParameters(
        name_prefix=text(spec, "namePrefix"),
        name_suffix=text(spec, "nameSuffix"),
        namespace=target,
        images=tuple(json.dumps(each) for each in items(spec, "images") if text(_entry(each), "name")),
        patches=tuple(json.dumps(each) for each in items(spec, "patches") if isinstance(each, Mapping)),
        components=tuple(each for each in items(spec, "components") if isinstance(each, str)),
        create_if_missing=True,
        substitutions=_substitutes(mapping(spec, "postBuild"), origin, config_maps),
    )
    return Source(_path(text(spec, "path")), kustomize=parameters), git, target or origin.namespace


def _substitutes(given: Object, origin: ResourceRef, config_maps: ConfigMapReader) -> tuple[tuple[str, str], ...]:
    """The variables of `postBuild`: those written there go over those from ConfigMaps."""
    variables: dict[str, str] = {}
    for each in items(given, "substituteFrom"):
        variables |= _data(_entry(each), origin, config_maps) or {}
    inline = {name: value if isinstance(value, str) else json.dumps(value) for name, value in
              mapping(given, "substitute").items()}  # fmt: skip
    return tuple(sorted((variables | inline).items()))


def _data(reference: Object, origin: ResourceRef, config_maps: ConfigMapReader) -> Mapping[str, str] | None:
    """What a ConfigMap that is referred to holds; None where it may be missing, and is. UnreadableError."""
    name = text(reference, "name")
    if text(reference, "kind") != "ConfigMap":
        raise UnsupportedResourceError(LocalizedText(texts.FROM_SECRET, name=name[:100]))
    found = config_maps(origin.namespace, name)
    if found is None and reference.get("optional") is not True:
        raise UnsupportedResourceError(LocalizedText(texts.NO_CONFIG_MAP, name=f"{origin.namespace}/{name}"[:150]))
    return found


def _release(resource: Object, origin: ResourceRef, sources: _Sources, config_maps: ConfigMapReader) -> _Made:
    spec = mapping(resource, "spec")
    if mapping(spec, "chartRef"):
        raise UnsupportedResourceError(
            LocalizedText(texts.CHART_REFERENCE, kind=text(mapping(spec, "chartRef"), "kind")[:50])
        )
    if changes := set_keys({key: spec.get(key) for key in ("postRenderers", "kubeConfig")}):
        raise UnsupportedResourceError(LocalizedText(texts.FLUX_CHANGES, what=", ".join(changes)))
    chart = mapping(spec, "chart", "spec")
    git = _git(mapping(chart, "sourceRef"), origin, sources)
    path, target = _path(text(chart, "chart")), text(spec, "targetNamespace")
    release = text(spec, "releaseName") or (f"{target}-{origin.name}" if target else origin.name)
    if len(release) > _MOST_RELEASE:
        raise UnsupportedResourceError(LocalizedText(texts.LONG_RELEASE, name=release[:100]))
    values = [_path(each) for each in items(chart, "valuesFiles") if isinstance(each, str)]
    # Flux puts these in the place of the chart's own values, and Helm puts them over those.
    if values and values[0] != (f"{path}/values.yaml".lstrip("/")):
        raise UnsupportedResourceError(LocalizedText(texts.VALUES_REPLACED))
    parameters = HelmParameters(
        release_name=release,
        namespace=target or origin.namespace,
        values_files=tuple(f"/{each}" for each in values),
        inline_values=_values(spec, origin, config_maps),
        include_crds=text(mapping(spec, "install"), "crds") != "Skip",
        ignore_missing_values_files=chart.get("ignoreMissingValuesFiles") is True,
    )
    return Source(path, SourceType.HELM, helm=parameters), git, target or origin.namespace


def _values(spec: Object, origin: ResourceRef, config_maps: ConfigMapReader) -> str:
    """Values in the resource over those from ConfigMaps, each over the ones before it."""
    merged: dict[str, Any] = {}
    for each in items(spec, "valuesFrom"):
        reference = _entry(each)
        if text(reference, "targetPath"):
            raise UnsupportedResourceError(LocalizedText(texts.TARGET_PATH))
        data = _data(reference, origin, config_maps)
        key, name = text(reference, "valuesKey") or "values.yaml", text(reference, "name")
        if data is not None and key not in data and reference.get("optional") is not True:
            raise UnsupportedResourceError(
                LocalizedText(texts.NO_CONFIG_MAP, name=f"{origin.namespace}/{name} ({key})"[:150])
            )
        merged = _over(merged, _parsed(name, (data or {}).get(key, "")))
    merged = _over(merged, mapping(spec, "values"))
    return json.dumps(merged) if merged else ""


def _parsed(name: str, values: str) -> Object:
    try:
        found = [value for _, value in read_documents(name, values.encode()) if isinstance(value, dict)]
    except (ManifestError, yaml.YAMLError) as error:
        raise UnsupportedResourceError(LocalizedText(texts.BAD_VALUES, name=name[:100])) from error
    return found[0] if found else {}


def _over(below: Object, above: Object) -> dict[str, Any]:
    """Two trees of values as Helm lays one over the other."""
    merged = dict(below)
    for key, value in above.items():
        held = merged.get(key)
        merged[key] = _over(held, value) if isinstance(held, Mapping) and isinstance(value, Mapping) else value
    return merged


def _git(reference: Object, origin: ResourceRef, sources: _Sources) -> Object:
    """The GitRepository that is referred to. UnreadableError."""
    kind, name = text(reference, "kind"), text(reference, "name")
    if kind != GIT_REPOSITORY[1]:
        raise UnsupportedResourceError(LocalizedText(texts.NOT_GIT, kind=kind[:50] or "?", name=name[:100]))
    namespace = text(reference, "namespace") or origin.namespace
    found = sources.get((namespace, name))
    if found is None:
        raise UnsupportedResourceError(LocalizedText(texts.NO_GIT_REPOSITORY, name=f"{namespace}/{name}"[:150]))
    spec = mapping(found, "spec")
    if changes := set_keys({key: spec.get(key) for key in ("ignore", "include")}):
        raise UnsupportedResourceError(LocalizedText(texts.SOURCE_CHANGES, name=name[:100], what=", ".join(changes)))
    return found


def _revision(git: Object) -> TargetRevision:
    """What a GitRepository follows: of several, as Flux chooses; master when it says nothing."""
    reference = mapping(git, "spec", "ref")
    if commit := text(reference, "commit"):
        return TargetRevision(commit)
    if name := text(reference, "name"):
        return TargetRevision(name)
    if versions := text(reference, "semver"):
        return TargetRevision(versions)
    if tag := text(reference, "tag"):
        return TargetRevision.tag(tag)
    return TargetRevision.branch(text(reference, "branch") or "master")


def _path(given: str) -> str:
    path = resolve_path("", given.removeprefix("./").lstrip("/") or ".")
    if path is None:
        raise UnsupportedResourceError(LocalizedText(texts.OUTSIDE))
    return normalize_path(path)


def _view(resource: Object) -> DeployerStatus:
    """What Flux says of it."""
    status = mapping(resource, "status")
    conditions = [each for each in items(status, "conditions") if isinstance(each, Mapping)]
    said = {text(each, "type"): text(each, "status") for each in conditions}
    applied = _SHA.search(text(status, "lastAppliedRevision"))
    return DeployerStatus(
        DEPLOYER,
        sync=_READY.get(said.get("Ready", ""), ""),
        health="Healthy" if said.get("Healthy") == "True" else "",
        revision=applied[1] if applied else "",
        sync_mode=SyncMode.SUSPENDED if mapping(resource, "spec").get("suspend") is True else None,
        failure=flux_failure(resource),
    )


def _entry(found: object) -> Object:
    return found if isinstance(found, Mapping) else {}
