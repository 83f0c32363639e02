"""All writes: create, update, the four patches and delete, and the steps that they share."""

import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import orjson
import yaml

from bot.sandbox.cluster import defaults, openapi, protobuf
from bot.sandbox.cluster.errors import ApiError, bad_request, invalid, not_found, stale
from bot.sandbox.cluster.kinds import Kind
from bot.sandbox.cluster.managed_fields import (
    Manager,
    after_apply,
    after_update,
    compare,
    paths_of,
    prune,
    read,
    timestamp,
    write,
)
from bot.sandbox.cluster.patch import json_patch, merge_applied, merge_patch, strategic_merge_patch
from bot.sandbox.cluster.request import Request, Response, Target
from bot.sandbox.cluster.scale import scale_of, scaled
from bot.sandbox.cluster.schema import empty, normalise
from bot.sandbox.cluster.store import Entry, Object, Store

APPLY = "application/apply-patch+yaml"
CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")
NAMESPACES = ("", "namespaces")


class Writer:
    """Writes to a store whose lock the caller holds. All methods raise ApiError.

    `defined` is called for each CustomResourceDefinition that is written (True) or deleted (False).
    """

    def __init__(self, store: Store, clock: Callable[[], datetime], defined: Callable[[Object, bool], None]) -> None:
        self._store, self._clock, self._defined = store, clock, defined
        self._addresses = defaults.Addresses()

    def create(self, request: Request, target: Target) -> Response:
        """POST to a collection."""
        new = _decoded(request)
        metadata = new.setdefault("metadata", {})
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + uuid.uuid4().hex[:5]
        name = metadata.get("name")
        if not isinstance(name, str) or not name:
            raise invalid(target.kind.kind, "", "metadata.name: Required value: name or generateName is required")
        target = Target(target.kind, target.namespace, name, "")
        self._require_namespace(target)
        if self._store.get(target.collection, target.key) is not None:
            details = {"name": name, "kind": target.kind.plural}
            raise ApiError(409, "AlreadyExists", f'{target.kind.resource} "{name}" already exists', details)
        return Response(201, self._save(request, target, None, new))

    def _live(self, target: Target) -> Object:
        return self._store.require(target.collection, target.key, target.kind.resource).object

    def _require_namespace(self, target: Target) -> None:
        if not target.kind.namespaced:
            return
        if target.namespace is None:
            raise bad_request("the path has no namespace for the object")
        if self._store.get(NAMESPACES, ("", target.namespace)) is None:
            raise not_found("namespaces", target.namespace)

    def replace(self, request: Request, target: Target) -> Response:
        """PUT."""
        live, new = self._live(target), _decoded(request)
        if target.subresource == "scale":
            new = scaled(live, new)
        return self._saved(request, target, live, new)

    def patch(self, request: Request, target: Target) -> Response:
        """PATCH; the content type selects the kind of patch."""
        if request.content_type == APPLY:
            return self._apply(request, target)
        live, patch = self._live(target), _json(request.body)
        document = scale_of(live) if target.subresource == "scale" else live
        match request.content_type:
            case "application/json-patch+json":
                new = json_patch(document, patch)
            case "application/merge-patch+json":
                new = merge_patch(document, patch)
            case "application/strategic-merge-patch+json" if not target.kind.custom:
                new = strategic_merge_patch(target.kind.schema, document, patch)
            case other:
                accepted = ", ".join(openapi.PATCH_TYPES)
                message = f"the body of the request was in an unknown format ({other}) - accepted: {accepted}"
                raise ApiError(415, "UnsupportedMediaType", message)
        if not isinstance(new, dict):
            raise bad_request("a patch must be an object")
        if target.subresource == "scale":
            new = scaled(live, new)
        return self._saved(request, target, live, new)

    def _saved(self, request: Request, target: Target, live: Object, new: Object) -> Response:
        body = self._save(request, target, live, new)
        return Response(200, orjson.dumps(scale_of(orjson.loads(body))) if target.subresource == "scale" else body)

    def _apply(self, request: Request, target: Target) -> Response:
        manager = request.query.get("fieldManager")
        if not manager:
            raise bad_request(
                'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
            )
        applied = _decoded(request)
        if applied.get("metadata", {}).get("managedFields"):
            raise bad_request("metadata.managedFields must be nil")
        kind = target.kind
        applied = normalise(kind.schema, defaults.converted(kind, applied), fill=False)
        sent = paths_of(kind.schema, applied)
        writer = Manager(manager, "Apply", kind.api_version, target.subresource, sent, timestamp(self._clock()))
        entry = self._store.get(target.collection, target.key)
        if entry is None:
            if target.subresource:
                raise not_found(kind.resource, target.name or "")
            self._require_namespace(target)
            applied.setdefault("metadata", {})["name"] = target.name
            return Response(201, self._save(request, target, None, applied, applier=writer))
        live = entry.object
        managers = read(live)
        before = next((m.paths for m in managers if m.identity == writer.identity), frozenset())
        others = frozenset().union(*(m.paths for m in managers if m.identity != writer.identity))
        new = merge_applied(kind.schema, live, applied)
        new = prune(kind.schema, new, before - sent - others)
        if request.query.get("force") != "true":
            _refuse_conflicts(kind, live, new, writer)
        return Response(200, self._save(request, target, live, new, applier=writer))

    def _save(
        self,
        request: Request,
        target: Target,
        live: Object | None,
        new: Object,
        *,
        applier: Manager | None = None,
    ) -> bytes:
        """Run the steps that all writes share, save the object and return its JSON."""
        kind = target.kind
        now = timestamp(self._clock())
        sent_version = new.get("metadata", {}).get("resourceVersion")
        if live is not None and sent_version and sent_version != live["metadata"]["resourceVersion"]:
            raise stale(kind.resource, target.name or "")
        new = normalise(kind.schema, defaults.converted(kind, new))
        new |= {"apiVersion": kind.api_version, "kind": kind.kind}
        _identify(target, live, new, now)
        if target.subresource == "status":
            new = _with_status_of(live or {}, new)
        elif "status" in kind.subresources or not kind.custom:
            new["status"] = (live or {}).get("status")
        new = normalise(kind.schema, defaults.complete(kind, normalise(kind.schema, new)))
        metadata = new["metadata"]
        change = compare(kind.schema, live or empty(kind.schema), new)
        if live is not None and kind.counts and target.subresource != "status" and _spec_changed(live, new):
            metadata["generation"] = live["metadata"].get("generation", 0) + 1
        managers = read(live) if live else []
        if applier is None:
            time = None if target.subresource == "scale" else now  # the scale subresource has no time
            updater = Manager(request.manager, "Update", kind.api_version, target.subresource, frozenset(), time)
            metadata["managedFields"] = write(after_update(managers, change, updater))
        else:
            metadata["managedFields"] = write(after_apply(managers, change, applier))
        self._addresses.allocate(kind, new, live)
        if live is not None and _unversioned(new) == _unversioned(live):
            return orjson.dumps(live)
        if request.query.get("dryRun") == "All":
            return orjson.dumps(new)
        return kind.whole(self._put(target, new).body)

    def _put(self, target: Target, new: Object) -> Entry:
        metadata = new["metadata"]
        if metadata.get("deletionTimestamp") and not metadata.get("finalizers"):
            return self._removed(target)
        if target.collection == CRDS:
            new["status"] = _established(new, metadata["creationTimestamp"])
            self._defined(new, True)
        return self._store.put(target.collection, target.key, new)

    def delete(self, request: Request, target: Target) -> Response:
        """DELETE; an object with finalizers is marked and stays until they are removed."""
        live = self._live(target)
        kind = target.kind
        options = _json(request.body) if request.body else {}  # DeleteOptions, where kubectl sets dryRun
        if request.query.get("dryRun") == "All" or options.get("dryRun") == ["All"]:
            return Response(200, orjson.dumps(live))
        if live["metadata"].get("finalizers"):
            new = live | {"metadata": live["metadata"] | {"deletionTimestamp": timestamp(self._clock())}}
            return Response(200, kind.whole(self._store.put(target.collection, target.key, new).body))
        self._removed(target)
        details = {"name": target.name, "kind": kind.plural, "uid": live["metadata"]["uid"]}
        details |= {"group": kind.group} if kind.group else {}
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        return Response(200, orjson.dumps(status))

    def _removed(self, target: Target) -> Entry:
        """Delete an object and its dependents: a namespace's objects, a CRD's custom resources."""
        removed = self._store.remove(target.collection, target.key)
        if target.collection == NAMESPACES:
            for collection, key, _ in self._store.everything():
                if key[0] == target.name:
                    self._store.remove(collection, key)
        if target.collection == CRDS:
            self._defined(removed.object, False)
            orphans = (removed.object["spec"]["group"], removed.object["spec"]["names"]["plural"])
            for key, _ in self._store.items(orphans):
                self._store.remove(orphans, key)
        return removed


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"the request body is not JSON: {error}") from error


