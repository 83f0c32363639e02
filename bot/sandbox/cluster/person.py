"""A person with kubectl: ways to make drift at the press of a button, recorded as kubectl would be.

Each is one request, the same that the kubectl command shown beside it sends.
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
    """One request of kubectl's. `manager` None leaves it to the user agent, as `kubectl scale` does."""

    method: str
    path: str
    document: Object | None = None
    manager: str | None = None
    content_type: str = STRATEGIC


@dataclass(frozen=True, slots=True)
class Action:
    """What a person can do now: the button's `label`, the same as a `command` line, and what takes it back."""

    key: str
    label: str
    command: str
    write: Write
    back: Write
    back_command: str


class Person:
    """Makes drift in one namespace, on its first Deployment and its first ConfigMap by name, and takes it back."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._done: list[Action] = []
        self._lock = threading.Lock()

    def choices(self) -> list[Action]:
        """What can be done as the cluster is now; taking back the latest comes last, with the key `undo`."""
        actions = [action for plan in PLANS.values() if (action := plan(self._first, self._namespace))]
        with self._lock:
            return [*actions, *(_undo(action) for action in self._done[-1:])]

    def do(self, key: str) -> Action:
        """Do one of `choices` by its key; what was done. LookupError when it cannot be done now."""
        action = next((action for action in self.choices() if action.key == key), None)
        if action is None:
            raise LookupError(f"{key!r} cannot be done in namespace {self._namespace} now")
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
            found = self._api.store.items((group, plural), self._namespace)
            return found[0][1].object if found else None


Find = Callable[[str, str], Object | None]


def _undo(action: Action) -> Action:
    return Action("undo", f"Take back: {action.label}", action.back_command, action.back, action.write, action.command)


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
    if (found := find("apps", "deployments")) is None:
        return None
    name, now = found["metadata"]["name"], found["spec"]["replicas"]
    wanted = now + 5
    path = f"{_path(found, 'deployments')}/scale"
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
    if (found := find("apps", "deployments")) is None:
        return None
    name, container = found["metadata"]["name"], _container(found)
    now = container["image"]
    repository = now.partition("@")[0]
    if ":" in repository.rpartition("/")[2]:
        repository = repository.rpartition(":")[0]
    wanted = f"{repository}:latest"
    if wanted == now:
        return None
    command = f"kubectl -n {namespace} set image deploy/{name} {container['name']}="
    path = _path(found, "deployments")
    return Action(
        "image",
        f"Set the image of {name} to :latest",
        f"{command}{wanted}",
        Write("PATCH", path, _of_container(container["name"], image=wanted), "kubectl-set"),
        Write("PATCH", path, _of_container(container["name"], image=now), "kubectl-set"),
        f"{command}{now}",
    )


def _env(find: Find, namespace: str) -> Action | None:
    if (found := find("apps", "deployments")) is None:
        return None
    name, container = found["metadata"]["name"], _container(found)
    if any(variable["name"] == "DEBUG" for variable in container.get("env", ())):
        return None
    path = _path(found, "deployments")
    own_name = container["name"]
    # kubectl says the order too, without which the server puts new items first.
    order = [{"name": each["name"]} for each in (*container.get("env", ()), {"name": "DEBUG"})]
    there = {"$setElementOrder/env": order, "env": [{"name": "DEBUG", "value": "1"}]}
    gone = {"env": [{"name": "DEBUG", "$patch": "delete"}]}
    return Action(
        "env",
        f"Add DEBUG=1 to {name}",
        f"kubectl -n {namespace} set env deploy/{name} DEBUG=1",
        Write("PATCH", path, _of_container(own_name, **there), "kubectl-set"),
        Write("PATCH", path, _of_container(own_name, **gone), "kubectl-set"),
        f"kubectl -n {namespace} set env deploy/{name} DEBUG-",
    )


def _config_value(find: Find, namespace: str) -> Action | None:
    found = find("", "configmaps")
    if found is None or not found.get("data"):
        return None
    name, (key, now) = found["metadata"]["name"], min(found["data"].items())
    path = _path(found, "configmaps")
    return Action(
        "edit",
        f"Edit {key} in the ConfigMap {name}",
        f"kubectl -n {namespace} edit configmap/{name}",
        Write("PATCH", path, {"data": {key: f"{now}-edited"}}, "kubectl-edit"),
        Write("PATCH", path, {"data": {key: now}}, "kubectl-edit"),
        f"kubectl -n {namespace} edit configmap/{name}",
    )


def _config_gone(find: Find, namespace: str) -> Action | None:
    if (found := find("", "configmaps")) is None:
        return None
    name = found["metadata"]["name"]
    kept = {k: v for k, v in found["metadata"].items() if k in ("name", "namespace", "labels", "annotations")}
    path = _path(found, "configmaps")
    return Action(
        "delete",
        f"Delete the ConfigMap {name}",
        f"kubectl -n {namespace} delete configmap/{name}",
        Write("DELETE", path),
        Write("POST", path.rpartition("/")[0], found | {"metadata": kept}, "kubectl-create", "application/json"),
        f"kubectl -n {namespace} create -f {name}.yaml",
    )


PLANS: Mapping[str, Callable[[Find, str], Action | None]] = {
    "scale": _scale,
    "image": _image,
    "env": _env,
    "edit": _config_value,
    "delete": _config_gone,
}
