"""The tables that `kubectl get` prints: the server chooses the columns."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.sandbox.cluster.kinds import Kind

Object = Mapping[str, Any]


def is_requested(accept: str) -> bool:
    """Whether the client prefers a table to objects."""
    return "as=Table" in accept.partition(",")[0]


def _count(path: str) -> Callable[[Object], Any]:
    def read(document: Object) -> Any:
        value: Any = document
        for part in path.split("."):
            value = value.get(part, {})
        return value if isinstance(value, int) else 0

    return read


def _text(path: str, default: str = "<none>") -> Callable[[Object], Any]:
    def read(document: Object) -> Any:
        value: Any = document
        for part in path.split("."):
            value = value.get(part, {})
        return value if value not in ({}, "") else default

    return read


def _ready(document: Object) -> str:
    return f"{_count('status.readyReplicas')(document)}/{_count('spec.replicas')(document)}"


def _ports(document: Object) -> str:
    ports = [
        f"{port['port']}{':' + str(port['nodePort']) if 'nodePort' in port else ''}/{port['protocol']}"
        for port in document.get("spec", {}).get("ports", ())
    ]
    return ",".join(ports) or "<none>"


def _hosts(document: Object) -> str:
    return ",".join(rule.get("host", "*") for rule in document.get("spec", {}).get("rules", ())) or "*"


def _target(document: Object) -> str:
    target = document["spec"]["scaleTargetRef"]
    return f"{target['kind']}/{target['name']}"


Columns = Sequence[tuple[str, Callable[[Object], Any]]]
# The real server's columns between NAME and AGE, where the sandbox has the value.
COLUMNS: Mapping[str, Columns] = {
    "ConfigMap": [("Data", lambda o: len(o.get("data", {})) + len(o.get("binaryData", {})))],
    "CronJob": [("Schedule", _text("spec.schedule")), ("Suspend", lambda o: str(o["spec"].get("suspend", False)))],
    "Deployment": [
        ("Ready", _ready),
        ("Up-to-date", _count("status.updatedReplicas")),
        ("Available", _count("status.availableReplicas")),
    ],
    "HorizontalPodAutoscaler": [
        ("Reference", _target),
        ("MinPods", _count("spec.minReplicas")),
        ("MaxPods", _count("spec.maxReplicas")),
    ],
    "Ingress": [("Class", _text("spec.ingressClassName")), ("Hosts", _hosts)],
    "Namespace": [("Status", _text("status.phase", "Active"))],
    "Pod": [("Status", _text("status.phase", "Pending"))],
    "Secret": [("Type", _text("type")), ("Data", lambda o: len(o.get("data", {})))],
    "Service": [("Type", _text("spec.type")), ("Cluster-IP", _text("spec.clusterIP")), ("Port(s)", _ports)],
    "StatefulSet": [("Ready", _ready)],
}


def render(kind: Kind, objects: Sequence[Object], metadata: Object, now: datetime) -> dict[str, Any]:
    """A meta.k8s.io/v1 Table of these objects."""
    columns: Columns = [("Name", _text("metadata.name")), *COLUMNS.get(kind.kind, ())]
    definitions = [
        {"name": name, "type": "string", "format": "name" if name == "Name" else "", "description": "", "priority": 0}
        for name in (*(name for name, _ in columns), "Age")
    ]
    rows = [
        {
            "cells": [*(read(document) for _, read in columns), _age(document, now)],
            "object": {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": document["metadata"],
            },
        }
        for document in objects
    ]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": rows,
    }


def _age(document: Object, now: datetime) -> str:
    seconds = int((now - datetime.fromisoformat(document["metadata"]["creationTimestamp"])).total_seconds())
    for unit, length, enough in (("d", 86400, 2), ("h", 3600, 2), ("m", 60, 2)):
        if seconds >= enough * length:
            return f"{seconds // length}{unit}"
    return f"{max(0, seconds)}s"
