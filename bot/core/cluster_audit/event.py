"""Reads audit events of the API server (`audit.k8s.io/v1`), and keeps who changed which fields, without values.

https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from bot.core.cluster_audit.object_fields import Digests, ObjectFields, TooLargeError, bounded, digest
from bot.core.cluster_audit.write import EVERYTHING, ClusterWrite, ObjectKey, guess_resource
from bot.core.drift.model import ClusterUser
from bot.core.objects.path import PathIndex
from bot.core.objects.resource import items, mapping, text
from bot.core.objects.scalar_equality import parse_time
from bot.core.objects.step_budget import TooManyStepsError

Object = Mapping[str, Any]

_REPLICAS: Final = "spec.replicas"
_WITH_REPLICAS: Final = frozenset({"", "apps", "extensions"})  # the scale of a custom resource can be any field of spec
_METADATA: Final = "metadata"
_VERBS: Final = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_UPDATES: Final = frozenset({"update", "patch"})
_INVALID_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CREATED: Final = 201
_REFUSED: Final = 400
_TIMED_OUT: Final = 504  # the request may have taken effect
_LEVELS_WITH_BODIES: Final = frozenset({"Request", "RequestResponse"})
_TRUNCATED: Final = "audit.k8s.io/truncated"  # the annotation of an event that has lost its bodies
_MAX_NAME: Final = 256  # characters of a user, and bytes of an object, which must fit into an index
_MAX_MANAGER: Final = 128  # the API server's limit

# The subresources whose requests can change what git declares. That of the status takes metadata too.
_STATUS: Final = "status"
_SUBRESOURCES: Final = frozenset({"", "scale", _STATUS, "ephemeralcontainers", "resize"})

# Objects that controllers write all the time and nobody declares in git.
_RECORDS: Final = frozenset({"events", "leases", "tokenreviews", "subjectaccessreviews", "selfsubjectaccessreviews"})
_CONTROLLED: Final = frozenset({"controllerrevisions", "endpoints", "endpointslices", "nodes", "pods", "replicasets"})
_CONTROLLERS: Final = ("system:serviceaccount:kube-system:", "system:node:", "system:kube-", "system:apiserver")


@dataclass(frozen=True, slots=True)
class ObjectState:
    """An object after a request, as digests. With `is_partial`, only of the fields that the request could change.

    `api_version` is that of the response. `owned` are the fields that the request's manager owned then; None if
    unknown.
    """

    digests: Digests
    api_version: str = ""
    is_partial: bool = False
    generation: int | None = None
    owned: frozenset[str] | None = None


def read_write(event: Object, key: bytes, *, keep_users: bool) -> tuple[ClusterWrite, ObjectState | None] | None:
    """The request in an event if it changed something, and the object's state after it if the event has it.

    None if it changed nothing that git could declare: a read, a dry run, a refused request, a patch of only the status,
    a controller's own records. `key` is the key of the digests. Without `keep_users` the names of people are left out.
    Nothing of a Secret is read but its name.
    """
    write = _without_bodies(event, keep_users=keep_users)
    if write is None:
        return None
    response, reference = mapping(event, "responseObject"), mapping(event, "objectRef")
    write = replace(write, version=_version(response))
    if text(reference, "resource") == "secrets":
        return write, None
    if write.is_deletion:
        return (write if write.key.name else replace(write, fields=_deleted_names(response))), None
    if write.subresource == "scale":
        shows_replicas = write.fields == (_REPLICAS,) and text(response, "kind") == "Scale"
        return write, _scaled(response, key) if shows_replicas else None
    if not _is_object(response, reference):
        return (write, None) if _may_change_more_than_status(write, event.get("requestObject")) else None
    return _with_fields(write, response, event.get("requestObject"), key)


def _without_bodies(event: Object, *, keep_users: bool) -> ClusterWrite | None:
    verb, reference = text(event, "verb"), mapping(event, "objectRef")
    code = mapping(event, "responseStatus").get("code")
    times = [parse_time(text(event, name)) for name in ("requestReceivedTimestamp", "stageTimestamp")]
    parameters = _parameters(text(event, "requestURI").partition("?")[2])
    subresource, resource = text(reference, "subresource"), text(reference, "resource")
    user = text(mapping(event, "user"), "username")[:_MAX_NAME]
    impersonated = text(mapping(event, "impersonatedUser"), "username")[:_MAX_NAME]
    is_dry_run = _is_dry_run(event, parameters)
    is_done = code != _TIMED_OUT and event.get("stage") != "Panic"
    if (
        event.get("stage") not in ("ResponseComplete", "Panic")
        or verb not in _VERBS
        or not isinstance(code, int)
        or (is_done and code >= _REFUSED)
        or is_dry_run
        or subresource not in _SUBRESOURCES
        or resource in _RECORDS
        or ((resource in _CONTROLLED or subresource == _STATUS) and user.startswith(_CONTROLLERS))
        or None in times
    ):
        return None
    received, completed = (time for time in times if time)
    object_key = _object_key(event, reference, resource)
    is_creation = is_done and not subresource and (verb == "create" or (verb in _UPDATES and code == _CREATED))
    if not object_key.name and verb != "deletecollection":
        return None
    whole = is_creation or verb == "delete"
    may_be_dry_run = is_dry_run is None and "dryRun" in parameters
    scaled = _REPLICAS if object_key.group in _WITH_REPLICAS else "spec"
    limited_to = {"scale": (scaled,), _STATUS: (_METADATA,)}
    return ClusterWrite(
        id=_id(event, object_key),
        key=object_key,
        verb="create" if is_creation else "update" if verb == "create" else verb,
        user=ClusterUser(user, impersonated) if keep_users and not may_be_dry_run else None,
        manager=_manager(parameters, text(event, "userAgent")),
        time=received,
        completed=max(received, completed),
        subresource=subresource,
        is_apply="force" in parameters,
        fields=(EVERYTHING,) if whole else limited_to.get(subresource),
        is_exact=is_creation or (verb == "delete" and is_done and is_dry_run is False and _shows_if_gone(event)),
    )


def _with_fields(
    write: ClusterWrite, response: Object, request: Any, key: bytes
) -> tuple[ClusterWrite, ObjectState | None] | None:
    """With the fields that a patch names, and the object's state. None if it can only change the status."""
    try:
        fields = ObjectFields(response)
        digests = fields.digests(key)
        is_patch = write.verb == "patch" and not write.is_apply and not _is_whole_object(request)
        if is_patch and not write.is_exact:
            write = replace(write, fields=_within(fields.patched(request), write.fields))
        owned = None if is_patch or write.is_exact else fields.owned_by(write.manager)
    except (TooLargeError, TooManyStepsError, RecursionError):
        return write, None
    if write.is_status_only:
        return None
    generation = mapping(response, "metadata").get("generation")
    api_version = text(response, "apiVersion")
    return replace(write, api_version=api_version), ObjectState(
        digests, api_version, generation=generation if isinstance(generation, int) else None, owned=owned
    )