def _decoded(request: Request) -> Object:
    """The object in a request's body, as JSON, YAML or protobuf."""
    if request.content_type == protobuf.MEDIA_TYPE:
        document: Any = protobuf.decode(request.body)
    elif "yaml" in request.content_type and not request.body.lstrip().startswith(b"{"):
        try:
            document = yaml.load(request.body, yaml.CSafeLoader)
        except yaml.YAMLError as error:
            raise bad_request(f"the request body is not YAML: {error}") from error
    else:
        document = _json(request.body)
    if not isinstance(document, dict) or not isinstance(document.get("metadata", {}), dict):
        raise bad_request("the request body is not a Kubernetes object")
    return document


def _identify(target: Target, live: Object | None, new: Object, now: str) -> None:
    """Set, in place, the metadata that clients cannot choose, such as uid and creationTimestamp."""
    metadata: Object = new.setdefault("metadata", {})
    if metadata.get("name", target.name) != target.name:
        raise bad_request(f"the name of the object ({metadata['name']}) does not match the URL ({target.name})")
    metadata["name"] = target.name
    if not target.kind.namespaced:
        metadata.pop("namespace", None)
    elif metadata.setdefault("namespace", target.namespace) != target.namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    for name in ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "deletionTimestamp"):
        metadata.pop(name, None)
    if live is None:
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": now}
        metadata |= {"generation": 1} if target.kind.counts else {}
        return
    kept = ("uid", "creationTimestamp", "generation", "deletionTimestamp")
    metadata |= {name: live["metadata"][name] for name in kept if name in live["metadata"]}


