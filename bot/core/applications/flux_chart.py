"""Where the chart of a HelmRelease comes from, and its version.

The rules are those of helm-controller 1.6 and source-controller 1.9.
https://fluxcd.io/flux/components/helm/helmreleases/#chart-template
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.applications.discovery import UnsupportedResourceError
from bot.core.applications.flux_artifact import ARTIFACT_GENERATOR, GitArtifact, GitArtifacts
from bot.core.applications.flux_status import resource_key
from bot.core.applications.resource_ref import ResourceRef
from bot.core.charts.index import is_exact, resolve_version
from bot.core.charts.reference import OCI, ChartRef
from bot.core.objects.resource import Object, items, mapping, text
from bot.core.sanitize import redact_url
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedText

_SOURCES: Final = "source.toolkit.fluxcd.io"
GIT_REPOSITORY: Final = (_SOURCES, "GitRepository")
HELM_REPOSITORY: Final = (_SOURCES, "HelmRepository")
HELM_CHART: Final = (_SOURCES, "HelmChart")
OCI_REPOSITORY: Final = (_SOURCES, "OCIRepository")

# A cluster's resources by (group, kind).
Resources = Mapping[tuple[str, str], "list[Object]"]

_REVISION: Final = re.compile(r"(?:([^@]*)@)?sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class ChartTemplate:
    """The `chart.spec` of a HelmRelease, or the `spec` of the HelmChart that it refers to, with its namespace."""

    spec: Object
    namespace: str

    @property
    def source(self) -> Object:
        """The reference to the chart's source."""
        return mapping(self.spec, "sourceRef")


class FluxSources:
    """The resources of a cluster that Kustomizations and HelmReleases refer to, by kind, namespace, and name."""

    def __init__(self, resources: Resources) -> None:
        self._by_kind = {
            kind: {resource_key(resource): resource for resource in reversed(resources.get(kind, []))}
            for kind in (GIT_REPOSITORY, HELM_REPOSITORY, HELM_CHART, OCI_REPOSITORY)
        }
        self._artifacts = GitArtifacts(resources.get(ARTIFACT_GENERATOR, []))

    def find(self, kind: tuple[str, str], reference: Object, namespace: str) -> Object:
        """The resource that a reference in a namespace points to. Raises UnsupportedResourceError."""
        name, namespace = text(reference, "name"), text(reference, "namespace") or namespace
        resource = self._by_kind[kind].get((namespace, name))
        if resource is None:
            why = LocalizedText(texts.NO_SUCH_SOURCE, kind=kind[1], name=f"{namespace}/{name}"[:150])
            raise UnsupportedResourceError(why)
        return resource

    def artifact(self, reference: Object, namespace: str) -> GitArtifact:
        """The content of the ExternalArtifact that a reference in a namespace points to.

        Raises UnsupportedResourceError unless it is one directory in git.
        """
        return self._artifacts.find(text(reference, "name"), text(reference, "namespace") or namespace)


def chart_template(release: Object, origin: ResourceRef, sources: FluxSources) -> ChartTemplate | None:
    """The chart template of a release; None if its chart is an OCIRepository. Raises UnsupportedResourceError."""
    spec = mapping(release, "spec")
    reference = mapping(spec, "chartRef")
    if not reference:
        return ChartTemplate(mapping(spec, "chart", "spec"), origin.namespace)
    kind = text(reference, "kind")
    if kind == OCI_REPOSITORY[1]:
        return None
    if kind != HELM_CHART[1]:
        raise UnsupportedResourceError(LocalizedText(texts.CHART_REFERENCE, kind=kind[:50]))
    chart = sources.find(HELM_CHART, reference, origin.namespace)
    return ChartTemplate(mapping(chart, "spec"), text(mapping(chart, "metadata"), "namespace"))


def repository_chart(template: ChartTemplate, release: Object, sources: FluxSources) -> ChartRef:
    """The chart in a HelmRepository; for a version range, the deployed version. Raises UnsupportedResourceError."""
    spec = mapping(sources.find(HELM_REPOSITORY, template.source, template.namespace), "spec")
    url, name, version = text(spec, "url"), text(template.spec, "chart"), text(template.spec, "version")
    version = "" if version == "*" else version
    if not is_exact(version):
        deployed = _deployed(release)
        if text(deployed, "chartName") == name.rpartition("/")[2]:
            version = resolve_version([text(deployed, "chartVersion")], version) or version
    if text(spec, "type") == OCI and "://" not in url:
        url = f"{OCI}://{url}"
    chart = ChartRef.parse(url, name, version, plain_http=spec.get("insecure") is True)
    return _fetchable(chart, url)


def artifact_chart(reference: Object, origin: ResourceRef, release: Object, sources: FluxSources) -> ChartRef:
    """The chart in an OCIRepository, pinned to the manifest that Flux has fetched. Raises UnsupportedResourceError."""
    repository = sources.find(OCI_REPOSITORY, reference, origin.namespace)
    spec = mapping(repository, "spec")
    ref = mapping(spec, "ref")
    wanted = text(ref, "semver") or text(ref, "tag")
    fetched = _REVISION.fullmatch(text(mapping(repository, "status", "artifact"), "revision"))
    deployed = _REVISION.fullmatch(text(_deployed(release), "ociDigest"))
    tag = (fetched[1] or "") if fetched else ""
    is_current = tag == (text(ref, "tag") or "latest")
    if text(ref, "semver"):
        is_current = resolve_version([tag.replace("_", "+")], wanted) is not None
    if text(ref, "semverFilter") and not is_current:
        raise UnsupportedResourceError(LocalizedText(texts.FLUX_CHANGES, what="ref.semverFilter"))
    digest, pinned = "", _REVISION.fullmatch(text(ref, "digest"))
    if pinned:
        digest, wanted = pinned[2], text(ref, "tag")
    elif fetched and is_current:
        # If Flux can't upgrade a release, the deployed version stays, whatever the tag points to now.
        digest = deployed[2] if deployed and not is_exact(wanted) else fetched[2]
        wanted = tag.replace("_", "+")
    url = text(spec, "url")
    is_plain = spec.get("insecure") is True
    return _fetchable(ChartRef.parse(url, "", wanted, digest=digest, plain_http=is_plain, is_artifact=True), url)


def was_upgraded(release: Object) -> bool:
    """Whether Flux has upgraded the release since it installed it."""
    version = _deployed(release).get("version")
    return isinstance(version, int) and version > 1


def _deployed(release: Object) -> Object:
    """The latest successful release in the history."""
    history: Sequence[object] = items(mapping(release, "status"), "history")
    snapshots = [snapshot for snapshot in history if isinstance(snapshot, Mapping)]
    return next((snapshot for snapshot in snapshots if text(snapshot, "status") == "deployed"), {})


def _fetchable(chart: ChartRef | None, url: str) -> ChartRef:
    if chart is None:
        raise UnsupportedResourceError(LocalizedText(texts.NOT_FETCHABLE, url=redact_url(url)))
    return chart
