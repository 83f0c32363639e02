"""What strangers send to the audit webhook, and what a hostile or broken audit log can hold."""

import gc
import json
import tracemalloc
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.database import cluster_writes
from bot.config.sections.cluster_audit import ClusterAuditConfig
from bot.core.cluster_audit import event as event_module
from bot.core.cluster_audit import history
from bot.core.cluster_audit.event import read_write
from bot.core.cluster_audit.object_fields import MAX_CHARACTERS, MAX_FIELDS, ObjectFields, TooLargeError
from bot.core.cluster_audit.parse import BODIES, NotAnEventError, parse_events
from bot.core.drift.exclusions import DELETION_PATH
from bot.core.drift.model import Actor, ClusterUser, Confidence, FieldDrift, ObjectDrift, Status
from bot.handlers.cluster_audit import webhook
from bot.handlers.cluster_audit.identify import MAX_REMEMBERED, ActorFinder
from bot.handlers.cluster_audit.record import AuditRecorder
from bot.handlers.cluster_audit.webhook import AuditWebhook
from bot.http_endpoints import Web
from bot.http_server import MAX_BODY_BYTES
from tests.common.audit import KEY, Recording, recorded_events
from tests.common.samples import check
from tests.hostile.test_patterns import cpu_limit

NOW = datetime(2026, 11, 21, 15, tzinfo=UTC)
TOKEN = "a long random token"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
EVENT = next(event for event in recorded_events() if event["verb"] == "patch" and "data" in str(event["requestObject"]))


