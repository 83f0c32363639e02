"""The scale subresource."""

from typing import Any

Object = dict[str, Any]


def scale_of(live: Object) -> Object:
    """The autoscaling/v1 Scale of a workload."""
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    labels = live["spec"].get("selector", {}).get("matchLabels", {})
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: live["metadata"][name] for name in names if name in live["metadata"]},
        "spec": {"replicas": live["spec"].get("replicas", 0)},
        "status": {
            "replicas": live.get("status", {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in sorted(labels.items())),
        },
    }


def scaled(live: Object, scale: Object) -> Object:
    """The workload after a Scale is written to it."""
    version = scale.get("metadata", {}).get("resourceVersion")
    metadata = live["metadata"] | ({"resourceVersion": version} if version else {})
    return live | {"metadata": metadata, "spec": live["spec"] | {"replicas": scale.get("spec", {}).get("replicas", 0)}}
