"""A person with kubectl: actions that cause drift, recorded like kubectl's own writes.

Each action sends the same request as the kubectl command shown with it.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox.cluster.api import Api

Object = dict[str, Any]

USER_AGENT = "kubectl/v1.36.2 (linux/amd64) kubernetes/sandbox"
STRATEGIC = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class Write:
    """One kubectl request. With `manager` None, the user agent names the manager, as for `kubectl scale`."""

    method: str
    path: str
    document: Object | None = None
    manager: str | None = None
    content_type: str = STRATEGIC


@dataclass(frozen=True, slots=True)
class Action:
    """An action for a button with this `label`, the equivalent `command`, and how to undo both."""

    key: str
    label: str
    command: str
    write: Write
    back: Write
    back_command: str


class Person:
    """Causes and undoes drift in one namespace, on the first Deployment and the first ConfigMap by name."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._done: list[Action] = []
        self._lock = threading.Lock()

    def choices(self) -> list[Action]:
        """The actions that are currently possible; the last one, with the key `undo`, undoes the latest."""
        actions = [action for plan in PLANS.values() if (action := plan(self._first, self._namespace))]
        with self._lock:
            return [*actions, *(_undo(action) for action in self._done[-1:])]

    def do(self, key: str) -> Action:
        """Perform and return one of `choices` by its key. Raises LookupError if it is not possible now."""
        action = next((action for action in self.choices() if action.key == key), None)
        if action is None:
            raise LookupError(f"{key!r} is not possible in namespace {self._namespace} at the moment")
        write = action.write
        self._api.call(
            write.method,
            write.path,
            write.document,
            query={"fieldManager": write.manager} if write.manager else {},
            content_type=write.content_type,
            user_agent=USER_AGENT,
        )
        with self._lock:
            if key == "undo":
                self._done.pop()
            else:
                self._done.append(action)
        return action

    def _first(self, group: str, plural: str) -> Object | None:
        with self._api.store.lock:
            entries = self._api.store.items((group, plural), self._namespace)
            return entries[0][1].object if entries else None


Find = Callable[[str, str], Object | None]


def _undo(action: Action) -> Action:
    return Action("undo", f"Undo: {action.label}", action.back_command, action.back, action.write, action.command)


def _container(deployment: Object) -> Object:
    container: Object = deployment["spec"]["template"]["spec"]["containers"][0]
    return container


def _path(document: Object, plural: str) -> str:
    metadata = document["metadata"]
    root = "/apis/apps/v1" if plural == "deployments" else "/api/v1"
    return f"{root}/namespaces/{metadata['namespace']}/{plural}/{metadata['name']}"


def _of_container(name: str, **values: Any) -> Object:
    return {"spec": {"template": {"spec": {"containers": [{"name": name, **values}]}}}}


def _scale(find: Find, namespace: str) -> Action | None:
    if (deployment := find("apps", "deployments")) is None:
        return None
    name, now = deployment["metadata"]["name"], deployment["spec"]["replicas"]
    wanted = now + 5
    path = f"{_path(deployment, 'deployments')}/scale"
    command = f"kubectl -n {namespace} scale deploy/{name} --replicas="
    return Action(
        "scale",
        f"Scale {name} from {now} to {wanted}",
        f"{command}{wanted}",
        Write("PATCH", path, {"spec": {"replicas": wanted}}, content_type=MERGE),
        Write("PATCH", path, {"spec": {"replicas": now}}, content_type=MERGE),
        f"{command}{now}",
    )


def _image(find: Find, namespace: str) -> Action | None:
    if (deployment := find("apps", "deployments")) is None:
        return None
    name, container = deployment["metadata"]["name"], _container(deployment)
    now = container["image"]
    repository = now.partition("@")[0]
    if ":" in repository.rpartition("/")[2]:
        repository = repository.rpartition(":")[0]
    wanted = f"{repository}:latest"
    if wanted == now:
        return None
    command = f"kubectl -n {namespace} set image deploy/{name} {container['name']}="
    path = _path(deployment, "deployments")
    return Action(
        "image",
        f"Set the image of {name} to :latest",
        f"{command}{wanted}",
        Write("PATCH", path, _of_container(container["name"], image=wanted), "kubectl-set"),
        Write("PATCH", path, _of_container(container["name"], image=now), "kubectl-set"),
        f"{command}{now}",
    )


