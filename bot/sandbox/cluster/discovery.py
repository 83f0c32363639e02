"""The responses of `/api` and `/apis`, in the legacy and the aggregated form."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from bot.sandbox.cluster.kinds import VERBS, Kind

Document = dict[str, Any]

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
ASKS_AGGREGATED = "v=v2;as=APIGroupDiscoveryList"
VERSION = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.2",
    "gitCommit": "",
    "gitTreeState": "",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "gc",
    "platform": "linux/amd64",
}


def groups_of(kinds: Iterable[Kind]) -> dict[str, dict[str, list[Kind]]]:
    """Kinds by group and version; groups and kinds in alphabetical order."""
    groups: dict[str, dict[str, list[Kind]]] = {}
    for kind in sorted(kinds, key=lambda kind: (kind.group, kind.plural)):
        groups.setdefault(kind.group, {}).setdefault(kind.version, []).append(kind)
    return groups


def core_versions() -> Document:
    """`/api`."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}],
    }


def group_list(kinds: Iterable[Kind]) -> Document:
    """`/apis`."""
    groups = [_group(name, list(versions)) for name, versions in groups_of(kinds).items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(kinds: Iterable[Kind], name: str) -> Document | None:
    """`/apis/GROUP`; None if there is no such group."""
    versions = groups_of(kinds).get(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, list(versions))} if versions else None


def _group(name: str, versions: Sequence[str]) -> Document:
    offered = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": offered, "preferredVersion": offered[0]}


def resource_list(kinds: Sequence[Kind]) -> Document:
    """`/api/v1`, `/apis/GROUP/VERSION`: the kinds of one group version."""
    resources: list[Document] = []
    for kind in kinds:
        resource: Document = {
            "name": kind.plural,
            "singularName": kind.singular,
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": list(VERBS),
        }
        if kind.short_names:
            resource["shortNames"] = list(kind.short_names)
        if kind.categories:
            resource["categories"] = list(kind.categories)
        resources.append(resource)
        for name in kind.subresources:
            of = {"group": "autoscaling", "version": "v1", "kind": "Scale"} if name == "scale" else {"kind": kind.kind}
            resources.append(
                {
                    "name": f"{kind.plural}/{name}",
                    "singularName": "",
                    "namespaced": kind.namespaced,
                    **of,
                    "verbs": ["get", "patch", "update"],
                }
            )
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": kinds[0].api_version, "resources": resources}


def aggregated(kinds: Iterable[Kind], *, core: bool, broken: Collection[str] = ()) -> Document:
    """`/api` or `/apis` in the aggregated media type; a broken apiVersion is included as stale and empty."""
    items = []
    for name, versions in groups_of(kinds).items():
        if core is not (name == ""):
            continue
        offered: list[Document] = []
        for version, members in versions.items():
            stale = (f"{name}/{version}" if name else version) in broken
            offered.append(
                {
                    "version": version,
                    "resources": [] if stale else [_aggregated_resource(kind) for kind in members],
                    "freshness": "Stale" if stale else "Current",
                }
            )
        items.append({"metadata": {"name": name} if name else {}, "versions": offered})
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated_resource(kind: Kind) -> Document:
    itself = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    resource: Document = {
        "resource": kind.plural,
        "responseKind": itself,
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": list(VERBS),
    }
    if kind.short_names:
        resource["shortNames"] = list(kind.short_names)
    if kind.categories:
        resource["categories"] = list(kind.categories)
    if kind.subresources:
        scale = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
        resource["subresources"] = [
            {
                "subresource": name,
                "responseKind": scale if name == "scale" else itself,
                "verbs": ["get", "patch", "update"],
            }
            for name in kind.subresources
        ]
    return resource
