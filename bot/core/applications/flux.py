"""Reads Flux's `Kustomization` and `HelmRelease` resources: the sources to watch, and the status that Flux reports.

Fields: https://fluxcd.io/flux/components/kustomize/kustomizations/ and
https://fluxcd.io/flux/components/helm/helmreleases/. A resource that the bot would render differently from Flux is
reported as unsupported, with the reason; no field is ignored silently: docs/conformance.md has a row for each.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from bot.core.applications.destination import Destination
from bot.core.applications.discovery import (
    MAX_NOTES,
    MAX_PATTERNS,
    DiscoveredApplication,
    DiscoveryResult,
    UnsupportedResource,
    UnsupportedResourceError,
    annotated_channel,
    within_limit,
)
from bot.core.applications.flux_artifact import EXTERNAL_ARTIFACT
from bot.core.applications.flux_chart import (
    GIT_REPOSITORY,
    HELM_REPOSITORY,
    ChartTemplate,
    FluxSources,
    Resources,
    artifact_chart,
    chart_template,
    repository_chart,
    was_upgraded,
)
from bot.core.applications.flux_status import DEPLOYER, prunes, read_status, ready_keys
from bot.core.applications.flux_values import (
    DataReader,
    ValuesBudget,
    ValuesCache,
    check_size,
    config_map_data,
    references_in,
    release_values,
    size_of_data,
)
from bot.core.applications.git_target import GitTarget
from bot.core.applications.resource_ref import ResourceRef
from bot.core.charts.reference import ChartRef
from bot.core.drift.ignore_rules import IgnoreRule, PointerError, parse_pointer
from bot.core.git.target_revision import TargetRevision
from bot.core.globs import GlobBudget, GlobError, regex_to_glob
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

KUSTOMIZATION: Final = ("kustomize.toolkit.fluxcd.io", "Kustomization")
HELM_RELEASE: Final = ("helm.toolkit.fluxcd.io", "HelmRelease")

_UNSUPPORTED_KUSTOMIZATION_FIELDS: Final = ("kubeConfig", "patchesStrategicMerge", "patchesJson6902")
_UNSUPPORTED_RELEASE_FIELDS: Final = ("kubeConfig",)
_POST_RENDERER_FIELDS: Final = frozenset({"images", "patches"})
_UNSUPPORTED_GIT_FIELDS: Final = ("include", "recurseSubmodules")
_SELECTOR_FIELDS: Final = ("group", "kind", "namespace", "name")
_MAX_RELEASE_NAME: Final = 53  # characters
_MAX_COMMON_METADATA: Final = 100  # labels, and as many annotations, which every object gets
_MAX_POST_RENDERERS: Final = 20  # each is a run of Kustomize
_HASH_LENGTH: Final = 12  # of a shortened release name


@dataclass(frozen=True, slots=True)
class _Declared:
    """A source in a GitRepository or, if `repository` is empty, in a fetched chart; and the target namespace."""

    source: Source
    namespace: str
    repository: Object = field(default_factory=dict)
    chart: ChartRef | None = None


def read_resources(resources: Resources, cluster: str, read_data: DataReader) -> list[DiscoveryResult]:
    """One result for each Kustomization and HelmRelease on `cluster`: an application, or why it is not supported."""
    sources = FluxSources(resources)
    results: dict[ResourceRef, DiscoveryResult] = {}
    budget = ValuesBudget()
    for kind, read in ((KUSTOMIZATION, _kustomization), (HELM_RELEASE, partial(_release, cache=ValuesCache()))):
        ready = ready_keys(resources[kind])
        for resource in resources[kind]:
            origin = ResourceRef.of(DEPLOYER, kind[1], cluster, resource)
            status = read_status(resource, ready)
            try:
                resolved, root = _resolve_artifact(resource, origin, sources)
                declared = read(resolved, origin, sources, read_data, budget.most(origin.namespace))
                source = replace(declared.source, path=normalize_path(f"{root}/{declared.source.path}"))
                ignore, notes = _ignore_rules(_ignore_entries(resource))
                channel, channel_notes = annotated_channel(resource)
                application = DiscoveredApplication(
                    origin=origin,
                    status=status,
                    url=text(mapping(declared.repository, "spec"), "url"),
                    revision=_revision(declared.repository),
                    chart=declared.chart,
                    source=source,
                    destination=Destination(declared.namespace),
                    ignore=ignore,
                    notes=(*channel_notes, *notes),
                    channel=channel,
                    prunes=prunes(resource),
                )
                results[origin] = application
                results.update((dropped.origin, dropped) for dropped in budget.keep(application))
            except UnsupportedResourceError as error:
                results[origin] = UnsupportedResource(origin, status, error.text)
    return list(results.values())


def _resolve_artifact(resource: Object, origin: ResourceRef, sources: FluxSources) -> tuple[Object, str]:
    """The resource with the GitRepository behind its ExternalArtifact, and the path of the artifact in it."""
    spec = mapping(resource, "spec")
    reference = mapping(spec, "sourceRef")
    if text(reference, "kind") != EXTERNAL_ARTIFACT:
        return resource, ""
    artifact = sources.artifact(reference, origin.namespace)
    return {**resource, "spec": {**spec, "sourceRef": artifact.source}}, artifact.path


def git_targets(kind: tuple[str, str], resource: Object, sources: FluxSources) -> Sequence[GitTarget]:
    """What a Kustomization or HelmRelease deploys to its own cluster from git: one path, or nothing."""
    origin = ResourceRef.of(DEPLOYER, kind[1], "", resource)
    spec = mapping(resource, "spec")
    namespace = text(spec, "targetNamespace")
    if mapping(spec, "kubeConfig"):
        return ()
    try:
        if kind == HELM_RELEASE:
            template = chart_template(resource, origin, sources)
            if template is None:
                return ()
            reference, source_namespace, path = template.source, template.namespace, text(template.spec, "chart")
            namespace = namespace or origin.namespace
        else:
            resolved, root = _resolve_artifact(resource, origin, sources)
            reference, source_namespace = mapping(resolved, "spec", "sourceRef"), origin.namespace
            path = f"{root}/{text(spec, 'path')}"
        if text(reference, "kind") != GIT_REPOSITORY[1]:
            return ()
        repository = sources.find(GIT_REPOSITORY, reference, source_namespace)
    except UnsupportedResourceError:
        return ()
    return [GitTarget.of(text(mapping(repository, "spec"), "url"), path, namespace)]


def _kustomization(
    resource: Object, origin: ResourceRef, sources: FluxSources, read_data: DataReader, most: int
) -> _Declared:
    spec = mapping(resource, "spec")
    if unsupported := set_keys({key: spec.get(key) for key in _UNSUPPORTED_KUSTOMIZATION_FIELDS}):
        raise UnsupportedResourceError(LocalizedText(texts.FLUX_CHANGES, what=", ".join(unsupported)))
    repository = _git_repository(mapping(spec, "sourceRef"), origin.namespace, sources)
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
        flux=_post_build(mapping(spec, "postBuild"), origin, read_data, most),
    )
    source = _source(_path(text(spec, "path")), spec, repository)
    return _Declared(replace(source, kustomize=parameters), namespace or origin.namespace, repository)


def _source(path: str, spec: Object, repository: Object) -> Source:
    labels, annotations = (
        tuple((name, value) for name, value in mapping(spec, "commonMetadata", field).items() if isinstance(value, str))
        for field in ("labels", "annotations")
    )
    if max(len(labels), len(annotations)) > _MAX_COMMON_METADATA:
        why = LocalizedText(texts.TOO_MANY_LABELS, most=str(_MAX_COMMON_METADATA))
        raise UnsupportedResourceError(why)
    ignore = text(mapping(repository, "spec"), "ignore") if repository else None
    return Source(path, labels=labels, annotations=annotations, ignore=ignore)


def _post_build(post_build: Object, origin: ResourceRef, read_data: DataReader, most: int) -> FluxBuild:
    """The variables of `postBuild`: later sources override earlier ones, and inline variables override all.

    Secrets aren't read, since their values would end up in messages, although they may override earlier variables.
    Raises UnsupportedResourceError, also if the ConfigMaps take more than `most` characters.
    """
    variables: dict[str, str] = {}
    has_unread_variables = False
    size = 0
    for reference in references_in(post_build, "substituteFrom"):
        if text(reference, "kind") == "Secret":
            variables.clear()
            has_unread_variables = True
        else:
            data = config_map_data(reference, origin, read_data) or {}
            size += size_of_data(data)
            check_size(size, most)
            variables |= data
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
    check_pattern = GlobBudget(MAX_PATTERNS).check
    for entry in entries:
        rule = _entry(entry)
        target = mapping(rule, "target")
        unsupported = [key for key in ("labelSelector", "annotationSelector", "version") if text(target, key)]
        globs = {key: regex_to_glob(text(target, key) or ".*") for key in _SELECTOR_FIELDS}
        pointers = tuple(path for path in items(rule, "paths") if isinstance(path, str))
        try:
            for pointer in pointers:
                parse_pointer(pointer)
            for glob in globs.values():
                check_pattern(glob or "")
        except (PointerError, GlobError) as error:
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
    kept, left_out = within_limit(rules, lambda rule: len(rule.json_pointers))
    return tuple(kept), (*left_out, *notes)[:MAX_NOTES]


def _release(
    resource: Object, origin: ResourceRef, sources: FluxSources, read_data: DataReader, most: int, *, cache: ValuesCache
) -> _Declared:
    spec = mapping(resource, "spec")
    if unsupported := set_keys({key: spec.get(key) for key in _UNSUPPORTED_RELEASE_FIELDS}):
        raise UnsupportedResourceError(LocalizedText(texts.FLUX_CHANGES, what=", ".join(unsupported)))
    if mapping(spec, "upgrade").get("preserveValues") is True:
        raise UnsupportedResourceError(LocalizedText(texts.FLUX_CHANGES, what="upgrade.preserveValues"))
    template = chart_template(resource, origin, sources)
    repository: Object = {}
    chart: ChartRef | None = None
    if template is None:
        chart = artifact_chart(mapping(spec, "chartRef"), origin, resource, sources)
    elif text(template.source, "kind") == HELM_REPOSITORY[1]:
        chart = repository_chart(template, resource, sources)
    else:
        repository = _git_repository(template.source, template.namespace, sources)
    path = chart.name if chart else _path(text(template.spec if template else {}, "chart"))
    namespace = text(spec, "targetNamespace")
    release_name = text(spec, "releaseName") or (f"{namespace}-{origin.name}" if namespace else origin.name)
    values_files = _values_files(template, path if chart else "")
    values = release_values(spec, origin, read_data, cache, most)
    parameters = HelmParameters(
        release_name=_shorten(release_name),
        namespace=namespace or origin.namespace,
        values_files=tuple(f"/{file}" for file in values_files),
        replaces_values=bool(values_files),
        inline_values=values.values,
        masked_values=values.masked,
        secret_keys=values.secret_keys,
        is_upgrade=was_upgraded(resource),
        include_crds=_includes_crds(resource),
        ignore_missing_values_files=template is not None and template.spec.get("ignoreMissingValuesFiles") is True,
        post_renderers=_post_renderers(spec),
    )
    source = replace(_source(path, spec, repository), type=SourceType.HELM, helm=parameters)
    return _Declared(source, namespace or origin.namespace, repository, chart)


def _values_files(template: ChartTemplate | None, root: str) -> list[str]:
    """The files that replace the chart's own values.yaml, by their paths in the repository, or in the chart."""
    files = items(template.spec, "valuesFiles") if template else []
    return [_path(f"{root}/{file}" if root else file) for file in files if isinstance(file, str)]


