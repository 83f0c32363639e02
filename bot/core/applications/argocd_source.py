"""Reads one source of Argo CD's `Application`: how Argo CD renders it.

The rules are those of Argo CD 3.5. https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeGuard

from bot.core.applications.discovery import MAX_PATTERNS, UnsupportedResourceError
from bot.core.charts.index import is_exact, resolve_version
from bot.core.charts.reference import OCI, ChartRef
from bot.core.git.git_url import normalize
from bot.core.git.target_revision import HEAD, TargetRevision
from bot.core.globs import GlobBudget, GlobError
from bot.core.objects.resource import Object, items, mapping, set_keys, text
from bot.core.rendering.budget import Budget, BudgetExceededError
from bot.core.rendering.limits import MAX_EXPANDED
from bot.core.rendering.source import (
    DirectoryParameters,
    HelmParameters,
    KustomizeParameters,
    Source,
    SourceType,
    is_glob,
    normalize_path,
    resolve_path,
)
from bot.core.sanitize import redact_url
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedText

_HELM_FIELDS: Final = frozenset(
    {
        *("releaseName", "namespace", "valueFiles", "values", "valuesObject", "parameters", "skipCrds"),
        *("apiVersions", "kubeVersion", "ignoreMissingValueFiles", "fileParameters"),
    }
)
_HELM_FIELDS_WITHOUT_EFFECT: Final = frozenset({"passCredentials", "version", "skipTests", "skipSchemaValidation"})
_KUSTOMIZE_FIELDS: Final = frozenset(
    {
        *("namePrefix", "nameSuffix", "namespace", "images", "replicas", "patches", "components"),
        *("ignoreMissingComponents", "commonLabels", "commonAnnotations", "forceCommonLabels"),
        *("forceCommonAnnotations", "commonAnnotationsEnvsubst", "labelWithoutSelector", "labelIncludeTemplates"),
        *("kubeVersion", "apiVersions"),
    }
)
_KUSTOMIZE_FIELDS_WITHOUT_EFFECT: Final = frozenset({"version"})
# Go's os.Expand: `$name`, `${name}` (here at most 256 characters), and `$` with a special character.
_VARIABLE: Final = re.compile(r"\$(?:\{([^}]{0,256})\}|([A-Za-z_]\w*|[0-9*#$@!?-])|\{)", re.ASCII)
_MAX_DIGITS: Final = 10  # of a number of replicas
_OCI_DIGEST: Final = re.compile(r"sha256:([0-9a-f]{64})")
_REVISION_VARIABLE: Final = "ARGOCD_APP_REVISION"  # it and its short forms differ with every commit


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What a source depends on besides its own fields: the Application's name and namespace, and all of its sources.

    `references` is the JSON of `references_json`. `environment` has the values of the variables that Argo CD
    substitutes.
    """

    name: str
    namespace: str
    sources: Sequence[Object]
    references: str
    environment: Mapping[str, str] = field(default_factory=dict)
    budget: Budget = field(default_factory=lambda: Budget(MAX_EXPANDED))
    patterns: GlobBudget = field(default_factory=lambda: GlobBudget(MAX_PATTERNS))

    def referenced(self, entry: object) -> Object | None:
        """The source that a values file `$ref/path` refers to; None if there is none."""
        ref = entry[1:].partition("/")[0] if isinstance(entry, str) and entry.startswith("$") else ""
        return next((source for source in self.sources if ref and text(source, "ref") == ref), None)

    def expand(self, value: str) -> str:
        """The value with its variables, as in Argo CD: an unknown one is empty. Raises UnsupportedResourceError."""

        def expand(match: re.Match[str]) -> str:
            name = match[1] or match[2] or ""
            if name.startswith(_REVISION_VARIABLE):
                raise UnsupportedResourceError(LocalizedText(texts.BUILD_VARIABLES, name=name[:60]))
            expanded = "$" if name == "$" else self.environment.get(name, "")
            self.budget.take(len(expanded))
            return expanded

        try:
            return _VARIABLE.sub(expand, value)
        except BudgetExceededError:
            raise UnsupportedResourceError(LocalizedText(texts.LONG_VARIABLES)) from None


