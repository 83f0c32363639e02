"""Which kinds an API server serves, by aggregated discovery or, on older servers, group by group."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.adapters.kubernetes.api import KubernetesApi
from bot.i18n.catalogue import cluster as texts
from bot.i18n.language import LocalizedText, Text
from bot.ports.cluster import ClusterError, Discovery, Kind

# https://kubernetes.io/docs/reference/using-api/api-concepts/#aggregated-discovery
_ACCEPT = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


def discover(api: KubernetesApi, cluster: str) -> Discovery:
    """Every kind that can be listed. ClusterError when the API server does not answer at all."""
    kinds: dict[tuple[str, str], Kind] = {}
    broken: dict[str, Text] = {}
    for path in ("/api", "/apis"):
        answer = api.get_json(path, LocalizedText(texts.READ_KINDS), accept=_ACCEPT)
        try:
            if answer.get("kind") == "APIGroupDiscoveryList":
                served = _aggregated(answer, cluster, broken)
            else:
                served = _group_by_group(api, path, answer, broken)
            kinds.update({(kind.api_version, kind.kind): kind for kind in served})
        except (AttributeError, KeyError, TypeError) as error:
            raise ClusterError(LocalizedText(texts.NOT_THE_API, cluster=cluster, path=path, host=api.server)) from error
    return Discovery(kinds, broken)


def _aggregated(answer: Mapping[str, Any], cluster: str, broken: dict[str, Text]) -> Iterator[Kind]:
    for item in answer["items"]:
        group = item["metadata"].get("name", "")
        for entry in item["versions"]:
            version = entry["version"]
            if entry.get("freshness") == "Stale":
                broken[f"{group}/{version}"] = LocalizedText(
                    texts.SERVICE_DOWN,
                    cluster=cluster,
                    version=f"{group}/{version}",
                    service=f"{version}.{group}",
                )
                continue
            for resource in entry.get("resources", ()):
                if "list" in resource["verbs"]:
                    kind, namespaced = resource["responseKind"]["kind"], resource["scope"] == "Namespaced"
                    yield Kind(group, version, kind, resource["resource"], namespaced)


def _group_by_group(
    api: KubernetesApi, path: str, answer: Mapping[str, Any], broken: dict[str, Text]
) -> Iterator[Kind]:
    """The older form: a list of versions, then one request for each."""
    if path == "/api":
        versions = [("", version) for version in answer["versions"]]
    else:
        versions = [(group["name"], entry["version"]) for group in answer["groups"] for entry in group["versions"]]
    for group, version in versions:
        api_version = f"{group}/{version}" if group else version
        try:
            action = LocalizedText(texts.READ_KINDS_OF, version=api_version)
            resources = api.get_json(f"{path}/{api_version}", action)["resources"]
        except ClusterError as error:
            broken[api_version] = error.text
            continue
        for resource in resources or ():
            if "/" not in resource["name"] and "list" in resource["verbs"]:
                yield Kind(group, version, resource["kind"], resource["name"], resource["namespaced"])