def _includes_crds(release: Object) -> bool:
    """Whether the cluster should have the CRDs of this chart: by default, Flux never updates them."""
    install, upgrade = mapping(release, "spec", "install"), mapping(release, "spec", "upgrade")
    if was_upgraded(release):
        return text(upgrade, "crds") == "CreateReplace"
    return text(install, "crds") != "Skip" and install.get("skipCRDs") is not True


def _post_renderers(spec: Object) -> tuple[str, ...]:
    """The kustomizations that Flux applies to what Helm renders, as JSON. Raises UnsupportedResourceError."""
    renderers = [mapping(_entry(renderer), "kustomize") for renderer in items(spec, "postRenderers")]
    if len(renderers) > _MAX_POST_RENDERERS:
        why = LocalizedText(texts.TOO_MANY_POST_RENDERERS, most=str(_MAX_POST_RENDERERS))
        raise UnsupportedResourceError(why)
    for renderer in renderers:
        if unsupported := set_keys(renderer, _POST_RENDERER_FIELDS):
            raise UnsupportedResourceError(LocalizedText(texts.FLUX_CHANGES, what=", ".join(unsupported)))
    return tuple(json.dumps(dict(renderer)) for renderer in renderers if renderer)


def _shorten(release_name: str) -> str:
    """The release name that Flux uses; if it is too long for Helm, its start and a hash."""
    if len(release_name) <= _MAX_RELEASE_NAME:
        return release_name
    digest = hashlib.sha256(release_name.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{release_name[: _MAX_RELEASE_NAME - _HASH_LENGTH - 1]}-{digest}"


def _git_repository(reference: Object, namespace: str, sources: FluxSources) -> Object:
    """The GitRepository that a `sourceRef` in a namespace refers to. Raises UnsupportedResourceError."""
    kind, name = text(reference, "kind"), text(reference, "name")
    if kind != GIT_REPOSITORY[1]:
        raise UnsupportedResourceError(LocalizedText(texts.NOT_GIT, kind=kind[:50] or "?", name=name[:100]))
    repository = sources.find(GIT_REPOSITORY, reference, namespace)
    if unsupported := set_keys({key: mapping(repository, "spec").get(key) for key in _UNSUPPORTED_GIT_FIELDS}):
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


def _entry(value: object) -> Object:
    return value if isinstance(value, Mapping) else {}