def _deleted_names(response: Object) -> tuple[str, ...] | None:
    """The names of the objects of a collection that a request deleted; None if unknown."""
    if not text(response, "kind").endswith("List"):
        return None
    return bounded(
        [text(mapping(item, "metadata"), "name") for item in items(response, "items") if isinstance(item, Mapping)]
    )


def _may_change_more_than_status(write: ClusterWrite, request: Any) -> bool:
    """Whether a request, without the object in the response, may have changed what git could declare.

    A request for the status can change metadata too, unless its body shows that it has none.
    """
    return write.subresource != _STATUS or not isinstance(request, Mapping) or _METADATA in request


def _within(fields: tuple[str, ...] | None, limits: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The fields that a request can change, of those that it names; None for any field."""
    if fields is None or limits is None:
        return limits if fields is None else fields
    return tuple(filter(PathIndex(limits).has_related, fields))


def _parameters(query: str) -> Mapping[str, list[str]]:
    """The parameters of a query, without those that the API server drops: any with a `;` or an invalid escape.

    https://pkg.go.dev/net/url#ParseQuery
    """
    pairs = (pair for pair in query.split("&") if ";" not in pair and not _INVALID_ESCAPE.search(pair))
    return parse_qs("&".join(pairs), keep_blank_values=True)


def _is_dry_run(event: Object, parameters: Mapping[str, list[str]]) -> bool | None:
    """Whether a request was a dry run; None if the event does not say.

    A deletion takes its options from its body if it has one, and ignores the query then.
    https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apiserver/pkg/endpoints/handlers/delete.go
    """
    if text(event, "verb") not in ("delete", "deletecollection"):
        return "dryRun" in parameters
    if "requestObject" in event:
        options = event["requestObject"]
        return bool(options.get("dryRun")) if isinstance(options, Mapping) else None
    has_bodies = text(event, "level") in _LEVELS_WITH_BODIES and _TRUNCATED not in mapping(event, "annotations")
    return "dryRun" in parameters if has_bodies else None


def _shows_if_gone(event: Object) -> bool:
    """Whether the event of a deletion has the response, which is the object as long as it has finalizers."""
    return bool(mapping(event, "responseObject"))


def _is_whole_object(request: Any) -> bool:
    """Whether a patch is a server-side apply, which names the whole object."""
    return isinstance(request, Mapping) and "apiVersion" in request and "kind" in request


def _scaled(response: Object, key: bytes) -> ObjectState:
    return ObjectState({_REPLICAS: digest(mapping(response, "spec").get("replicas", 0), key)}, is_partial=True)


def _object_key(event: Object, reference: Object, resource: str) -> ObjectKey:
    response = mapping(event, "responseObject")
    name = text(reference, "name") or (
        text(mapping(response, "metadata"), "name") if text(event, "verb") == "create" else ""
    )
    is_object = text(reference, "subresource") != "scale" and _is_object(response, reference)
    kind = guess_resource(text(response, "kind")) if is_object else resource
    return ObjectKey(*map(_cut, (text(reference, "apiGroup"), kind, text(reference, "namespace"), name)))


def _cut(name: str) -> str:
    return name.encode(errors="replace")[:_MAX_NAME].decode(errors="ignore")


def _is_object(response: Object, reference: Object) -> bool:
    """Whether a response is the object itself, and not only its metadata, a table, a list or a status."""
    kind, group = text(response, "kind"), text(response, "apiVersion").rpartition("/")[0]
    return kind not in ("", "Status") and not kind.endswith("List") and group == text(reference, "apiGroup")


def _manager(parameters: Mapping[str, list[str]], user_agent: str) -> str:
    """The name of the field manager, as the API server derives it.

    https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apiserver/pkg/endpoints/handlers/create.go
    """
    requested = parameters.get("fieldManager", [""])[0]
    name = requested or "".join(filter(str.isprintable, user_agent[:1000].partition("/")[0]))
    return name.encode()[:_MAX_MANAGER].decode(errors="ignore") or "unknown"


def _id(event: Object, key: ObjectKey) -> str:
    """The same ID for each delivery of an event. The audit ID isn't enough: clients can choose and repeat it."""
    parts = [text(event, name) for name in ("auditID", "verb", "requestURI", "requestReceivedTimestamp")]
    return hashlib.blake2b(orjson.dumps([*parts, str(key)]), digest_size=16).hexdigest()


def _version(response: Object) -> int | None:
    """The resourceVersion, which is always a decimal number.

    https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
    """
    version = text(mapping(response, "metadata"), "resourceVersion")
    return int(version) if version.isascii() and version.isdecimal() and len(version) < 20 else None