def references_json(sources: Iterable[Object]) -> str:
    """The sources that values files can refer to, with the fields that `read_source` needs of them."""
    fields = ("ref", "repoURL", "targetRevision")
    return json.dumps([{key: text(source, key) for key in fields} for source in sources if text(source, "ref")])


def read_chart(source: Object, deployed: str) -> ChartRef | None:
    """The chart of a source, of a range the `deployed` version; None if it is in git. Raises UnsupportedResourceError.

    A URL without a scheme is a registry's: https://argo-cd.readthedocs.io/en/stable/user-guide/helm/
    """
    url, name, version = (text(source, key) for key in ("repoURL", "chart", "targetRevision"))
    if not name and not url.startswith(f"{OCI}://"):
        return None
    digest = _OCI_DIGEST.fullmatch(version)
    version = "" if version in ("*", HEAD) or digest else version
    if not is_exact(version) and deployed:
        version = resolve_version([deployed], version) or version
    url = url if "://" in url else f"{OCI}://{url}"
    chart = ChartRef.parse(url, name, version, digest=digest[1] if digest else "")
    if chart is None:
        raise UnsupportedResourceError(LocalizedText(texts.NOT_FETCHABLE, url=redact_url(url)))
    return chart


def read_chart_source(source: Object, context: SourceContext, chart: ChartRef) -> tuple[Source, Object | None]:
    """The source to render for a chart, and the source in git that its values files come from, if there is one.

    With values files in git, the source to render is that of the first file. Raises UnsupportedResourceError.
    """
    helm = mapping(source, "helm")
    entries = [*items(helm, "valueFiles"), *(parameter.get("path") for parameter in _mappings(helm, "fileParameters"))]
    referenced = [origin for entry in entries if (origin := context.referenced(entry))]
    first = referenced[0] if referenced else None
    # Paths below a ref are read as if the chart were in the same repository.
    place = {"repoURL": first.get("repoURL"), "targetRevision": first.get("targetRevision")} if first else {}
    rendered = read_source({**source, "path": chart.name, **place}, context)
    rendered = replace(rendered, type=SourceType.HELM, argocd="", argocd_references="")
    if first is None:
        return rendered, None
    paths = (file.lstrip("/") for file in rendered.helm.values_files if file.startswith("/"))
    path = next((path for path in paths if not is_glob(path)), "")
    return replace(rendered, path=normalize_path(path), chart=chart.ref.key), first


def read_source(source: Object, context: SourceContext) -> Source:
    """The source to render. Raises UnsupportedResourceError."""
    path = resolve_path("", text(source, "path").removeprefix("./") or ".")
    if path is None:
        raise UnsupportedResourceError(LocalizedText(texts.OUTSIDE))
    if isinstance(source.get("plugin"), Mapping):
        raise UnsupportedResourceError(LocalizedText(texts.PLUGIN))
    helm, kustomize, directory = (mapping(source, key) for key in ("helm", "kustomize", "directory"))
    include, exclude = text(directory, "include"), text(directory, "exclude")
    try:
        context.patterns.check(include)
        context.patterns.check(exclude)
    except GlobError as error:
        raise UnsupportedResourceError(LocalizedText(texts.DIRECTORY, why=error.text)) from error
    # As in Argo CD, options that are all empty leave the type to the files.
    types = {SourceType.HELM: helm, SourceType.KUSTOMIZE: kustomize, SourceType.PLAIN: directory}
    return Source(
        path,
        next((type_ for type_, options in types.items() if set_keys(options)), None),
        helm=_with_kustomize_versions(_helm(helm, source, context), kustomize),
        directory=DirectoryParameters(
            recurse=directory.get("recurse") is True,
            include=include,
            exclude=exclude,
            hidden=True,
            skip_other_yaml=True,
        ),
        kustomize=_kustomize(kustomize, context),
        argocd=json.dumps(
            {
                "source": source,
                "name": context.name,
                "namespace": context.namespace,
                "environment": context.environment,
            },
            default=str,
        ),
        argocd_references=context.references,
    )


