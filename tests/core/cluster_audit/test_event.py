"""What is kept of an audit event, by verb, kind of patch, and user."""

import copy

import pytest

from bot.core.cluster_audit.event import read_write
from bot.core.drift.model import ClusterUser
from tests.common.audit import KEY, Recording, at_metadata, recorded_events


def the(verb, resource, **more):
    """The first such event of the log."""
    return next(
        event
        for event in recorded_events()
        if (event["verb"], event["objectRef"]["resource"]) == (verb, resource)
        and all(part in str(event[name]) for name, part in more.items())
    )


CONFIG_MAP = the("patch", "configmaps", requestURI="kubectl-patch")
DEPLOYMENT = the("patch", "deployments", requestURI="kubectl-set")
CONTAINERS = "spec.template.spec.containers[name=api]"


def with_(event, **changes):
    """The event with other values, by names separated by `__`."""
    event = copy.deepcopy(dict(event))
    for names, value in changes.items():
        *outer, last = names.split("__")
        inner = event
        for name in outer:
            inner = inner.setdefault(name, {})
        inner[last] = value
    return event


def kept(event):
    read = read_write(event, KEY, keep_users=True)
    return read and read[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"stage": "RequestReceived"},
        {"verb": "get"},
        {"verb": "watch"},
        {"requestURI": "/x?dryRun=All"},
        {"requestURI": "/x?a=1&dryRun=All"},
        {"requestURI": "/x?a=1;b=2&dryRun=All&c=%zz"},
        {"responseStatus__code": 403},
        {"responseStatus__code": 409},
        {"responseStatus": {}},
        {"objectRef__subresource": "status"},
        {"objectRef__subresource": "status", "requestObject": {"metadata": {"resourceVersion": "1"}, "status": {}}},
        {"objectRef__subresource": "status", "verb": "update", "user__username": "system:node:one"},
        {"objectRef__subresource": "finalize"},
        {"verb": "delete", "requestObject": {"kind": "DeleteOptions", "dryRun": ["All"]}},
        {"verb": "deletecollection", "requestObject": {"dryRun": ["All"]}},
        {"objectRef__resource": "events"},
        {"objectRef__resource": "leases"},
        {"objectRef__name": ""},
        {"requestReceivedTimestamp": "now"},
        {"objectRef__resource": "pods", "user__username": "system:node:one"},
        {"objectRef__resource": "replicasets", "user__username": "system:serviceaccount:kube-system:controller"},
    ],
)
def test_what_changes_nothing_that_git_declares_is_left_out(changes):
    assert kept(CONFIG_MAP)
    assert kept(with_(CONFIG_MAP, **changes)) is None


@pytest.mark.parametrize("level", [lambda event: event, at_metadata])
@pytest.mark.parametrize(
    ("changes", "user", "tool"),
    [
        ({}, ClusterUser("user2@example.com"), "kubectl patch"),
        ({"impersonatedUser": {"username": "bo"}}, ClusterUser("user2@example.com", "bo"), "kubectl patch"),
        ({"user__username": "system:serviceaccount:ci:a"}, ClusterUser("system:serviceaccount:ci:a"), "kubectl patch"),
        ({"requestURI": "/x"}, ClusterUser("user2@example.com"), "kubectl"),
        ({"requestURI": "/x?force=true"}, ClusterUser("user2@example.com"), "kubectl apply"),
        ({"requestURI": "/x", "userAgent": "Lens/1 a"}, ClusterUser("user2@example.com"), "Lens"),
        ({"requestURI": "/x", "userAgent": ""}, ClusterUser("user2@example.com"), "unknown"),
        ({"requestURI": "/x", "objectRef__subresource": "scale"}, ClusterUser("user2@example.com"), "kubectl scale"),
        ({"requestURI": "/x?fieldManager=kubectl-edit"}, ClusterUser("user2@example.com"), "kubectl edit"),
        (
            {"requestURI": "/x?fieldManager=kubectl-client-side-apply"},
            ClusterUser("user2@example.com"),
            "kubectl apply",
        ),
        ({"requestURI": "/x", "verb": "delete"}, ClusterUser("user2@example.com"), "kubectl delete"),
        ({"requestURI": "/x", "verb": "deletecollection"}, ClusterUser("user2@example.com"), "kubectl delete"),
    ],
)
def test_who_and_with_what_is_kept_at_each_level(level, changes, user, tool):
    write = kept(level(with_(CONFIG_MAP, **changes)))
    assert (write.user, write.tool) == (user, tool)


@pytest.mark.parametrize("query", ["dryRun=All;", "dryRun=All%zz", "dryRun%=All", "a=1;dryRun=All"])
def test_a_parameter_that_the_api_server_drops_hides_nothing(query):
    assert kept(with_(CONFIG_MAP, requestURI=f"/x?{query}")).user.name == "user2@example.com"


