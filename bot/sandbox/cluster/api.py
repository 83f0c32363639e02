"""The API server without a network: takes a request, returns a response."""

import base64
import binascii
import itertools
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from bot.sandbox.cluster import discovery, openapi, table
from bot.sandbox.cluster.audit import AuditLogFile
from bot.sandbox.cluster.errors import NO_SUCH_PATH, ApiError, bad_request, forbidden
from bot.sandbox.cluster.kinds import Kind, builtin_kinds, kinds_of_crd
from bot.sandbox.cluster.request import NOBODY, ReceivedRequest, Request, Response, Target
from bot.sandbox.cluster.scale import scale_of
from bot.sandbox.cluster.selector import selector
from bot.sandbox.cluster.store import Entry, Event, Object, Store
from bot.sandbox.cluster.writing import APPLY, NAMESPACES, Writer

ADMIN = "admin"
BOT = "bot"
DEPLOYER = "deployer"
IDENTITIES = (ADMIN, BOT, DEPLOYER)
READ_ONLY = frozenset({BOT})

SNAPSHOTS = 64  # paginated lists in progress; older ones expire with a 410
REMEMBERED = 100_000  # requests, since a demo may run for days

VERB_OF = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Api:
    """Kubernetes' REST API on a `Store`. `handle` is thread-safe.

    `clock` returns aware datetimes, for creation and field ownership.
    """

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.clock = clock
        self.store = Store()
        self.requests: deque[ReceivedRequest] = deque(maxlen=REMEMBERED)
        self.audit_log: AuditLogFile | None = None
        self._broken: set[str] = set()
        self._kinds: dict[tuple[str, str, str], Kind] = {}  # by group, version, plural
        self._documents: dict[str, tuple[str, bytes]] = {}
        self._snapshots: OrderedDict[str, list[Entry]] = OrderedDict()
        self._tokens = itertools.count(1)
        self._writer = Writer(self.store, clock, self._define)
        self.serve(*builtin_kinds())
        for name in ("default", "kube-system"):
            self.create_namespace(name)

    # ------------------------------------------------------------ for the sandbox

    def serve(self, *kinds: Kind) -> None:
        """Serve more kinds."""
        with self.store.lock:
            for kind in kinds:
                self._kinds[(kind.group, kind.version, kind.plural)] = kind
                self._documents.pop(kind.path, None)

    def _define(self, crd: Object, served: bool) -> None:
        kinds = kinds_of_crd(crd)
        if served:
            self.serve(*kinds)
            return
        for kind in kinds:
            self._kinds.pop((kind.group, kind.version, kind.plural), None)
            self._documents.pop(kind.path, None)

    def create_namespace(self, name: str) -> None:
        """Create a namespace unless it exists."""
        with self.store.lock:
            if self.store.get(NAMESPACES, ("", name)) is None:
                namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
                self.call("POST", "/api/v1/namespaces", namespace, user_agent="kube-apiserver")

    def kind_of(self, api_version: str, kind: str) -> Kind:
        """The served kind for a manifest's apiVersion and kind. Raises ApiError 404 if it is not served."""
        with self.store.lock:
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
        """Make a request in this process, unrecorded and without faults. Raises ApiError if it is refused."""
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
        """Server-side apply with force, as deployers do; creates the object's namespace if it is missing."""
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
        """The path of an object. Raises ApiError 404 if its kind is not served."""
        kind = self.kind_of(document["apiVersion"], document["kind"])
        metadata = document["metadata"]
        scope = f"/namespaces/{metadata.get('namespace') or namespace or 'default'}" if kind.namespaced else ""
        return f"{kind.path}{scope}/{kind.plural}/{metadata['name']}"

    def break_version(self, api_version: str) -> None:
        """Answer 503 for a group version from now on, like an aggregated API whose Service has no endpoints."""
        with self.store.lock:
            self._broken.add(api_version)

    def restore_version(self, api_version: str) -> None:
        """Undo `break_version`."""
        with self.store.lock:
            self._broken.discard(api_version)

    def expire_watches(self) -> None:
        """Forget all events so far, so that a watch from an earlier resourceVersion gets a 410."""
        with self.store.lock:
            self.store.forget_events()

    def expire_lists(self) -> None:
        """Expire every continue token issued so far, so that it gets a 410."""
        with self.store.lock:
            self._snapshots.clear()

    # ------------------------------------------------------------ requests

    def handle(self, request: Request) -> Response:
        """Answer any request except a watch, also with errors."""
        with self.store.lock:
            self.requests.append(ReceivedRequest(request.method, request.path, request.user_agent, request.identity))
            try:
                return self._answer(request)
            except ApiError as error:
                return Response(error.code, orjson.dumps(error.status()))

    def target(self, request: Request) -> Target | None:
        """The target of a request's path; None if it is not a resource. Raises ApiError for an unknown resource."""
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
        response = self._about_objects(request, target)
        if self.audit_log and request.method in VERB_OF:
            self.audit_log.record(VERB_OF[request.method], request, target, response, self.clock())
        return response

    def _about_objects(self, request: Request, target: Target) -> Response:
        match request.method, target.name:
            case "GET", None:
                return self._list(request, target)
            case "GET", _:
                return self._get(request, target)
            case "POST", None:
                return self._writer.create(request, target)
            case "PUT", str():
                return self._writer.replace(request, target)
            case "PATCH", str():
                return self._writer.patch(request, target)
            case "DELETE", str() if not target.subresource:
                return self._writer.delete(request, target)
        raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")

    def _refuse_broken(self, api_version: str) -> None:
        if api_version in self._broken:
            raise ApiError(503, "ServiceUnavailable", "the server is currently unable to handle the request")

    # ------------------------------------------------------------ discovery and OpenAPI

    def _about_itself(self, request: Request) -> Response:
        if request.path in ("/healthz", "/livez", "/readyz"):
            return Response(200, b"ok")
        kinds = list(self._kinds.values())
        parts = [part for part in request.path.split("/") if part]
        if request.method == "GET" and parts[:2] == ["openapi", "v3"]:
            return self._openapi_answer("/" + "/".join(parts[2:]))
        document: Object | None = None
        match parts:
            case ["version"]:
                document = discovery.VERSION
            case ["api" | "apis" as root] if discovery.ASKS_AGGREGATED in request.accept:
                document = discovery.aggregated(kinds, core=root == "api", broken=self._broken)
            case ["api"]:
                document = discovery.core_versions()
            case ["apis"]:
                document = discovery.group_list(kinds)
            case ["apis", group]:
                document = discovery.group(kinds, group)
            case ["api", _] | ["apis", _, _] if members := [kind for kind in kinds if kind.path == request.path]:
                self._refuse_broken(members[0].api_version)
                document = discovery.resource_list(members)
        if document is None or request.method != "GET":
            raise ApiError(404, "NotFound", NO_SUCH_PATH)
        return Response(200, orjson.dumps(document))

    def _openapi_answer(self, path: str) -> Response:
        paths = sorted({kind.path for kind in self._kinds.values()})
        if path == "/":
            return Response(200, orjson.dumps(openapi.index((path, self._openapi(path)[0]) for path in paths)))
        if path not in paths:
            raise ApiError(404, "NotFound", NO_SUCH_PATH)
        return Response(200, self._openapi(path)[1])

    def _openapi(self, path: str) -> tuple[str, bytes]:
        """The digest of a group version's document, and the document."""
        if path not in self._documents:
            document = orjson.dumps(openapi.document([kind for kind in self._kinds.values() if kind.path == path]))
            self._documents[path] = (openapi.digest(document), document)
        return self._documents[path]

    # ------------------------------------------------------------ reading

    def _list(self, request: Request, target: Target) -> Response:
        kind = target.kind
        token = request.query.get("continue", "")
        limit = request.number("limit")
        if token:
            version, entries = self._resume(token)
        else:
            version = str(self.store.version)
            selects = selector(request.query)
            items = self.store.items(target.collection, target.namespace)
            entries = [entry for _, entry in items if selects(entry.object)]
        page, rest = (entries[:limit], entries[limit:]) if limit else (entries, [])
        metadata: Object = {"resourceVersion": version}
        if rest:
            metadata["continue"] = self._suspend(version, rest)
            metadata["remainingItemCount"] = len(rest)
        if table.is_requested(request.accept):
            return Response(200, orjson.dumps(table.render(kind, [e.object for e in page], metadata, self.clock())))
        head = {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": metadata}
        # Items of built-in lists have neither apiVersion nor kind; custom resources do.
        body = b",".join(kind.whole(entry.body) if kind.custom else entry.body for entry in page)
        return Response(200, orjson.dumps(head)[:-1] + b',"items":[' + body + b"]}")

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
        entry = self.store.require(target.collection, target.key, target.kind.resource)
        if target.subresource == "scale":
            return Response(200, orjson.dumps(scale_of(entry.object)))
        if table.is_requested(request.accept):
            metadata = {"resourceVersion": entry.object["metadata"]["resourceVersion"]}
            return Response(200, orjson.dumps(table.render(target.kind, [entry.object], metadata, self.clock())))
        return Response(200, target.kind.whole(entry.body))

    def present(self, request: Request, target: Target) -> list[bytes]:
        """The first lines of a watch: the existing objects."""
        items = self.store.items(target.collection, target.namespace)
        events = (Event(0, "ADDED", target.collection, key, entry) for key, entry in items)
        return [line for event in events if (line := self.event(request, target, event))]

    def event(self, request: Request, target: Target, event: Event) -> bytes | None:
        """One line of a watch; None if the event does not match it."""
        if event.collection != target.collection:
            return None
        if target.namespace is not None and event.key[0] != target.namespace:
            return None
        if (target.name is not None and event.key[1] != target.name) or not selector(request.query)(event.entry.object):
            return None
        if table.is_requested(request.accept):
            body = orjson.dumps(table.render(target.kind, [event.entry.object], {}, self.clock()))
        else:
            body = target.kind.whole(event.entry.body)
        return b'{"type":"' + event.type.encode() + b'","object":' + body + b"}\n"
