"""The API server without its sockets: a request in, an answer out."""

import base64
import binascii
import itertools
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import yaml

from bot.sandbox.cluster import defaults, discovery, openapi, protobuf, table
from bot.sandbox.cluster.errors import NO_SUCH_PATH, ApiError, bad_request, forbidden, invalid, not_found, stale
from bot.sandbox.cluster.kinds import Kind, builtin_kinds, kinds_of_crd
from bot.sandbox.cluster.managed_fields import (
    Difference,
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
from bot.sandbox.cluster.request import NOBODY, Received, Request, Response
from bot.sandbox.cluster.schema import empty, normalise
from bot.sandbox.cluster.selector import selects
from bot.sandbox.cluster.store import Entry, Event, Key, Object, Store

ADMIN = "admin"
BOT = "bot"
DEPLOYER = "deployer"
IDENTITIES = (ADMIN, BOT, DEPLOYER)
READ_ONLY = frozenset({BOT})

APPLY = "application/apply-patch+yaml"
SNAPSHOTS = 64  # lists that are being paged through; the oldest beyond that expire with a 410

CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")
VERB_OF = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names: a kind, and of it everything (no name), one object, or a part of one object."""

    kind: Kind
    namespace: str | None  # None: cluster-scoped, or a list of all namespaces
    name: str | None
    subresource: str

    @property
    def key(self) -> Key:
        """Where the store has it."""
        return (self.namespace or "", self.name or "")


class Api:
    """Kubernetes' REST API over a `Store`. `handle` may be called from any thread.

    `clock` gives the time of creation and of field ownership, aware, in any zone.
    """

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.clock = clock
        self.store = Store()
        self.requests: list[Received] = []
        self.broken: dict[str, str] = {}
        self._kinds: dict[tuple[str, str, str], Kind] = {}  # by group, version, plural
        self._documents: dict[str, tuple[Object, bytes]] = {}
        self._snapshots: OrderedDict[str, list[Entry]] = OrderedDict()
        self._tokens = itertools.count(1)
        self.addresses = defaults.Addresses()
        self.serve(*builtin_kinds())
        for name in ("default", "kube-system"):
            self.create_namespace(name)

    # ------------------------------------------------------------ what the sandbox does to it

    def serve(self, *kinds: Kind) -> None:
        """Serve these kinds too."""
        with self.store.lock:
            for kind in kinds:
                self._kinds[(kind.group, kind.version, kind.plural)] = kind
                self._documents.pop(kind.path, None)

    def create_namespace(self, name: str) -> None:
        """Make a namespace unless it is there."""
        with self.store.lock:
            if self.store.get(("", "namespaces"), ("", name)) is None:
                namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
                self.call("POST", "/api/v1/namespaces", namespace, user_agent="kube-apiserver")

    def kind_of(self, api_version: str, kind: str) -> Kind:
        """A served kind as a manifest names it. ApiError 404 when there is none."""
        for served in self._kinds.values():
            if served.api_version == api_version and served.kind == kind:
                return served
        raise ApiError(404, "NotFound", f'no matches for kind "{kind}" in version "{api_version}"')

    def call(
        self,
        method: str,
        path: str,
        document: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        user_agent: str = "",
        identity: str = ADMIN,
    ) -> Object:
        """A request from inside this process, neither recorded nor subject to faults. ApiError when it is refused."""
        body = b"" if document is None else orjson.dumps(document)
        request = Request(
            method,
            path,
            query=query or {},
            body=body,
            content_type=content_type,
            user_agent=user_agent,
            identity=identity,
        )
        with self.store.lock:
            answer: Object = orjson.loads(self._answer(request).body)
        return answer

    def apply(self, document: Object, *, manager: str, namespace: str | None = None, identity: str = ADMIN) -> Object:
        """Server-side apply with force, as the deployers do it; the object's namespace is made when it is missing."""
        path = self.path_of(document, namespace)
        kind = self.kind_of(document["apiVersion"], document["kind"])
        if kind.namespaced:
            self.create_namespace(document["metadata"].get("namespace") or namespace or "default")
        return self.call(
            "PATCH",
            path,
            document,
            query={"fieldManager": manager, "force": "true"},
            content_type=APPLY,
            user_agent=manager,
            identity=identity,
        )

    def path_of(self, document: Mapping[str, Any], namespace: str | None = None) -> str:
        """Where an object is. ApiError 404 when its kind is not served."""
        kind = self.kind_of(document["apiVersion"], document["kind"])
        metadata = document["metadata"]
        scope = f"/namespaces/{metadata.get('namespace') or namespace or 'default'}" if kind.namespaced else ""
        return f"{kind.path}{scope}/{kind.plural}/{metadata['name']}"

    def expire_lists(self) -> None:
        """Every continue token given out so far answers 410 from now on."""
        with self.store.lock:
            self._snapshots.clear()

    # ------------------------------------------------------------ requests

    def handle(self, request: Request) -> Response:
        """Answer anything but a watch; refusals are answers too."""
        with self.store.lock:
            self.requests.append(Received(request.method, request.path, request.user_agent, request.identity))
            try:
                return self._answer(request)
            except ApiError as error:
                return Response(error.code, orjson.dumps(error.status()))

    def target(self, request: Request) -> Target | None:
        """What a request's path names; None for anything that is no resource. ApiError when it may not be touched."""
        parts = [part for part in request.path.split("/") if part]
        match parts:
            case ["api", version, *rest]:
                group = ""
            case ["apis", group, version, *rest]:
                pass
            case _:
                return None
        if not rest:
            return None
        namespace = None
        if rest[0] == "namespaces" and len(rest) > 2 and (group, version, rest[2]) in self._kinds:
            namespace, rest = rest[1], rest[2:]
        kind = self._kinds.get((group, version, rest[0]))
        if kind is None or len(rest) > 3 or (namespace is not None and not kind.namespaced):
            raise ApiError(404, "NotFound", NO_SUCH_PATH)
        name = rest[1] if len(rest) > 1 else None
        subresource = rest[2] if len(rest) > 2 else ""
        if subresource and subresource not in kind.subresources:
            raise ApiError(404, "NotFound", NO_SUCH_PATH)
        return Target(kind, namespace, name, subresource)

    def _answer(self, request: Request) -> Response:
        if request.identity == NOBODY:
            raise ApiError(401, "Unauthorized", "Unauthorized")
        target = self.target(request)
        if target is not None and request.method != "GET" and request.identity in READ_ONLY:
            verb = VERB_OF.get(request.method, request.method.lower())
            raise forbidden(request.identity, verb, target.kind.plural, target.kind.group, target.namespace)
        if target is None:
            return self._about_itself(request)
        self._refuse_broken(target.kind.api_version)
        match request.method, target.name:
            case "GET", None:
                return self._list(request, target)
            case "GET", _:
                return self._get(request, target)
            case "POST", None:
                return self._create(request, target)
            case "PUT", str():
                return self._replace(request, target)
            case "PATCH", str():
                return self._patch(request, target)
            case "DELETE", str() if not target.subresource:
                return self._delete(request, target)
        raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")

    def _refuse_broken(self, api_version: str) -> None:
        if api_version in self.broken:
            raise ApiError(503, "ServiceUnavailable", self.broken[api_version])

    # ------------------------------------------------------------ discovery and OpenAPI

    def _about_itself(self, request: Request) -> Response:
        if request.method != "GET":
            raise ApiError(404, "NotFound", NO_SUCH_PATH)
        kinds = list(self._kinds.values())
        document: Object
        match [part for part in request.path.split("/") if part]:
            case ["version"]:
                document = discovery.VERSION
            case ["healthz" | "livez" | "readyz"]:
                return Response(200, b"ok")
            case ["api" | "apis" as root] if "as=APIGroupDiscoveryList" in request.accept:
                document = discovery.aggregated(kinds, core=root == "api", broken=self.broken)
            case ["api"]:
                document = discovery.core_versions()
            case ["apis"]:
                document = discovery.group_list(kinds)
            case ["apis", group] if group in (groups := discovery.groups_of(kinds)):
                document = {"kind": "APIGroup", "apiVersion": "v1", **discovery.group(group, list(groups[group]))}
            case ["api", _] | ["apis", _, _] if members := [kind for kind in kinds if kind.path == request.path]:
                self._refuse_broken(members[0].api_version)
                document = discovery.resource_list(members[0].api_version, members)
            case ["openapi", "v3"]:
                document = openapi.index((path, self._openapi(path)[0]) for path in sorted({k.path for k in kinds}))
            case ["openapi", "v3", *rest] if "/" + "/".join(rest) in {kind.path for kind in kinds}:
                return Response(200, self._openapi("/" + "/".join(rest))[1])
            case _:
                raise ApiError(404, "NotFound", NO_SUCH_PATH)
        return Response(200, orjson.dumps(document))

    def _openapi(self, path: str) -> tuple[Object, bytes]:
        if path not in self._documents:
            members = [kind for kind in self._kinds.values() if kind.path == path]
            document = openapi.document(members)
            self._documents[path] = (document, orjson.dumps(document))
        return self._documents[path]

    # ------------------------------------------------------------ reading

    def _list(self, request: Request, target: Target) -> Response:
        kind = target.kind
        token = request.query.get("continue", "")
        limit = int(request.query.get("limit") or 0)
        if token:
            version, entries = self._resume(token)
        else:
            version = str(self.store.version)
            found = self.store.items((kind.group, kind.plural), target.namespace)
            entries = [entry for _, entry in found if selects(request.query, entry.object)]
        page, rest = (entries[:limit], entries[limit:]) if limit else (entries, [])
        metadata: Object = {"resourceVersion": version}
        if rest:
            metadata["continue"] = self._suspend(version, rest)
            metadata["remainingItemCount"] = len(rest)
        if table.wanted(request.accept):
            return Response(200, orjson.dumps(table.render(kind, [e.object for e in page], metadata, self.clock())))
        head = {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": metadata}
        # Items of built-in lists carry neither apiVersion nor kind; custom resources do.
        items = b",".join(self.body(kind, entry) if kind.custom else entry.body for entry in page)
        return Response(200, orjson.dumps(head)[:-1] + b',"items":[' + items + b"]}")

    def _suspend(self, version: str, rest: list[Entry]) -> str:
        token = base64.urlsafe_b64encode(orjson.dumps({"v": version, "n": next(self._tokens)})).decode()
        self._snapshots[token] = rest
        if len(self._snapshots) > SNAPSHOTS:
            self._snapshots.popitem(last=False)
        return token

    def _resume(self, token: str) -> tuple[str, list[Entry]]:
        try:
            version = str(orjson.loads(base64.urlsafe_b64decode(token))["v"])
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            raise bad_request("continue key is not valid") from error
        if token not in self._snapshots:
            message = (
                "The provided continue parameter is too old to display a consistent list result. You can start a new "
                "list without the continue parameter."
            )
            raise ApiError(410, "Expired", message)
        return version, self._snapshots[token]

    def _get(self, request: Request, target: Target) -> Response:
        entry = self._existing(target)
        if target.subresource == "scale":
            return Response(200, orjson.dumps(_scale_of(entry.object)))
        if table.wanted(request.accept):
            metadata = {"resourceVersion": entry.object["metadata"]["resourceVersion"]}
            return Response(200, orjson.dumps(table.render(target.kind, [entry.object], metadata, self.clock())))
        return Response(200, self.body(target.kind, entry))

    def _existing(self, target: Target) -> Entry:
        entry = self.store.get((target.kind.group, target.kind.plural), target.key)
        if entry is None:
            raise not_found(target.kind.resource, target.name or "")
        return entry

    @staticmethod
    def body(kind: Kind, entry: Entry) -> bytes:
        """One object's JSON, in the version its kind is asked at."""
        return orjson.dumps({"kind": kind.kind, "apiVersion": kind.api_version})[:-1] + b"," + entry.body[1:]

    def present(self, request: Request, target: Target) -> list[bytes]:
        """The lines that tell a watch what there is already."""
        collection = (target.kind.group, target.kind.plural)
        events = (Event(0, "ADDED", collection, key, entry) for key, entry in self.store.items(collection))
        return [line for event in events if (line := self.event(request, target, event))]

    def event(self, request: Request, target: Target, event: Event) -> bytes | None:
        """One line of a watch, or None when the event is none of its business."""
        if event.collection != (target.kind.group, target.kind.plural):
            return None
        if target.namespace is not None and event.key[0] != target.namespace:
            return None
        if (target.name is not None and event.key[1] != target.name) or not selects(request.query, event.entry.object):
            return None
        if table.wanted(request.accept):
            body = orjson.dumps(table.render(target.kind, [event.entry.object], {}, self.clock()))
        else:
            body = self.body(target.kind, event.entry)
        return b'{"type":"' + event.type.encode() + b'","object":' + body + b"}\n"

    # ------------------------------------------------------------ writing

    def _create(self, request: Request, target: Target) -> Response:
        new = _decoded(request)
        metadata = new.setdefault("metadata", {})
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + uuid.uuid4().hex[:5]
        name = metadata.get("name")
        if not isinstance(name, str) or not name:
            raise invalid(target.kind.kind, "", "metadata.name: Required value: name or generateName is required")
        target = Target(target.kind, target.namespace, name, "")
        self._require_namespace(target)
        if self.store.get((target.kind.group, target.kind.plural), target.key) is not None:
            details = {"name": name, "kind": target.kind.plural}
            raise ApiError(409, "AlreadyExists", f'{target.kind.resource} "{name}" already exists', details)
        return Response(201, self._save(request, target, None, new))

    def _require_namespace(self, target: Target) -> None:
        if not target.kind.namespaced:
            return
        if target.namespace is None:
            raise bad_request("the namespace of the object is missing in the path")
        if self.store.get(("", "namespaces"), ("", target.namespace)) is None:
            raise not_found("namespaces", target.namespace)

    def _replace(self, request: Request, target: Target) -> Response:
        live, new = self._existing(target).object, _decoded(request)
        if target.subresource == "scale":
            new = _scaled(live, new)
        return self._saved(request, target, live, new)

    def _patch(self, request: Request, target: Target) -> Response:
        if request.content_type == APPLY:
            return self._apply(request, target)
        live, patch = self._existing(target).object, _json(request.body)
        whole = _scale_of(live) if target.subresource == "scale" else live
        match request.content_type:
            case "application/json-patch+json":
                new = json_patch(whole, patch)
            case "application/merge-patch+json":
                new = merge_patch(whole, patch)
            case "application/strategic-merge-patch+json" if not target.kind.custom:
                new = strategic_merge_patch(target.kind.schema, whole, patch)
            case other:
                message = "the body of the request was in an unknown format - accepted media types include: "
                raise ApiError(415, "UnsupportedMediaType", message + ", ".join(openapi.PATCH_TYPES) + f" (not {other})")
        if not isinstance(new, dict):
            raise bad_request("a patch must be an object")
        if target.subresource == "scale":
            new = _scaled(live, new)
        return self._saved(request, target, live, new)

    def _saved(self, request: Request, target: Target, live: Object, new: Object) -> Response:
        body = self._save(request, target, live, new)
        return Response(200, orjson.dumps(_scale_of(orjson.loads(body))) if target.subresource == "scale" else body)

    def _apply(self, request: Request, target: Target) -> Response:
        manager = request.query.get("fieldManager")
        if not manager:
            raise bad_request('PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: apply needs it')
        applied = _decoded(request)
        if applied.get("metadata", {}).get("managedFields"):
            raise bad_request("metadata.managedFields must be nil")
        kind = target.kind
        applied = normalise(kind.schema, defaults.converted(kind, applied), fill=False)
        sent = paths_of(kind.schema, applied)
        writer = Manager(manager, "Apply", kind.api_version, target.subresource, sent, timestamp(self.clock()))
        found = self.store.get((kind.group, kind.plural), target.key)
        if found is None:
            if target.subresource:
                raise not_found(kind.resource, target.name or "")
            self._require_namespace(target)
            applied.setdefault("metadata", {})["name"] = target.name
            return Response(201, self._save(request, target, None, applied, applier=writer))
        live = found.object
        managers = read(live)
        before = next((m.paths for m in managers if m.identity == writer.identity), frozenset())
        others = frozenset().union(*(m.paths for m in managers if m.identity != writer.identity))
        new = merge_applied(kind.schema, live, applied)
        new = prune(kind.schema, new, before - sent - others)
        self._check_conflicts(request, kind, live, new, writer)
        return Response(200, self._save(request, target, live, new, applier=writer))

    def _check_conflicts(self, request: Request, kind: Kind, live: Object, new: Object, writer: Manager) -> None:
        if request.query.get("force") == "true":
            return
        taken = compare(kind.schema, live, defaults.complete(kind, normalise(kind.schema, new), live)).taken
        clashes = [
            (manager.name, path)
            for manager in read(live)
            if manager.identity != writer.identity
            for path in sorted(manager.paths & taken & writer.paths)
        ]
        if not clashes:
            return
        causes = [
            {"reason": "FieldManagerConflict", "message": f'conflict with "{name}" using {kind.api_version}', "field": _dotted(path)}
            for name, path in clashes
        ]
        listed = "\n".join(f"- {cause['field']}" for cause in causes)
        plural = "conflict" if len(clashes) == 1 else "conflicts"
        names = ", ".join(sorted({f'"{name}"' for name, _ in clashes}))
        message = f"Apply failed with {len(clashes)} {plural}: {plural} with {names}:\n{listed}"
        raise ApiError(409, "Conflict", message, {"causes": causes})

    def _save(
        self,
        request: Request,
        target: Target,
        live: Object | None,
        new: Object,
        *,
        applier: Manager | None = None,
    ) -> bytes:
        """Take a new state through what every write goes through; the JSON of the object as it now is."""
        kind = target.kind
        now = timestamp(self.clock())
        sent_version = new.get("metadata", {}).get("resourceVersion")
        if live is not None and sent_version and sent_version != live["metadata"]["resourceVersion"]:
            raise stale(kind.resource, target.name or "")
        new = normalise(kind.schema, defaults.converted(kind, new))
        new = {"apiVersion": kind.api_version, "kind": kind.kind, **new}
        metadata = self._identified(target, live, new, now)
        if "status" in kind.subresources or not kind.custom:
            _keep_status(target, live, new)
        new = normalise(kind.schema, defaults.complete(kind, new, live))
        new |= {"apiVersion": kind.api_version, "kind": kind.kind}
        metadata = new["metadata"]
        managers = read(live) if live else []
        change = compare(kind.schema, live if live else empty(kind.schema), new)
        if live is not None and kind.counts and target.subresource != "status" and _spec_changed(live, new):
            metadata["generation"] = live["metadata"].get("generation", 0) + 1
        managers = self._managers(request, target, managers, change, applier, now)
        metadata["managedFields"] = write(managers)
        self.addresses.allocate(kind, new, live)
        if live is not None and _unversioned(new) == _unversioned(live):
            return self.body(kind, self._existing(target))
        if request.query.get("dryRun") == "All":
            return orjson.dumps(new)
        return self.body(kind, self._store(target, new))

    def _managers(
        self,
        request: Request,
        target: Target,
        managers: list[Manager],
        change: Difference,
        applier: Manager | None,
        now: str,
    ) -> list[Manager]:
        if applier is not None:
            return after_apply(managers, change, applier)
        # The scale subresource records no time.
        time = None if target.subresource == "scale" else now
        name = request.manager
        writer = Manager(name, "Update", target.kind.api_version, target.subresource, frozenset(), time)
        return after_update(managers, change, writer)

    @staticmethod
    def _identified(target: Target, live: Object | None, new: Object, now: str) -> Object:
        metadata: Object = new.setdefault("metadata", {})
        if metadata.get("name", target.name) != target.name:
            raise bad_request(f"the name of the object ({metadata['name']}) does not match the URL ({target.name})")
        metadata["name"] = target.name
        if target.kind.namespaced:
            if metadata.get("namespace", target.namespace) != target.namespace:
                raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
            metadata["namespace"] = target.namespace
        else:
            metadata.pop("namespace", None)
        metadata.pop("managedFields", None)
        if live is None:
            fixed = {"uid": str(uuid.uuid4()), "creationTimestamp": now}
            fixed |= {"generation": 1} if target.kind.counts else {}
        else:
            names = ("uid", "creationTimestamp", "generation", "resourceVersion", "deletionTimestamp")
            fixed = {name: live["metadata"][name] for name in names if name in live["metadata"]}
        metadata.pop("resourceVersion", None)
        metadata |= fixed
        return metadata

    def _store(self, target: Target, new: Object) -> Entry:
        kind = target.kind
        collection = (kind.group, kind.plural)
        metadata = new["metadata"]
        if metadata.get("deletionTimestamp") and not metadata.get("finalizers"):
            return self._removed(kind, target.key)
        if collection == CRDS:
            new["status"] = _established(new, metadata["creationTimestamp"])
            self.serve(*kinds_of_crd(new))
        return self.store.put(collection, target.key, new)

    # ------------------------------------------------------------ deleting

    def _delete(self, request: Request, target: Target) -> Response:
        live = self._existing(target).object
        kind = target.kind
        if request.query.get("dryRun") == "All":
            return Response(200, orjson.dumps(live))
        if live["metadata"].get("finalizers"):
            new = live | {"metadata": live["metadata"] | {"deletionTimestamp": timestamp(self.clock())}}
            return Response(200, self.body(kind, self.store.put((kind.group, kind.plural), target.key, new)))
        self._removed(kind, target.key)
        details = {"name": target.name, "kind": kind.plural, "uid": live["metadata"]["uid"]}
        details |= {"group": kind.group} if kind.group else {}
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        return Response(200, orjson.dumps(status))

    def _removed(self, kind: Kind, key: Key) -> Entry:
        gone = self.store.remove((kind.group, kind.plural), key)
        if (kind.group, kind.plural) == ("", "namespaces"):
            for collection, inner, _ in self.store.everything():
                if inner[0] == key[1]:
                    self.store.remove(collection, inner)
        if (kind.group, kind.plural) == CRDS:
            spec = gone.object["spec"]
            for version in spec["versions"]:
                self._kinds.pop((spec["group"], version["name"], spec["names"]["plural"]), None)
            for inner, _ in self.store.items((spec["group"], spec["names"]["plural"])):
                self.store.remove((spec["group"], spec["names"]["plural"]), inner)
        return gone


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"the request body is no JSON: {error}") from error


def _decoded(request: Request) -> Object:
    """The object in a request's body: JSON, or YAML where the media type says so."""
    if request.content_type == protobuf.MEDIA_TYPE:
        document: Any = protobuf.decode(request.body)
    elif "yaml" in request.content_type and not request.body.lstrip().startswith(b"{"):
        try:
            document = yaml.load(request.body, yaml.CSafeLoader)  # noqa: S506  the safe loader, in C
        except yaml.YAMLError as error:
            raise bad_request(f"the request body is no YAML: {error}") from error
    else:
        document = _json(request.body)
    if not isinstance(document, dict) or not isinstance(document.get("metadata", {}), dict):
        raise bad_request("the request body is no Kubernetes object")
    return document


def _keep_status(target: Target, live: Object | None, new: Object) -> None:
    """A write to the object leaves its status alone, and one to its status leaves the rest alone."""
    before = live or {}
    if target.subresource == "status":
        new["spec"] = before.get("spec", {})
        new["metadata"] |= {"labels": before.get("metadata", {}).get("labels", {})}
        for name in ("spec", "metadata"):
            if not new[name]:
                del new[name]
        return
    new.pop("status", None)
    if "status" in before:
        new["status"] = before["status"]


def _spec_changed(live: Object, new: Object) -> bool:
    apart = ("metadata", "status")
    if {k: v for k, v in live.items() if k not in apart} != {k: v for k, v in new.items() if k not in apart}:
        return True
    # A Deployment counts its annotations too: they are copied to its ReplicaSets.
    return new["kind"] == "Deployment" and live["metadata"].get("annotations") != new["metadata"].get("annotations")


def _unversioned(document: Object) -> Object:
    return document | {"metadata": {k: v for k, v in document["metadata"].items() if k != "resourceVersion"}}


def _scale_of(live: Object) -> Object:
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


def _scaled(live: Object, scale: Object) -> Object:
    version = scale.get("metadata", {}).get("resourceVersion")
    metadata = live["metadata"] | ({"resourceVersion": version} if version else {})
    return live | {"metadata": metadata, "spec": live["spec"] | {"replicas": scale.get("spec", {}).get("replicas", 0)}}


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
    """A path as the server's conflict messages spell it: `.spec.replicas`, `[name="web"].image`."""
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