@pytest.mark.parametrize(
    ("uri", "options", "is_exact", "user"),
    [
        ("/x", {}, True, "user2@example.com"),
        ("/x?dryRun=All", {"kind": "DeleteOptions"}, True, "user2@example.com"),  # the body counts
        ("/x", None, False, "user2@example.com"),  # a body that could not be read
        ("/x?dryRun=All", None, False, None),
    ],
)
def test_a_deletion_that_may_be_a_dry_run_is_not_certain_and_names_nobody(uri, options, is_exact, user):
    for event in (
        with_(CONFIG_MAP, verb="delete", requestURI=uri, requestObject=options),
        *([at_metadata(with_(CONFIG_MAP, verb="delete", requestURI=uri))] if options is None else []),
    ):
        write = kept(event)
        assert (write.is_deletion, write.is_exact, write.user and write.user.name) == (True, is_exact, user)


@pytest.mark.parametrize(
    ("patch", "fields"),
    [
        ({"data": {"a": "1", "b": None}}, ("data.a", "data.b")),
        (
            {"metadata": {"annotations": {"example.com/a": None}, "resourceVersion": "1"}},
            ('metadata.annotations["example.com/a"]',),
        ),
        ({"status": {"replicas": 1}}, ()),
        ([{"op": "remove", "path": "/data/a"}], ("data.a",)),
        ([{"op": "test", "path": "/data/a"}, {"op": "add", "path": "/data/b~1c"}], ('data["b/c"]',)),
        ([{"op": "move", "from": "/data/a", "path": "/data/b"}], ("data.b", "data.a")),
        ([{"op": "replace", "path": "", "value": {}}], ("",)),
    ],
)
def test_a_patch_without_an_earlier_state_names_its_fields(patch, fields):
    write = kept(with_(CONFIG_MAP, requestObject=patch))
    assert (write.fields, write.is_exact) == (fields, False)


@pytest.mark.parametrize(
    ("patch", "fields"),
    [
        (
            {
                "spec": {
                    "template": {
                        "spec": {"$setElementOrder/containers": [], "containers": [{"name": "api", "image": "x"}]}
                    }
                }
            },
            (f"{CONTAINERS}.image",),
        ),
        (
            {"spec": {"template": {"spec": {"$retainKeys": [], "containers": [{"name": "api", "$patch": "delete"}]}}}},
            ("spec.template.spec", CONTAINERS),
        ),
        ({"metadata": {"$deleteFromPrimitiveList/finalizers": ["x"]}}, ("metadata.finalizers",)),
        ({"spec": {"template": {"spec": {"containers": [{"name": "api"}]}}}}, ("spec.template.spec.containers",)),
        ([{"op": "replace", "path": "/spec/template/spec/containers/0/image"}], (f"{CONTAINERS}.image",)),
        ([{"op": "remove", "path": "/spec/template/spec/containers/0"}], ("spec.template.spec.containers",)),
        ([{"op": "add", "path": "/spec/template/spec/containers/-"}], ("spec.template.spec.containers",)),
        ([{"op": "add", "path": "/spec/template/spec/containers/7/args"}], ("spec.template.spec.containers",)),
        ([{"op": "add", "path": "/spec/template/spec/containers/0/args/0"}], ("spec.template.spec.containers",)),
    ],
)
def test_items_of_lists_are_named_by_their_keys(patch, fields):
    assert kept(with_(DEPLOYMENT, requestObject=patch)).fields == fields


def test_server_side_apply_and_replacements_may_change_any_field_until_the_state_before_is_known():
    apply = the("patch", "configmaps", requestURI="terraform")
    assert (kept(apply).fields, kept(apply).is_apply) == (None, True)
    replace = the("update", "configmaps")
    assert kept(replace).fields is None
    before = [event for event in recorded_events() if event["objectRef"].get("name") == "worker"]
    exact = Recording(before).writes
    assert [exact[kept(event).id].fields for event in (replace, apply)] == [("data.mode",), ("data.mode",)]


def test_a_repeated_audit_id_does_not_replace_another_request():
    """A client may choose the audit ID of its requests."""
    other = with_(CONFIG_MAP, requestReceivedTimestamp="2026-11-21T14:40:00.000000Z")
    assert kept(other).id != kept(CONFIG_MAP).id
    assert kept(copy.deepcopy(CONFIG_MAP)).id == kept(CONFIG_MAP).id


@pytest.mark.parametrize("group_version_kind", [("meta.k8s.io/v1", "PartialObjectMetadata"), ("v1", "Status")])
def test_a_response_that_is_not_the_object_counts_as_none(group_version_kind):
    api_version, kind = group_version_kind
    write, state = read_write(
        with_(CONFIG_MAP, responseObject__apiVersion=api_version, responseObject__kind=kind), KEY, keep_users=True
    )
    assert (write.key, write.fields, state) == (kept(CONFIG_MAP).key, None, None)


def test_states_of_two_api_versions_are_not_compared():
    first, second, *_ = (
        event for event in recorded_events() if "/worker?fieldManager=kubectl-set" in event["requestURI"]
    )
    other = with_(second, responseObject__apiVersion="apps/v1beta2", objectRef__apiVersion="v1beta2")
    assert [write.is_exact for write in Recording([first, second]).writes.values()] == [False, True]
    assert [write.is_exact for write in Recording([first, other]).writes.values()] == [False, False]


def test_of_a_secret_only_its_name_is_read():
    secret = the("patch", "secrets")
    write, state = read_write(secret, KEY, keep_users=True)
    assert (write.fields or (), state) in (((), None), (("",), None))