def event_list(*events):
    return json.dumps({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": events}).encode()


@pytest.fixture
def endpoint(store):
    """Sends a request to a bot that takes audit events of one cluster; returns the status."""
    recorder = AuditRecorder("prod", ClusterAuditConfig(webhook=True), [], store.cluster_writes, KEY)
    other = AuditRecorder("dev", ClusterAuditConfig(webhook=True), [], store.cluster_writes, KEY)
    tokens = {"prod": TOKEN, "dev": "the token of dev"}
    audit = AuditWebhook({"prod": recorder, "dev": other}, tokens, clock=lambda: NOW)
    address = ("127.0.0.1", 0)
    web = Web(address, address, audit=audit).start()

    def send(body=b"", headers=AUTHORIZED, path="/audit/prod", method="POST"):
        connection = HTTPConnection("127.0.0.1", web.port, timeout=20)
        with closing(connection):
            with suppress(ConnectionError):  # it answers and closes while this still sends
                connection.request(method, path, body, dict(headers))
            return connection.getresponse().status

    yield SimpleNamespace(send=send, audit=audit, recorder=recorder)
    web.stop()


def stored(store):
    """How many requests are stored, without those that could not be read."""
    with store.database.begin() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM cluster_writes WHERE object != '///'").scalar()


def test_only_who_has_the_token_is_read(endpoint, store):
    body = event_list(EVENT)
    wrong = ({}, {"Authorization": "Bearer"}, {"Authorization": f"Basic {TOKEN}"}, {"Authorization": "Bearer \xe9"})
    for headers in (*wrong, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": f"Bearer {TOKEN[:-1]}"}):
        assert endpoint.send(body, headers) == 401
        assert endpoint.send(b"{" * 1_000, headers, "/audit/no-such-cluster") == 401
    assert endpoint.send(method="GET") == 405
    assert endpoint.send(body, path="/audit/no-such-cluster") == 404
    assert endpoint.send(body, path="/audit/dev") == 401
    assert endpoint.send(body, {"Authorization": "Bearer the token of dev"}) == 401
    assert stored(store) == 0
    assert endpoint.send(body) == endpoint.send(body) == 200  # an API server may send it again
    assert stored(store) == 1


DEEP = b'{"apiVersion":"audit.k8s.io/v1","kind":"EventList","items":' + b"[" * 100_000


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff", b"{", b"[]", b"null", DEEP, b"[" * 100_000, b'{"kind":"EventList"}', event_list()[:-3]],
)
def test_what_is_not_an_event_list_is_refused(endpoint, store, body):
    assert endpoint.send(body) == 400
    assert stored(store) == 0


def test_too_large_and_too_many_requests_are_refused(endpoint, monkeypatch):
    assert endpoint.send(b" " * (MAX_BODY_BYTES + 1)) == 413
    for status in (200, 429):
        endpoint.audit._slots.acquire()
        assert endpoint.send(event_list()) == status
    for _ in range(2):
        endpoint.audit._slots.release()
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(webhook, "time", SimpleNamespace(monotonic=lambda: clock.now))
    assert [endpoint.send(event_list()) for _ in range(51)] == [*[200] * 50, 429]
    clock.now += 1
    assert endpoint.send(event_list()) == 200


@pytest.mark.parametrize(("before", "read"), [(4_999, 1), (5_000, 0), (15_000, 0)])
def test_a_body_with_endless_events_is_read_up_to_the_bound(endpoint, store, before, read):
    body = event_list(*({"verb": "patch", "n": number} for number in range(before)), EVENT)
    assert len(body) < MAX_BODY_BYTES
    assert endpoint.send(body) == 200
    assert stored(store) == read


@pytest.mark.parametrize(
    "live",
    [
        lambda more: {"data": {f"k{number}": "" for number in range(5_000 + more)}},
        lambda more: {"data": {"k" * (1_000 - len("data.") + more): ""}},
    ],
    ids=["fields", "characters of a path"],
)
def test_an_object_is_as_large_as_allowed_and_no_larger(live):
    assert ObjectFields(live(0)).digests(KEY)
    with pytest.raises(TooLargeError):
        ObjectFields(live(1)).digests(KEY)


@pytest.mark.parametrize(("levels", "is_read"), [(1_024, True), (1_025, False)])
def test_a_request_is_read_up_to_a_depth(levels, is_read):
    (event,) = parse_events(edit("mallory", "trace", 3, 11, nested(levels - 1)).encode())
    assert (event["requestObject"] is not None) is is_read


def test_names_are_cut():
    reference = {**EVENT["objectRef"], "name": "o" * 300, "namespace": "語" * 300}
    address = f"{EVENT['requestURI'].partition('?')[0]}?fieldManager={'m' * 200}"
    named = {"user": {"username": "u" * 300}, "objectRef": reference, "requestURI": address}
    write, _ = read_write({**EVENT, **named}, KEY, keep_users=True)
    assert (write.user.name, write.key.name, write.manager) == ("u" * 256, "o" * 256, "m" * 128)
    assert write.key.namespace == "語" * 85  # 255 bytes


@pytest.mark.parametrize(
    ("number", "width", "known"),
    [
        (MAX_FIELDS, 6, True),
        (MAX_FIELDS + 1, 6, False),
        (MAX_CHARACTERS // 512, 512 - len("data."), True),
        (MAX_CHARACTERS // 512 + 1, 512 - len("data."), False),
    ],
)
def test_a_request_names_as_many_fields_as_allowed_and_no_more(number, width, known):
    change = {"data": {f"{index:0{width}}": "x" for index in range(number)}}
    event = next(event for event in recorded_events() if is_merge_patch(event))
    write, _ = read_write({**event, "requestObject": change}, KEY, keep_users=True)
    assert (write.fields is not None) is known


def is_merge_patch(event):
    """Whether a ConfigMap was changed, and not applied."""
    is_patch = event["verb"] == "patch" and isinstance(event.get("requestObject"), dict)
    return is_patch and event["objectRef"]["resource"] == "configmaps" and "kubectl-patch" in event["requestURI"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(EVENT)), json_values, max_size=4), json_values)
@settings(max_examples=60)
def test_an_event_with_values_of_any_shape_is_read_or_left_out(replaced, patch):
    for event in ({**EVENT, **replaced}, {**EVENT, "requestObject": patch}):
        read = read_write(event, KEY, keep_users=True)
        assert read is None or read[0].time


@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=50)
def test_garbage_in_a_log_is_not_an_event(line):
    with pytest.raises(NotAnEventError):
        list(parse_events(line))


def nested(levels):
    return '{"a":' * levels + "1" + "}" * levels


def edit(user, value, second, version, junk=""):
    """The event of a request that sets `data.level` of a ConfigMap; `junk` is JSON that the patch contains too."""
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"namespace": "shop", "name": "settings", "resourceVersion": str(version)},
        "data": {"level": value},
    }
    at = f"2026-11-21T14:59:{second:02}.000000Z"
    event = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "auditID": user,
        "stage": "ResponseComplete",
        "requestURI": "/api/v1/namespaces/shop/configmaps/settings?fieldManager=kubectl-edit",
        "verb": "patch",
        "user": {"username": user},
        "objectRef": {"resource": "configmaps", "namespace": "shop", "name": "settings", "apiVersion": "v1"},
        "responseStatus": {"code": 200},
        "requestObject": {"data": {"level": value}, "junk": "JUNK"},
        "responseObject": config_map,
        "requestReceivedTimestamp": at,
        "stageTimestamp": at,
    }
    return json.dumps(event).replace('"JUNK"', junk or "0")


def named(store, value):
    """Who is said to have set `data.level` to a value."""
    field = FieldDrift("changed", "data.level", "info", value, manager=None, time=None)
    return actor_of(store, ObjectDrift("v1", "ConfigMap", "shop", "settings", "modified", (field,)))