def _with_status_of(live: Object, new: Object) -> Object:
    """A write to the status changes only the status and annotations."""
    metadata = new["metadata"] | {"labels": live["metadata"].get("labels")}
    return live | {"metadata": metadata, "status": new.get("status")}


def _refuse_conflicts(kind: Kind, live: Object, new: Object, writer: Manager) -> None:
    """Refuse an apply without force that changes fields of other managers."""
    taken = compare(kind.schema, live, defaults.complete(kind, normalise(kind.schema, new))).taken & writer.paths
    clashes = [
        (manager.name, path)
        for manager in read(live)
        if manager.identity != writer.identity
        for path in sorted(manager.paths & taken)
    ]
    if not clashes:
        return
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f'conflict with "{name}" using {kind.api_version}',
            "field": _dotted(path),
        }
        for name, path in clashes
    ]
    listed = "\n".join(f"- {cause['field']}" for cause in causes)
    plural = "conflict" if len(clashes) == 1 else "conflicts"
    names = ", ".join(sorted({f'"{name}"' for name, _ in clashes}))
    message = f"Apply failed with {len(clashes)} {plural}: {plural} with {names}:\n{listed}"
    raise ApiError(409, "Conflict", message, {"causes": causes})


def _spec_changed(live: Object, new: Object) -> bool:
    ignored = ("metadata", "status")
    if {k: v for k, v in live.items() if k not in ignored} != {k: v for k, v in new.items() if k not in ignored}:
        return True
    # Annotations count for a Deployment: they are copied to its ReplicaSets.
    return new["kind"] == "Deployment" and bool(
        live["metadata"].get("annotations") != new["metadata"].get("annotations")
    )


def _unversioned(document: Object) -> Object:
    return document | {"metadata": {k: v for k, v in document["metadata"].items() if k != "resourceVersion"}}


def _established(crd: Object, time: str) -> Object:
    names = crd["spec"]["names"]
    conditions = [
        {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": time}
        for kind, reason, message in (
            ("NamesAccepted", "NoConflicts", "no conflicts found"),
            ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        )
    ]
    stored = [version["name"] for version in crd["spec"]["versions"] if version.get("storage")]
    return {"conditions": conditions, "acceptedNames": names, "storedVersions": stored}


def _dotted(path: Iterable[str]) -> str:
    """A path in the format of conflict messages: `.spec.replicas`, `[name="web"].image`."""
    text = ""
    for element in path:
        if element.startswith("f:"):
            text += f".{element[2:]}"
        elif element.startswith("k:"):
            pairs = orjson.loads(element[2:])
            text += "[" + ",".join(f"{key}={orjson.dumps(value).decode()}" for key, value in pairs.items()) + "]"
        else:
            text += f"[={element[2:]}]"
    return text