def _env(find: Find, namespace: str) -> Action | None:
    if (deployment := find("apps", "deployments")) is None:
        return None
    name, container = deployment["metadata"]["name"], _container(deployment)
    if any(variable["name"] == "DEBUG" for variable in container.get("env", ())):
        return None
    path = _path(deployment, "deployments")
    own_name = container["name"]
    # kubectl sends the order too; otherwise the server puts new items first.
    order = [{"name": variable["name"]} for variable in (*container.get("env", ()), {"name": "DEBUG"})]
    added = {"$setElementOrder/env": order, "env": [{"name": "DEBUG", "value": "1"}]}
    removed = {"env": [{"name": "DEBUG", "$patch": "delete"}]}
    return Action(
        "env",
        f"Add DEBUG=1 to {name}",
        f"kubectl -n {namespace} set env deploy/{name} DEBUG=1",
        Write("PATCH", path, _of_container(own_name, **added), "kubectl-set"),
        Write("PATCH", path, _of_container(own_name, **removed), "kubectl-set"),
        f"kubectl -n {namespace} set env deploy/{name} DEBUG-",
    )


def _privileged(find: Find, namespace: str) -> Action | None:
    if (deployment := find("apps", "deployments")) is None:
        return None
    name, container = deployment["metadata"]["name"], _container(deployment)
    context = {"privileged": True, "allowPrivilegeEscalation": True}
    now = container.get("securityContext")
    if now is not None:
        now = {**dict.fromkeys(context), **now}
    path = _path(deployment, "deployments")
    return Action(
        "privileged",
        f"Make {name} privileged",
        f"kubectl -n {namespace} edit deploy/{name}",
        Write("PATCH", path, _of_container(container["name"], securityContext=context), "kubectl-edit"),
        Write("PATCH", path, _of_container(container["name"], securityContext=now), "kubectl-edit"),
        f"kubectl -n {namespace} edit deploy/{name}",
    )


def _config_value(find: Find, namespace: str) -> Action | None:
    config_map = find("", "configmaps")
    if config_map is None or not config_map.get("data"):
        return None
    name, (key, now) = config_map["metadata"]["name"], min(config_map["data"].items())
    path = _path(config_map, "configmaps")
    return Action(
        "edit",
        f"Edit {key} in the ConfigMap {name}",
        f"kubectl -n {namespace} edit configmap/{name}",
        Write("PATCH", path, {"data": {key: f"{now}-edited"}}, "kubectl-edit"),
        Write("PATCH", path, {"data": {key: now}}, "kubectl-edit"),
        f"kubectl -n {namespace} edit configmap/{name}",
    )


def _config_gone(find: Find, namespace: str) -> Action | None:
    if (config_map := find("", "configmaps")) is None:
        return None
    name = config_map["metadata"]["name"]
    kept = {k: v for k, v in config_map["metadata"].items() if k in ("name", "namespace", "labels", "annotations")}
    path = _path(config_map, "configmaps")
    return Action(
        "delete",
        f"Delete the ConfigMap {name}",
        f"kubectl -n {namespace} delete configmap/{name}",
        Write("DELETE", path),
        Write("POST", path.rpartition("/")[0], config_map | {"metadata": kept}, "kubectl-create", "application/json"),
        f"kubectl -n {namespace} create -f {name}.yaml",
    )


PLANS: Mapping[str, Callable[[Find, str], Action | None]] = {
    "scale": _scale,
    "image": _image,
    "env": _env,
    "privileged": _privileged,
    "edit": _config_value,
    "delete": _config_gone,
}