def actor_of(store, drift, **of_last_check):
    """Who is said to have made a difference that was found two minutes after the last check, and a while later."""
    found = check(cluster="prod", drift=(drift,))
    finder = ActorFinder({"prod": ClusterAuditConfig(webhook=True, show_users=True)}, store.cluster_writes)
    earlier = replace(found, **{"at": NOW - timedelta(minutes=2), "drift": (), **of_last_check})
    (checked,) = finder.identify([found], {found.application: earlier}, NOW)
    (checked,) = finder.identify([found], {found.application: checked}, NOW + timedelta(minutes=5))
    actor = checked.drift[0].fields[0].actor if drift.fields else checked.drift[0].actor
    return actor and (actor.confidence.name, *sorted(user.name for user in actor.users))


@pytest.mark.parametrize(
    "junk", ["", nested(100), nested(300), nested(2_000), nested(9_000), r'"\ud800"', '{"requestObject":[0]}']
)
@pytest.mark.parametrize("way", ["webhook", "log"])
def test_nobody_hides_a_request_behind_its_content(store, junk, way):
    recorder = AuditRecorder("prod", ClusterAuditConfig(webhook=True, show_users=True), [], store.cluster_writes, KEY)
    events = [edit("deployer", "info", 1, 9), edit("alice", "debug", 2, 10), edit("mallory", "trace", 3, 11, junk)]
    items = ",".join(events)
    event_list = f'{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{items}]}}'
    assert recorder.receive([body.encode() for body in (events if way == "log" else [event_list])], NOW) == 0
    assert named(store, "trace") == ("CERTAIN", "mallory")


@pytest.mark.parametrize(
    "lost", [b"{", b'{"kind":"Event","apiVersion":"audit.k8s.io/v1","user":', b"\xff", event_list()[:-3]]
)
def test_nobody_is_named_with_certainty_once_an_event_is_lost(store, lost):
    """The lost one may be the request that changed the field."""
    recorder = AuditRecorder("prod", ClusterAuditConfig(webhook=True, show_users=True), [], store.cluster_writes, KEY)
    recorder.receive([edit("deployer", "info", 1, 9).encode(), edit("alice", "debug", 2, 10).encode()], NOW)
    assert named(store, "debug") == ("CERTAIN", "alice")
    assert recorder.receive([lost], NOW) == 1
    assert named(store, "debug") == ("LIKELY", "alice")
    recorder.receive([edit("bo", "debug", 30, 12).encode()], NOW)
    assert named(store, "debug")[0] != "CERTAIN"


def test_a_change_is_not_attributed_to_the_next_request_if_one_without_content_precedes_it(store):
    recorder = AuditRecorder("prod", ClusterAuditConfig(webhook=True, show_users=True), [], store.cluster_writes, KEY)
    mallory = json.loads(edit("mallory", "trace", 3, 11))
    mallory["responseObject"]["data"]["deep"] = json.loads(nested(500))
    events = (edit("alice", "debug", 2, 10), json.dumps(mallory), edit("bo", "trace", 4, 12))
    recorder.receive([event.encode() for event in events], NOW)
    assert named(store, "trace")[0] == "ONE_OF_SEVERAL"


def request(user, second, verb="patch", *, keys=("level",), deleted="", **fields):
    """The event of a request for the ConfigMap, which has these keys afterward, or to delete its collection."""
    event = json.loads(edit(user, "info", second, second))
    event["responseObject"]["data"] = dict.fromkeys(keys, "info")
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}}
    of_verb = {
        "create": {"responseStatus": {"code": 201}},
        "update": {"requestObject": {}},
        "delete": {"responseObject": status, "requestObject": {}},
        "deletecollection": {
            "responseObject": {"kind": "ConfigMapList", "apiVersion": "v1", "items": [{"metadata": {"name": deleted}}]},
            "objectRef": {**event["objectRef"], "name": ""},
            "requestObject": {},
        },
    }
    return {**event, "verb": verb, "level": "RequestResponse", **of_verb.get(verb, {}), **fields}


def metadata_only(event):
    return {name: event[name] for name in event if name not in BODIES} | {"level": "Metadata"}