def override_source(source: Source, patches: Sequence[tuple[str, Object]]) -> Source:
    """The source with the override files in its path applied, in order.

    Raises UnsupportedResourceError. https://argo-cd.readthedocs.io/en/stable/user-guide/parameters/
    """
    declared = json.loads(source.argocd)
    original = declared.pop("source")
    merged = original
    for _, patch in patches:
        merged = _merge_patch(merged, patch)
    kept = {key: original.get(key) for key in ("repoURL", "path", "chart", "targetRevision")}
    references = source.argocd_references
    context = SourceContext(sources=json.loads(references), references=references, **declared)
    overridden = read_source({**merged, **kept}, context)
    return replace(overridden, argocd=source.argocd, capabilities=source.capabilities)


def override_files(source: Source) -> tuple[str, ...]:
    """The names of the files in a source's path that override its parameters, in the order they apply."""
    if not source.argocd:
        return ()
    name = json.loads(source.argocd)["environment"]["ARGOCD_APP_NAME"]
    return ".argocd-source.yaml", f".argocd-source-{name}.yaml"


def _merge_patch(target: object, patch: object) -> Any:
    """Apply a JSON merge patch (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge_patch(merged.get(key), value)
    return merged


def _is_count(value: Any) -> TypeGuard[int | str]:
    """Whether a value is a number of replicas, as a number or as text."""
    if isinstance(value, str):
        return value.isdecimal() and len(value) <= _MAX_DIGITS
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**_MAX_DIGITS


def _kustomize(options: Object, context: SourceContext) -> KustomizeParameters:
    """What Argo CD sets with `kustomize edit` before it builds. Raises UnsupportedResourceError."""
    unsupported = [key for key in set_keys(options, _KUSTOMIZE_FIELDS_WITHOUT_EFFECT) if key not in _KUSTOMIZE_FIELDS]
    if unsupported:
        raise UnsupportedResourceError(LocalizedText(texts.KUSTOMIZE, what=", ".join(unsupported)))
    replicas = [
        (text(entry, "name"), entry.get("count")) for entry in items(options, "replicas") if isinstance(entry, Mapping)
    ]
    counts = [(name, int(count)) for name, count in replicas if _is_count(count)]
    if len(counts) != len(replicas):
        raise UnsupportedResourceError(LocalizedText(texts.KUSTOMIZE, what="replicas"))
    images = [context.expand(image) for image in items(options, "images") if isinstance(image, str)]
    expands_annotations = options.get("commonAnnotationsEnvsubst") is True
    return KustomizeParameters(
        name_prefix=text(options, "namePrefix"),
        name_suffix=text(options, "nameSuffix"),
        namespace=text(options, "namespace"),
        images=tuple(json.dumps(_image(image)) for image in images),
        replicas=tuple(counts),
        patches=tuple(json.dumps(patch) for patch in items(options, "patches") if isinstance(patch, Mapping)),
        components=tuple(path for path in items(options, "components") if isinstance(path, str)),
        ignore_missing_components=options.get("ignoreMissingComponents") is True,
        common_labels=tuple((name, context.expand(value)) for name, value in _strings(options, "commonLabels")),
        common_annotations=tuple(
            (name, context.expand(value) if expands_annotations else value)
            for name, value in _strings(options, "commonAnnotations")
        ),
        force_labels=options.get("forceCommonLabels") is True,
        force_annotations=options.get("forceCommonAnnotations") is True,
        label_without_selector=options.get("labelWithoutSelector") is True,
        label_include_templates=options.get("labelIncludeTemplates") is True,
    )


def _strings(options: Object, field: str) -> list[tuple[str, str]]:
    return [(name, value) for name, value in mapping(options, field).items() if isinstance(value, str)]


def _image(override: str) -> dict[str, str]:
    """An entry of a kustomization's `images`, from `[name=]new[:tag][@digest]` as in `kustomize edit set image`."""
    name, equals, new = override.partition("=")
    new = new if equals else name
    reference, _, digest = new.partition("@")
    colon = reference.rfind(":")
    image, tag = (reference[:colon], reference[colon + 1 :]) if colon > reference.rfind("/") else (reference, "")
    entry = {"name": name if equals else image, "newName": image if equals else "", "newTag": tag, "digest": digest}
    return {key: value for key, value in entry.items() if value}


