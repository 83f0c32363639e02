"""Reads the ConfigMaps and Secrets that the resources of deployers refer to."""

import base64
import logging
from collections.abc import Container, Mapping
from functools import partial
from typing import Any, Final

from bot.core.applications import argocd
from bot.core.applications.discovery import UnsupportedResourceError
from bot.core.applications.flux_chart import Resources
from bot.core.applications.flux_values import DataReader, data_references
from bot.core.objects.kept_size import kept_size
from bot.core.objects.resource import mapping, text
from bot.i18n.catalogue import discovery as texts
from bot.i18n.language import LocalizedText
from bot.ports.cluster import Cluster, ForbiddenError, Kind, TooLargeError
from bot.ports.errors import PortError

_log = logging.getLogger(__name__)

MAX_DATA_BYTES: Final = 32 * 2**20  # of ConfigMaps and Secrets in all other namespaces than the one that is read

_KINDS: Final = {
    "ConfigMap": Kind("", "v1", "ConfigMap", "configmaps", namespaced=True),
    "Secret": Kind("", "v1", "Secret", "secrets", namespaced=True),
}


def data_reader(cluster: Cluster, resources: Resources, unavailable: set[str]) -> DataReader:
    """A reader of the ConfigMaps and Secrets that resources refer to, which lists each namespace as a whole.

    It keeps MAX_DATA_BYTES besides what it reads of a namespace, and lists the others again if they are needed: as
    resources are sorted by namespace, once for each kind. Namespaces that cannot be listed now but perhaps later are
    added to `unavailable`. Raises UnsupportedResourceError.
    """
    listed: dict[tuple[str, str], Mapping[tuple[str | None, str], Mapping[str, str]]] = {}
    sizes: dict[tuple[str, str], int] = {}
    errors: dict[tuple[str, str], PortError] = {}
    argo_namespaces = map(argocd.controller_namespace, resources.get(argocd.APPLICATION, ()))
    references = data_references(resources) | {("ConfigMap", name, argocd.SETTINGS) for name in argo_namespaces}

    def make_room(namespace: str) -> None:
        """Drop what is in other namespaces, what was read first before the rest."""
        kept = sum(sizes.values())
        for place in list(sizes):
            if kept > MAX_DATA_BYTES and place[1] != namespace:
                kept -= sizes.pop(place)
                del listed[place]

    def data(kind: str, namespace: str, name: str) -> Mapping[str, str] | None:
        place = kind, namespace
        if place not in listed and place not in errors:
            make_room(namespace)
            try:
                listed[place] = cluster.list(_KINDS[kind], namespace, partial(_data, references))
                sizes[place] = sum(map(kept_size, listed[place].values()))
            except PortError as error:
                _log.warning("cannot list %ss in %s on %s: %s", kind, namespace, cluster.name, error)
                errors[place] = error
                if not isinstance(error, ForbiddenError | TooLargeError):
                    unavailable.add(namespace)
        if cause := errors.get(place):
            is_forbidden_secret = kind == "Secret" and isinstance(cause, ForbiddenError)
            forbidden = LocalizedText(texts.SECRET_FORBIDDEN, name=f"{namespace}/{name}"[:150])
            raise UnsupportedResourceError(forbidden if is_forbidden_secret else cause.text) from cause
        return listed[place].get((namespace, name))

    return data


def _data(references: Container[tuple[str, str, str]], live: Mapping[str, Any]) -> Mapping[str, str] | None:
    """The data of an object; None if there is no reference to it."""
    metadata = mapping(live, "metadata")
    if (text(live, "kind"), text(metadata, "namespace"), text(metadata, "name")) not in references:
        return None
    data = mapping(live, "data")
    if live.get("kind") != "Secret":
        return data
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}