def of_cluster(user, second, verb="update", *, instances):
    """The event of a request for a custom resource, whose scale is in `spec.instances`."""
    event = request(user, second, verb)
    metadata = {**event["responseObject"]["metadata"], "name": "db"}
    cluster = {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": metadata}
    reference = {"apiGroup": "postgresql.cnpg.io", "resource": "clusters", "namespace": "shop", "name": "db"}
    return event | {"objectRef": reference, "responseObject": {**cluster, "spec": {"instances": instances}}}


def scale(event, replicas):
    """The event of the same request for the scale."""
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": event["responseObject"]["metadata"]}
    reference = {**event["objectRef"], "subresource": "scale"}
    return event | {"objectRef": reference, "responseObject": {**scale, "spec": {"replicas": replicas}}}


TERMINATING = {"responseObject": {**request("", 1)["responseObject"]}}
CREATED, CREATED_EMPTY = request("dep", 1, "create"), request("ana", 1, "create", keys=["other"])
FAILED = {"responseStatus": {"code": 504}, "responseObject": {"kind": "Status", "apiVersion": "v1"}}
WRONGLY_NAMED = {
    "deleted: a later deletion of other objects": (
        [CREATED, request("bo", 2, "delete"), request("ana", 3, "deletecollection", deleted="other")],
        ("CERTAIN", "bo"),
    ),
    "deleted: only other objects": ([CREATED, request("ana", 3, "deletecollection", deleted="other")], None),
    "deleted: with its collection": (
        [CREATED, request("bo", 3, "deletecollection", deleted="settings")],
        ("LIKELY", "bo"),
    ),
    "deleted: again while it was terminating": (
        [CREATED, request("bo", 2, "delete", **TERMINATING), request("ana", 3, "delete", **TERMINATING)],
        ("ONE_OF_SEVERAL", "ana", "bo"),
    ),
    "deleted: again, and the log does not show whether it was gone": (
        [CREATED, *(request(user, 2, "delete", level="Request", responseObject=...) for user in ("ana", "bo"))],
        ("ONE_OF_SEVERAL", "ana", "bo"),
    ),
    "deleted: perhaps a dry run": (
        [request("ana", 2, "delete", requestObject=..., annotations={"audit.k8s.io/truncated": "true"})],
        ("LIKELY", "ana"),
    ),
    "deleted: or by another request, unless that was a dry run": (
        [
            metadata_only(CREATED),
            metadata_only(request("bo", 2, "delete")),
            metadata_only(request("ana", 3, "delete", requestURI="/x?dryRun=All")),
        ],
        ("ONE_OF_SEVERAL",),
    ),
    "deleted: by a request that timed out": ([CREATED, request("bo", 2, "delete", **FAILED)], ("LIKELY", "bo")),
    "removed: with the object, which was created again without it": ([CREATED_EMPTY], ("LIKELY", "ana")),
    "removed: after it was set, by a request that has not arrived": (
        [request("dep", 1, "update", keys=[]), request("dep", 2, "update")],
        None,
    ),
    "removed": ([request("dep", 1, "update"), request("bo", 2, keys=[])], ("CERTAIN", "bo")),
    "removed: perhaps by a request that timed out": (
        [request("dep", 1, "update"), request("bo", 2, **FAILED), request("ana", 3, "update", keys=[])],
        ("ONE_OF_SEVERAL", "ana", "bo"),
    ),
    "removed: perhaps by a request that panicked": (
        [request("dep", 1, "update"), request("bo", 2, **FAILED, stage="Panic"), request("ana", 3, "update", keys=[])],
        ("ONE_OF_SEVERAL", "ana", "bo"),
    ),
    "removed: last by the version, although the clocks of the API servers differ": (
        [
            request("old", 1, "delete"),
            CREATED,
            *(
                {**request(user, version, keys=keys), "requestReceivedTimestamp": f"2026-11-21T14:59:{second}.0Z"}
                for user, version, second, keys in (("ana", 3, 22, []), ("dep", 4, 21, ["level"]), ("bo", 5, 20, []))
            ),
        ],
        ("CERTAIN", "bo"),
    ),
    "scaled: a custom resource": (
        [
            of_cluster("dep", 1, "create", instances=3),
            of_cluster("bo", 2, instances=5),
            scale(of_cluster("ana", 3, instances=1), 1),
        ],
        ("ONE_OF_SEVERAL", "ana", "bo"),
    ),
}
_REMOVED = FieldDrift("removed", "data.level", "info", None, manager=None, time=None)
_INSTANCES = FieldDrift("changed", "spec.instances", 3, 1, manager="kubectl-edit", time=NOW - timedelta(seconds=57))
DIFFERENCES = {
    "deleted": ObjectDrift("v1", "ConfigMap", "shop", "settings", "missing", ()),
    "removed": ObjectDrift("v1", "ConfigMap", "shop", "settings", "modified", (_REMOVED,)),
    "scaled": ObjectDrift("postgresql.cnpg.io/v1", "Cluster", "shop", "db", "modified", (_INSTANCES,)),
}


@pytest.mark.parametrize("case", WRONGLY_NAMED)
def test_nobody_is_named_for_what_another_request_may_have_done(store, case):
    events, expected = WRONGLY_NAMED[case]
    recorder = AuditRecorder("prod", ClusterAuditConfig(webhook=True, show_users=True), [], store.cluster_writes, KEY)
    bodies = [{name: value for name, value in event.items() if value is not ...} for event in events]
    recorder.receive([json.dumps(body).encode() for body in bodies], NOW)
    assert actor_of(store, DIFFERENCES[case.partition(":")[0]]) == expected


def test_whoever_created_an_object_did_not_remove_what_git_declares_since(store):
    recorder = AuditRecorder("prod", ClusterAuditConfig(webhook=True, show_users=True), [], store.cluster_writes, KEY)
    recorder.receive([json.dumps(CREATED_EMPTY).encode()], NOW)
    field = FieldDrift("removed", "data.level", "info", None, manager=None, time=None)
    drift = ObjectDrift("v1", "ConfigMap", "shop", "settings", "modified", (field,))
    assert actor_of(store, drift, revision="0" * 40) is None


def test_a_deletion_that_arrives_late_replaces_one_that_may_have_been_a_dry_run(store):
    recorder = AuditRecorder("prod", ClusterAuditConfig(webhook=True, show_users=True), [], store.cluster_writes, KEY)
    finder = ActorFinder({"prod": ClusterAuditConfig(webhook=True, show_users=True)}, store.cluster_writes)
    found = check(cluster="prod", drift=(ObjectDrift("v1", "ConfigMap", "shop", "settings", "missing", ()),))
    last, names = replace(found, at=NOW - timedelta(minutes=2), drift=()), []
    for minutes, user in ((0, "ana"), (1, ""), (2, "bo"), (3, "")):
        if user:
            event = metadata_only(request(user, minutes, "delete"))
            recorder.receive([json.dumps(event).encode()], NOW)
        (last,) = finder.identify([found], {found.application: last}, NOW + timedelta(minutes=minutes))
        names.append([user.name for user in last.drift[0].actor.users] if last.drift[0].actor else [])
    assert names == [[], ["ana"], ["ana", "bo"], ["ana", "bo"]]


def at(minutes, event):
    """The event at another time: so many minutes after NOW."""
    time = (NOW + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return event | {"requestReceivedTimestamp": time, "stageTimestamp": time}


@pytest.mark.parametrize(
    ("deleted", "later", "confidence"),
    [
        (request("ana", 2, "delete"), b"{", "CERTAIN"),
        (
            metadata_only(request("ana", 2, "delete")),
            json.dumps(metadata_only(at(60, request("bo", 2, "deletecollection")))).encode(),
            "LIKELY",
        ),
        (
            request("ana", 2, "delete", **TERMINATING),
            json.dumps(at(60, request("bo", 3, "delete", **TERMINATING))).encode(),
            "CERTAIN",
        ),
    ],
    ids=["an event that cannot be read", "the deletion of the collection", "another deletion"],
)
def test_what_happened_an_hour_after_a_deletion_was_found_does_not_change_who_made_it(
    store, deleted, later, confidence
):
    recorder = AuditRecorder("prod", ClusterAuditConfig(webhook=True, show_users=True), [], store.cluster_writes, KEY)
    finder = ActorFinder({"prod": ClusterAuditConfig(webhook=True, show_users=True)}, store.cluster_writes)
    found = check(cluster="prod", drift=(ObjectDrift("v1", "ConfigMap", "shop", "settings", "missing", ()),))
    last = replace(found, at=NOW - timedelta(minutes=2), drift=())
    for minutes, body in ((0, json.dumps(deleted).encode()), (60, later)):
        recorder.receive([body], NOW + timedelta(minutes=minutes))
        for wait in (0, 5):
            (last,) = finder.identify([found], {found.application: last}, NOW + timedelta(minutes=minutes + wait))
        actor = last.drift[0].actor
        assert (actor.confidence.name, [user.name for user in actor.users]) == (confidence, ["ana"])


def test_a_difference_that_comes_back_is_of_whoever_made_it_again(store):
    recorder = AuditRecorder("prod", ClusterAuditConfig(webhook=True, show_users=True), [], store.cluster_writes, KEY)
    finder = ActorFinder({"prod": ClusterAuditConfig(webhook=True, show_users=True)}, store.cluster_writes)
    field = FieldDrift("changed", "data.level", "info", "debug", manager=None, time=None)
    found = check(cluster="prod", drift=(ObjectDrift("v1", "ConfigMap", "shop", "settings", "modified", (field,)),))
    last = in_sync = replace(found, at=NOW - timedelta(minutes=2), drift=())
    names = []
    for minutes, user, result in ((0, "ana", found), (10, "dep", in_sync), (60, "bo", found)):
        recorder.receive([json.dumps(metadata_only(at(minutes, request(user, 1, "update")))).encode()], NOW)
        for wait in (1, 6):
            now = NOW + timedelta(minutes=minutes + wait)
            (last,) = finder.identify([replace(result, at=now)], {found.application: last}, now)
        names.append([user.name for item in last.drift for user in item.fields[0].actor.users])
    assert names == [["ana"], [], ["bo"]]


@pytest.mark.parametrize("last_check", [{"revision": "0" * 40}, {"status": Status.UNKNOWN}, None])
def test_a_likely_name_waits_for_late_events_even_if_the_difference_may_be_old(store, last_check):
    """No earlier check shows that the difference is new: the last one had another revision, say."""
    audit = ClusterAuditConfig(webhook=True, show_users=True)
    recorder = AuditRecorder("prod", audit, [], store.cluster_writes, KEY)
    finder = ActorFinder({"prod": audit}, store.cluster_writes)
    field = FieldDrift("removed", "data.level", "info", None, manager=None, time=None)
    found = check(cluster="prod", drift=(ObjectDrift("v1", "ConfigMap", "shop", "settings", "modified", (field,)),))
    previous, names = {}, []
    if last_check:
        previous[found.application] = replace(found, at=NOW - timedelta(minutes=5), drift=(), **last_check)
    for minutes, requests in (
        (0, [(-120, "dep", "create"), (-60, "ana", "update")]),
        (1, [(0, "bo", "update")]),  # arrives late
        (2, []),
        (61, [(60, "cy", "update")]),
        (23.5 * 60, []),  # without the requests before bo's
        (26 * 60, []),
    ):
        now = NOW + timedelta(minutes=minutes)
        events = [metadata_only(at(when, request(user, 1, verb))) for when, user, verb in requests]
        recorder.receive([json.dumps(event).encode() for event in events], now)
        recorder.prune(now)
        (last,) = finder.identify([replace(found, at=now)], previous, now)
        previous[found.application] = last
        actor = last.drift[0].fields[0].actor
        names.append(actor and [user.name for user in actor.users])
    assert names == [None, *[["ana", "bo"]] * 5]


def test_differences_that_keep_changing_while_the_application_is_unknown_stay_within_the_bounds(store):
    finder = ActorFinder({"prod": ClusterAuditConfig(webhook=True)}, store.cluster_writes)
    kept = FieldDrift("added", f"data.{'k' * 10_000}", None, "y" * 10_000)
    previous = {}
    for number in range(MAX_REMEMBERED + 50):
        fields = (kept, FieldDrift("changed", "data.level", "info", f"{number:010000}"))
        drift = replace(DIFFERENCES["removed"], fields=fields)
        found = check(cluster="prod", drift=(drift,), status=Status.UNKNOWN, error="403")
        (previous[found.application],) = finder.identify([found], previous, NOW + timedelta(minutes=number))
    (remembered,) = finder._windows.values()
    assert len(remembered) == MAX_REMEMBERED + len(fields)
    assert max(len(str(identity)) for identity in remembered) < 300
    assert min(window.before for window in remembered.values()) == NOW + timedelta(seconds=5)  # that of `kept`


@pytest.mark.parametrize("place", [{"cluster": "dev"}, {"namespace": "other"}], ids=str)
@pytest.mark.parametrize("audits", [["prod"], ["prod", "dev"]], ids=str)
@pytest.mark.parametrize("was_found", [True, False])
def test_an_application_that_moves_takes_no_names_along(store, place, audits, was_found):
    """Nor the time of its last check, after which nobody but ana changed the object where it is now."""
    audit = ClusterAuditConfig(webhook=True, show_users=True)
    for cluster in audits:
        recorder = AuditRecorder(cluster, audit, [], store.cluster_writes, KEY)
        recorder.receive([json.dumps(metadata_only(request("ana", 1, "update"))).encode()], NOW)
    finder = ActorFinder(dict.fromkeys(audits, audit), store.cluster_writes)
    drift, ana = DIFFERENCES["removed"], Actor(Confidence.CERTAIN, (ClusterUser("ana"),), "kubectl edit", NOW)
    known = replace(drift, fields=(replace(drift.fields[0], actor=ana),))
    here = {"cluster": "prod", "namespace": "shop"}
    last = check(**here, drift=(known,) if was_found else (), at=NOW - timedelta(minutes=2))
    for minutes in (-2, 0, 5):
        found = last if minutes == -2 else check(**{**here, **place}, drift=(drift,))
        (last,) = finder.identify([found], {last.application: last}, NOW + timedelta(minutes=minutes))
    assert last.drift[0].fields[0].actor is None


GONE = ObjectDrift("v1", "ConfigMap", "shop", "settings", "missing", ())
IN_SYNC, RESTART = None, (0, "restart")


def deleting(minutes):
    """The difference of the ConfigMap that is being deleted since so many minutes after NOW."""
    time = at(minutes, {})["stageTimestamp"]
    field = FieldDrift("added", DELETION_PATH, None, time, manager=None, time=None)
    return ObjectDrift("v1", "ConfigMap", "shop", "settings", "modified", (field,))


# The requests that delete an object with a finalizer, and what checks find, each with its minute.
SLOWLY_DELETED = {
    "once": ([(1, "ana")], [(0, IN_SYNC), (2, deleting(1)), (30, deleting(1)), (31, GONE)], ("CERTAIN", "ana")),
    "again later": ([(1, "ana"), (30, "bo")], [(0, IN_SYNC), (2, deleting(1)), (31, GONE)], ("CERTAIN", "ana")),
    "again before a check": (
        [(1, "ana"), (2, "bo")],
        [(0, IN_SYNC), (3, deleting(2)), (30, deleting(2)), (31, GONE)],
        ("ONE_OF_SEVERAL", "ana", "bo"),
    ),
    "again after a restart": (
        [(1, "ana"), (30, "bo")],
        [(0, IN_SYNC), (2, deleting(1)), RESTART, (31, GONE)],
        ("CERTAIN", "ana"),
    ),
    "again, long after a request that the log no longer has": (
        [(30, "bo")],
        [(0, IN_SYNC), (2, deleting(1)), RESTART, (31, deleting(1)), (32, GONE)],
        None,
    ),
    "again, before the first check": ([(30, "bo")], [(31, GONE)], ("LIKELY", "bo")),
    "again, after it was created again": (
        [(1, "ana"), (10, "dep"), (30, "bo")],
        [(0, IN_SYNC), (2, deleting(1)), (20, IN_SYNC), (31, GONE)],
        ("CERTAIN", "bo"),
    ),
    "again, after it was created again between checks": (
        [(1, "ana"), (10, "dep"), (30, "bo")],
        [(0, IN_SYNC), (2, deleting(1)), (31, GONE)],
        None,
    ),
}


@pytest.mark.parametrize("level", ["RequestResponse", "Metadata"])
@pytest.mark.parametrize("case", SLOWLY_DELETED)
def test_an_object_that_is_gone_long_after_its_deletion_was_not_deleted_by_whoever_deleted_it_again(store, case, level):
    requests, checks, expected = SLOWLY_DELETED[case]
    audit = ClusterAuditConfig(webhook=True, show_users=True)
    recorder = AuditRecorder("prod", audit, [], store.cluster_writes, KEY)
    for minutes, user in requests:
        verb = {"verb": "create", "responseStatus": {"code": 201}} if user == "dep" else {"verb": "delete"}
        event = at(minutes, request(user, minutes) | {"requestObject": {}} | verb)
        body = json.dumps(event if level == "RequestResponse" else metadata_only(event)).encode()
        recorder.receive([body], NOW + timedelta(minutes=minutes))
    finder, previous = ActorFinder({"prod": audit}, store.cluster_writes), {}
    for minutes, drift in checks:
        if (minutes, drift) == RESTART:
            finder = ActorFinder({"prod": audit}, store.cluster_writes)
            continue
        now = NOW + timedelta(minutes=minutes)
        found = check(cluster="prod", drift=(drift,) if drift else (), at=now)
        for wait in (0, 1):  # at level Metadata, a name waits for late events
            (last,) = finder.identify([found], previous, now + timedelta(seconds=55 * wait))
            previous = {last.application: last}
    (gone,) = last.drift
    actor = gone.actor and (gone.actor.confidence.name, *sorted(user.name for user in gone.actor.users))
    certain = {"CERTAIN": "LIKELY"} if level == "Metadata" else {}
    assert actor == (expected and (certain.get(expected[0], expected[0]), *expected[1:]))


@pytest.mark.parametrize(("verb", "change"), [("update", "removed"), ("delete", "missing")])
@pytest.mark.parametrize(
    ("bound", "most", "expected"),
    [
        ("WRITES_OF_OBJECT", 5, ("ONE_OF_SEVERAL", "ana", "bo")),
        ("WRITES_OF_OBJECT", 4, None),
        ("WRITES_BYTES", 1_000, None),
    ],
)
def test_nobody_hides_a_request_behind_many(store, monkeypatch, verb, change, bound, most, expected):
    monkeypatch.setattr(cluster_writes, bound, most)
    recorder = AuditRecorder("prod", ClusterAuditConfig(webhook=True, show_users=True), [], store.cluster_writes, KEY)
    events = [request("bo" if second > 1 else "ana", second, verb) for second in range(1, 6)]
    recorder.receive([json.dumps(metadata_only(event)).encode() for event in events], NOW)
    field = FieldDrift("removed", "data.level", "info", None, manager=None, time=None)
    of_change = ("missing", ()) if change == "missing" else ("modified", (field,))
    assert actor_of(store, ObjectDrift("v1", "ConfigMap", "shop", "settings", *of_change)) == expected


def test_a_request_that_is_not_known_to_name_the_field_counts_as_much_as_one_that_is(store):
    """Without a window: the bot has just started."""
    recorder = AuditRecorder("prod", ClusterAuditConfig(webhook=True, show_users=True), [], store.cluster_writes, KEY)
    status = {"objectRef": {**request("", 1)["objectRef"], "subresource": "status"}}
    events = [request("sa", 1, **status), request("ana", 2, "update"), request("sa", 3, **status)]
    recorder.receive([json.dumps(metadata_only(event)).encode() for event in events], NOW)
    field = FieldDrift("removed", "metadata.labels.team", "a", None, manager=None, time=None)
    drift = ObjectDrift("v1", "ConfigMap", "shop", "settings", "modified", (field,))
    assert actor_of(store, drift, revision="0" * 40) is None


def test_an_event_that_fails_unexpectedly_is_kept_without_its_content(store, monkeypatch):
    recorder = AuditRecorder("prod", ClusterAuditConfig(webhook=True, show_users=True), [], store.cluster_writes, KEY)
    monkeypatch.setattr(event_module, "ObjectFields", lambda _: 1 / 0)
    recorder.receive([edit("mallory", "trace", 3, 11).encode()], NOW)
    assert named(store, "trace") == ("LIKELY", "mallory")


def response(**more):
    return {**EVENT["responseObject"], **more}


HUGE = {
    "many fields": response(data={f"key-{number}": "v" for number in range(50_000)}),
    "a long key": response(data={"k" * 1_000_000: "v"}),
    "a long value": response(data={"k": "v" * 3_000_000}),
    "long keys": response(data={f"{'-' * 245}{number:06}": "v" for number in range(4_500)}),
    "keys that take long to search for credentials": response(
        apiVersion="example.com/v1", spec={f"{('://' + ':' * 196) * 4}{number:06}": "v" for number in range(1_200)}
    ),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_object_is_kept_without_its_fields_or_values(name):
    with cpu_limit(2):
        write, state = read_write({**EVENT, "responseObject": HUGE[name]}, KEY, keep_users=True)
    assert len(repr(write)) + len(repr(state)) < 20_000


def test_long_names_are_cut():
    event = {
        **EVENT,
        "user": {"username": "u" * 10_000},
        "userAgent": "a" * 10_000,
        "requestURI": f"/x?fieldManager={'m' * 10_000}",
        "objectRef": {**EVENT["objectRef"], "namespace": "n" * 10_000},
    }
    write, _ = read_write(event, KEY, keep_users=True)
    assert len(repr(write)) < 2_000


def test_an_object_that_is_scaled_all_the_time_keeps_its_state():
    deployment = next(event for event in recorded_events() if event["objectRef"].get("subresource") == "scale")
    name = deployment["objectRef"]["name"]
    created, patched = (
        next(
            event
            for event in recorded_events()
            if event["objectRef"].get("name") == name
            and event["objectRef"]["resource"] == "deployments"
            and (event["responseStatus"]["code"], event["verb"]) == (code, "patch")
            and "subresource" not in event["objectRef"]
        )
        for code in (201, 200)
    )
    version = int(created["responseObject"]["metadata"]["resourceVersion"])
    recording = Recording([created])
    for number in range(2 * history.MAX_STATES):
        metadata = {**deployment["responseObject"]["metadata"], "resourceVersion": str(version)}
        scaled = {**deployment["responseObject"], "metadata": metadata, "spec": {"replicas": 2}}
        recording.add([{**deployment, "auditID": str(number), "responseObject": scaled}])
    metadata = {**patched["responseObject"]["metadata"], "generation": 2}
    recording.add([{**patched, "responseObject": {**patched["responseObject"], "metadata": metadata}}])
    write = max(recording.writes.values(), key=lambda item: item.version)
    assert write.is_exact
    assert len(recording.histories._histories[write.key].entries) == history.MAX_STATES


def test_many_objects_and_many_writes_of_one_stay_within_the_bounds(monkeypatch):
    monkeypatch.setattr(history, "MAX_DIGESTS", 500)
    tracemalloc.start()
    recording = Recording()
    for number in range(600):
        metadata = {**EVENT["responseObject"]["metadata"], "name": f"c-{number % 200}", "resourceVersion": str(number)}
        recording.add(
            [
                {
                    **EVENT,
                    "auditID": str(number),
                    "responseObject": response(metadata=metadata),
                    "objectRef": {**EVENT["objectRef"], "name": metadata["name"]},
                }
            ]
        )
        recording.writes.clear()
    assert recording.histories._size <= 500
    gc.collect()
    assert tracemalloc.get_traced_memory()[0] < 4 * 2**20
    tracemalloc.stop()
