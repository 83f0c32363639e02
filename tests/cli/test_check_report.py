"""What `gitops-bot check` prints and how it exits."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.cli.check_report import as_json, as_text, exit_code
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, SourceLocation, Status

_SHA = "5f0c" * 10
_AT = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
_EDITED = datetime(2026, 11, 20, 17, 29, 42, tzinfo=timezone(timedelta(hours=-3)))

_WEB = ObjectDrift(
    "apps/v1",
    "Deployment",
    "shop",
    "web",
    "modified",
    (
        FieldDrift("changed", "spec.replicas", 2, 7, "kubectl", _EDITED),
        FieldDrift("removed", "metadata.labels.tier", "front", None),
        FieldDrift("added", "spec.template.spec.containers[name=web].env[name=DEBUG]", None, {"name": "DEBUG"}, "k9s"),
    ),
)
_ROLE = ObjectDrift("rbac.authorization.k8s.io/v1", "ClusterRole", None, "reader", "missing")


def _check(status, name="shop", *, error=None, drift=(), revision=_SHA, objects=120):
    return Check(name, "prod", revision, status, error, objects, _AT, drift)


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ([Status.SYNCED, Status.SYNCED], 0),
        ([Status.SYNCED, Status.OUT_OF_SYNC], 1),
        ([Status.OUT_OF_SYNC, Status.UNKNOWN], 2),
        ([Status.SYNCED, Status.UNKNOWN], 2),
    ],
)
def test_unknown_outweighs_drift_and_drift_outweighs_sync(statuses, code):
    assert exit_code([_check(status) for status in statuses]) == code


def test_the_json_is_what_scripts_were_promised():
    report = as_json([_check(Status.OUT_OF_SYNC, drift=(_WEB, _ROLE))])
    assert report.endswith(b"}\n")
    assert json.loads(report) == {
        "applications": [
            {
                "name": "shop",
                "cluster": "prod",
                "revision": _SHA,
                "status": "OutOfSync",
                "error": None,
                "objects": 120,
                "drift": [
                    {
                        "apiVersion": "apps/v1",
                        "kind": "Deployment",
                        "namespace": "shop",
                        "name": "web",
                        "change": "modified",
                        "fields": [
                            {
                                "change": "changed",
                                "path": "spec.replicas",
                                "desired": 2,
                                "live": 7,
                                "manager": "kubectl",
                                "time": "2026-11-20T20:29:42Z",
                            },
                            {
                                "change": "removed",
                                "path": "metadata.labels.tier",
                                "desired": "front",
                                "live": None,
                                "manager": None,
                                "time": None,
                            },
                            {
                                "change": "added",
                                "path": "spec.template.spec.containers[name=web].env[name=DEBUG]",
                                "desired": None,
                                "live": {"name": "DEBUG"},
                                "manager": "k9s",
                                "time": None,
                            },
                        ],
                    },
                    {
                        "apiVersion": "rbac.authorization.k8s.io/v1",
                        "kind": "ClusterRole",
                        "namespace": None,
                        "name": "reader",
                        "change": "missing",
                        "fields": [],
                    },
                ],
            }
        ]
    }


def test_values_of_any_size_and_alphabet_survive_the_json():
    odd = {"n": 10**30, "text": 'ação "\x1b[31m\ud800', "huge": float("inf")}
    drift = ObjectDrift("v1", "ConfigMap", "a", "b", "modified", (FieldDrift("changed", "data.x", odd, None),))
    report = json.loads(as_json([_check(Status.OUT_OF_SYNC, drift=(drift,))]), parse_constant=pytest.fail)
    odd["huge"] = "Infinity"
    assert report["applications"][0]["drift"][0]["fields"][0]["desired"] == odd


def test_one_object_differs_in_the_singular():
    (first, *_) = as_text([_check(Status.OUT_OF_SYNC, drift=(_WEB,), objects=1)]).splitlines()
    assert first.endswith("1 of 1 object differs")


def test_an_object_is_named_with_the_line_that_declares_it():
    located = replace(_ROLE, location=SourceLocation("base/rbac.yaml", 12))
    drifted = _check(Status.OUT_OF_SYNC, drift=(located,))
    assert "  ClusterRole reader (base/rbac.yaml:12): missing from the cluster\n" in as_text([drifted])
    (explained,) = json.loads(as_json([drifted], explain=True))["applications"][0]["drift"]
    assert explained["location"] == {"file": "base/rbac.yaml", "line": 12}


def test_the_text_lines_up_and_says_who_and_when():
    checks = [
        _check(Status.OUT_OF_SYNC, drift=(_WEB, _ROLE)),
        _check(Status.SYNCED, "site", objects=1),
        _check(Status.UNKNOWN, "jobs", error="Cluster prod refused the credentials (401).", revision=None, objects=0),
    ]
    assert as_text(checks).splitlines() == [
        "shop on prod at 5f0c5f0c: out of sync, 2 of 120 objects differ",
        "  Deployment shop/web",
        f"    ~ {'spec.replicas':55}  2 -> 7             by kubectl, no later than 2026-11-20T20:29:42Z",
        '    - metadata.labels.tier                                     "front"            writer unknown',
        '    + spec.template.spec.containers[name=web].env[name=DEBUG]  {"name": "DEBUG"}  by k9s',
        "  ClusterRole reader: missing from the cluster",
        "site on prod at 5f0c5f0c: in sync, 1 object",
        "jobs on prod: unknown, 0 objects",
        "  error: Cluster prod refused the credentials (401).",
        "3 applications: 1 in sync, 1 out of sync, 1 unknown",
    ]


_ASIDE = (
    ObjectDrift(
        "apps/v1",
        "Deployment",
        "shop",
        "web",
        "modified",
        (
            FieldDrift("added", "spec.paused", None, False, reason="its default"),
            FieldDrift("changed", "spec.x", 1, 2, "hpa", _EDITED, "ignored by rule 1: spec.x"),
        ),
    ),
    ObjectDrift("v1", "ConfigMap", "shop", "flags", "missing", reason="git says gitops-bot/ignore: *"),
    ObjectDrift(
        "v1", "Service", "shop", "web", "modified", (FieldDrift("added", "spec.type", None, "X", reason="its default"),)
    ),
)


def test_explained_every_difference_has_its_reason_and_those_that_are_no_drift_are_counted_and_shown():
    image = FieldDrift("changed", "spec.image", "a", "b", "kubectl-set", _EDITED, "changed by hand with kubectl-set")
    gone = replace(_ROLE, reason="declared in git, but not in the cluster")
    drift = (replace(_WEB, fields=(image,)), gone)
    explained = [replace(_check(Status.OUT_OF_SYNC, drift=drift), set_aside=_ASIDE), _check(Status.SYNCED, "site")]
    assert as_text(explained, explain=True).splitlines() == [
        "shop on prod at 5f0c5f0c: out of sync, 2 of 120 objects differ",
        "  set aside: 4 differences that are not drift",
        "    2 its default",
        "    1 ignored by rule 1: spec.x",
        "    1 git says gitops-bot/ignore: *",
        "  Deployment shop/web",
        '    ~ spec.image     "a" -> "b"  changed by hand with kubectl-set, no later than 2026-11-20T20:29:42Z',
        "    · + spec.paused  false       its default",
        "    · ~ spec.x       1 -> 2      ignored by rule 1: spec.x; by hpa, no later than 2026-11-20T20:29:42Z",
        "  ClusterRole reader: missing from the cluster (declared in git, but not in the cluster)",
        "  ConfigMap shop/flags: missing from the cluster (git says gitops-bot/ignore: *)",
        "  Service shop/web",
        '    · + spec.type  "X"  its default',
        "site on prod at 5f0c5f0c: in sync, 120 objects",
        "  set aside: nothing",
        "2 applications: 1 in sync, 1 out of sync",
    ]
    told = json.loads(as_json(explained, explain=True))["applications"]
    assert told[0]["drift"][0]["fields"][0]["reason"] == "changed by hand with kubectl-set"
    assert told[0]["drift"][1]["reason"] == "declared in git, but not in the cluster"
    assert told[0]["set_aside"][0]["fields"][1] == {
        "change": "changed",
        "path": "spec.x",
        "desired": 1,
        "live": 2,
        "manager": "hpa",
        "time": "2026-11-20T20:29:42Z",
        "reason": "ignored by rule 1: spec.x",
    }
    assert (told[0]["set_aside"][1]["change"], told[1]["set_aside"]) == ("missing", [])


def test_without_asking_nothing_of_what_was_set_aside_is_said():
    plain = _check(Status.OUT_OF_SYNC, drift=(_WEB,))
    explained = replace(plain, set_aside=_ASIDE)
    assert (as_text([explained]), as_json([explained])) == (as_text([plain]), as_json([plain]))


def test_a_terminal_gets_no_control_characters_and_no_endless_values():
    fields = (FieldDrift("changed", "data.motd", "\x1b[2J\u202eevil\n", "x" * 10_000),)
    text = as_text([_check(Status.OUT_OF_SYNC, drift=(ObjectDrift("v1", "ConfigMap", "a", "b", "modified", fields),))])
    assert all(char.isprintable() for line in text.splitlines() for char in line)
    assert max(map(len, text.splitlines())) < 200


def test_the_text_shows_what_differs_inside_a_list_or_a_long_text():
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    properties = "a=1\nb=2\nc=3\n"
    fields = (
        FieldDrift("changed", "rules", [rule, rule], [rule, {**rule, "verbs": ["get", "delete"]}], "kubectl"),
        FieldDrift("changed", 'data["app.properties"]', properties, properties.replace("b=2", "b=9"), "kubectl"),
        FieldDrift("changed", "spec.args", ["-a", "-b"], ["-b", "-a"], "kubectl"),
    )
    lines = as_text([_check(Status.OUT_OF_SYNC, drift=(replace(_WEB, fields=fields),))]).splitlines()
    assert lines[-3:] == [
        '    ~ rules[1].verbs                 + "delete"                    by kubectl',
        '    ~ data["app.properties"] line 2  - "b=2", + "b=9"              by kubectl',
        '    ~ spec.args                      ["-a", "-b"] -> ["-b", "-a"]  by kubectl',
    ]