def _helm(options: Object, source: Object, context: SourceContext) -> HelmParameters:
    if unsupported := [key for key in set_keys(options, _HELM_FIELDS_WITHOUT_EFFECT) if key not in _HELM_FIELDS]:
        raise UnsupportedResourceError(LocalizedText(texts.HELM, what=", ".join(unsupported)))
    parameters = _mappings(options, "parameters")
    values_files = [_values_file(path, source, context) for path in items(options, "valueFiles")]
    return HelmParameters(
        release_name=text(options, "releaseName") or context.name,
        namespace=text(options, "namespace") or context.namespace,
        values_files=tuple(values_files),
        inline_values=_inline_values(options),
        set=_parameters(parameters, context, force_string=False),
        set_string=_parameters(parameters, context, force_string=True),
        set_file=tuple(
            (text(parameter, "name"), _values_file(text(parameter, "path"), source, context))
            for parameter in _mappings(options, "fileParameters")
        ),
        api_versions=_api_versions(options),
        kube_version=text(options, "kubeVersion"),
        include_crds=options.get("skipCrds") is not True,
        ignore_missing_values_files=options.get("ignoreMissingValueFiles") is True,
    )


def _with_kustomize_versions(helm: HelmParameters, options: Object) -> HelmParameters:
    """Add the versions for charts in a kustomization; those in `helm` take precedence (GetKubeVersionOrDefault)."""
    kube_version = helm.kube_version or text(options, "kubeVersion")
    return replace(helm, kube_version=kube_version, api_versions=helm.api_versions or _api_versions(options))


def _api_versions(options: Object) -> tuple[str, ...]:
    return tuple(version for version in items(options, "apiVersions") if isinstance(version, str))


def _mappings(options: Object, field: str) -> list[Object]:
    return [entry for entry in items(options, field) if isinstance(entry, Mapping)]


def _parameters(
    parameters: Sequence[Object], context: SourceContext, *, force_string: bool
) -> tuple[tuple[str, str], ...]:
    return tuple(
        (text(parameter, "name"), context.expand(text(parameter, "value")))
        for parameter in parameters
        if (parameter.get("forceString") is True) is force_string
    )


def _inline_values(options: Object) -> str:
    """The values in the resource itself. As in Argo CD, `valuesObject` takes precedence over `values`."""
    values = options.get("valuesObject")
    return json.dumps(values) if isinstance(values, Mapping) and values else text(options, "values")


def _values_file(entry: object, source: Object, context: SourceContext) -> str:
    """An entry of `valueFiles` as in HelmParameters; `$ref/path` is from the root of the source with that ref.

    Raises UnsupportedResourceError unless that source has the same repository and revision.
    """
    path = entry if isinstance(entry, str) else ""
    if "://" in path:
        raise UnsupportedResourceError(LocalizedText(texts.VALUES_FETCHED))
    ref, _, rest = path[1:].partition("/")
    referenced = context.referenced(entry)
    if not path.startswith("$") or (referenced is None and _VARIABLE.match(path)):
        return context.expand(path)
    if referenced is None:
        raise UnsupportedResourceError(LocalizedText(texts.NO_REF, ref=f"${ref[:60]}"))
    same_repository = normalize(text(referenced, "repoURL")) == normalize(text(source, "repoURL"))
    if not same_repository or read_revision(referenced) != read_revision(source):
        raise UnsupportedResourceError(LocalizedText(texts.VALUES_ELSEWHERE, ref=f"${ref[:60]}"))
    return f"/{context.expand(rest)}"


def read_revision(source: Object) -> TargetRevision:
    """The revision that a source tracks."""
    return TargetRevision(text(source, "targetRevision") or HEAD)
