"""The kinds that an API server serves, from aggregated discovery or, on older servers, group by group."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.adapters.kubernetes import bounds
from bot.adapters.kubernetes.api import KubernetesApi
from bot.http_client import deadline
from bot.i18n.catalogue import cluster as texts
from bot.i18n.language import LocalizedText, Phrase, Text
from bot.ports.cluster import ClusterError, Discovery, Kind

# https://kubernetes.io/docs/reference/using-api/api-concepts/#aggregated-discovery
_ACCEPT = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
_NAME: Final = re.compile(r"[A-Za-z0-9-]+")
_MALFORMED: Final = (AttributeError, KeyError, TypeError)  # what reading unexpected JSON raises


def discover(api: KubernetesApi, cluster: str) -> Discovery:
    """Every kind that can be listed. Raises ClusterError if the API server does not answer at all."""
    kinds: dict[tuple[str, str], Kind] = {}
    broken: dict[str, Text] = {}
    with deadline(bounds.LIST_SECONDS):
        for path in ("/api", "/apis"):
            answer = api.get_json(path, LocalizedText(texts.READ_KINDS), accept=_ACCEPT)
            try:
                if answer.get("kind") == "APIGroupDiscoveryList":
                    served = _aggregated(answer, cluster, broken)
                else:
                    served = _group_by_group(api, cluster, path, answer, broken)
                kinds.update({(kind.api_version, kind.kind): kind for kind in served})
            except _MALFORMED as error:
                text = LocalizedText(texts.NOT_THE_API, cluster=cluster, path=path, host=api.server)
                raise ClusterError(text) from error
    return Discovery(kinds, broken)


def _aggregated(answer: Mapping[str, Any], cluster: str, broken: dict[str, Text]) -> Iterator[Kind]:
    for item in answer["items"]:
        group = item["metadata"].get("name", "")
        for entry in item["versions"]:
            version = entry["version"]
            api_version = f"{group}/{version}" if group else version
            if entry.get("freshness") == "Stale":
                broken[api_version] = _down(texts.SERVICE_DOWN, cluster, group, version)
                continue
            try:
                yield from [
                    _kind(group, version, resource["responseKind"]["kind"], resource["resource"], resource["scope"])
                    for resource in entry.get("resources", ())
                    if "list" in resource["verbs"]
                ]
            except _MALFORMED:  # an aggregated API describes itself, so an error affects only its group
                broken[api_version] = _down(texts.MALFORMED, cluster, group, version)


def _kind(group: str, version: str, kind: str, plural: str, scope: str | bool) -> Kind:
    """Raises TypeError for an invalid name, since names become parts of URLs."""
    if not (_NAME.fullmatch(kind) and _NAME.fullmatch(plural)):
        raise TypeError
    return Kind(group, version, kind, plural, namespaced=scope in ("Namespaced", True))


def _down(phrase: Phrase, cluster: str, group: str, version: str) -> Text:
    api_version = f"{group}/{version}" if group else version
    return LocalizedText(phrase, cluster=cluster, version=api_version, service=f"{version}.{group}")


def _group_by_group(
    api: KubernetesApi, cluster: str, path: str, answer: Mapping[str, Any], broken: dict[str, Text]
) -> Iterator[Kind]:
    """Older discovery: a list of versions, then one request for each."""
    if path == "/api":
        versions = [("", version) for version in answer["versions"]]
    else:
        versions = [(group["name"], entry["version"]) for group in answer["groups"] for entry in group["versions"]]
    for group, version in versions:
        api_version = f"{group}/{version}" if group else version
        try:
            action = LocalizedText(texts.READ_KINDS_OF, version=api_version)
            resources = api.get_json(f"{path}/{api_version}", action)["resources"] or ()
            yield from [
                _kind(group, version, resource["kind"], resource["name"], resource["namespaced"])
                for resource in resources
                if "/" not in resource["name"] and "list" in resource["verbs"]
            ]
        except ClusterError as error:
            broken[api_version] = error.text
        except _MALFORMED:
            broken[api_version] = _down(texts.MALFORMED, cluster, group, version)
