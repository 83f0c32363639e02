"""The recorded log of a real API server, joined with what differed after each of 31 steps by several people."""

import json
import pickle
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.cluster_audit.actor import Window, object_keys, with_actors
from bot.core.drift.compare import compare_object
from bot.core.drift.model import ClusterUser, Confidence, ObjectDrift
from bot.core.objects.manifest import read_manifests
from bot.core.objects.path import Item, parse_path
from bot.core.objects.resolve import resolve
from bot.core.objects.scalar_equality import parse_time
from bot.core.objects.schema import Schemas
from tests.common.audit import Recording, at_metadata, recorded_events, recorded_steps

DEPLOYER = "system:serviceaccount:shop:deployer"
SECRETS = (b"correct-horse", b"battery-staple", b"YmF0dGVyeS1zdGFwbGU", b"Y29ycmVjdC1ob3JzZQ")
IN_ORDER = Recording(recorded_events()).writes
LEVELS = {"RequestResponse": lambda event: event, "Metadata": at_metadata}


def declared():
    """The manifests that the deployer applied first, by kind and name."""
    first = [event["requestObject"] for event in recorded_events() if event["user"]["username"] == DEPLOYER]
    manifests = {}
    for applied in first:
        if isinstance(applied, dict):
            text = json.dumps(applied).encode()
            (manifest,) = resolve(read_manifests("a.json", text), namespace="shop", namespaced=lambda *_: True)
            manifests.setdefault((manifest.kind.lower(), manifest.name), manifest)
    return manifests


def event_of(step, events, used):
    """The first event of a step that no other step is about."""
    user = step["user"].rpartition("impersonated by ")[2]
    return next(
        index
        for index, event in enumerate(events)
        if index not in used
        and event["user"]["username"] == user
        and (user != DEPLOYER or "force=true" in event["requestURI"])
        and (user == DEPLOYER or event["objectRef"].get("name") == step["name"])
        and (event["objectRef"]["resource"] in (f"{step['kind']}s", "horizontalpodautoscalers") or user == DEPLOYER)
    )


def steps_and_events():
    """Each step with the events from it to the next one, in the order of the log; what came before is in the first."""
    events, used = recorded_events(), {}
    for step in recorded_steps():
        used[event_of(step, events, used)] = step
    starts = sorted(used)
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else len(events)
        yield used[start], events[start if number else 0 : end]


def value_at(value, path):
    for segment in parse_path(path):
        if isinstance(segment, Item):
            keys = {key: str(part) for key, part in segment.keys}
            items = [item for item in value or () if keys == {key: str(item.get(key, keys[key])) for key in keys}]
            value = items[0] if items else None
        else:
            value = value.get(segment) if isinstance(value, dict) else None
    return value


def truth_of(step):
    user, _, impersonator = step["user"].partition(", impersonated by ")
    return ClusterUser(impersonator, user) if impersonator else ClusterUser(user)


def identified(level, *, with_windows):
    """After each step, the differences of its object: the truth, the field (None: missing), and the actor."""
    manifests, recording, done, windows, checked_at = declared(), Recording(), [], {}, None
    for step, events in steps_and_events():
        recording.add(map(LEVELS[level], events))
        done.append(step)
        now = parse_time(events[-1]["stageTimestamp"])
        drift = compare_object(manifests[step["kind"], step["name"]], step["after"], schema=Schemas()).drift
        seen = windows.get((step["kind"], step["name"]), {})
        new = Window(checked_at, now) if with_windows and checked_at else None
        known = {(field.path, str(field.live)): None for field in drift.fields} if drift else {}
        windows[step["kind"], step["name"]] = known = {identity: seen.get(identity, new) for identity in known}
        checked_at = now
        if drift is None:
            continue

        def window(_, field, known=known, new=new):
            return known[field.path, str(field.live)] if field else new

        (drift,) = with_actors([drift], recording.by_object(), window, complete_until=now)
        if drift.change == "missing":
            yield step, None, truth_of(step), drift.actor
        for field in drift.fields:
            of_object = [other for other in done if (other["kind"], other["name"]) == (step["kind"], step["name"])]
            changed = [
                other
                for other in of_object
                if value_at(other["before"], field.path) != value_at(other["after"], field.path)
            ]
            yield step, field, truth_of(changed[-1]), field.actor


@pytest.mark.parametrize(
    ("level", "with_windows", "expected"),
    [
        ("RequestResponse", True, {"certain": 53, None: 1}),
        ("RequestResponse", False, {"certain": 53, None: 1}),
        ("Metadata", True, {"likely": 52, "one-of-several": 1, None: 1}),
        ("Metadata", False, {"likely": 37, "one-of-several": 16, None: 1}),
    ],
)
def test_nobody_is_named_for_what_another_did(level, with_windows, expected, capsys):
    """Without a name is the Secret's value, for which nobody is ever named."""
    results = list(identified(level, with_windows=with_windows))
    assert [
        (step["step"], field, actor) for step, field, truth, actor in results if actor and truth not in actor.users
    ] == []
    for _, field, _, actor in results:
        if actor:
            assert (len(actor.users) > 1) == (actor.confidence is Confidence.ONE_OF_SEVERAL)
            assert actor.time or (field and field.time) or actor.confidence is not Confidence.CERTAIN
    tally = Counter(actor and actor.confidence.value for *_, actor in results)
    with capsys.disabled():
        seen = "watched" if with_windows else "after a restart"
        named = sum(number for confidence, number in tally.items() if confidence in ("certain", "likely"))
        print(f"\naudit log, {level}, {seen}: {named} of {len(results)} differences named, 0 wrong; {dict(tally)}")
    assert tally == expected


def test_a_removal_has_a_name_a_tool_and_a_time():
    removals = {
        (step["step"], field.path): actor
        for step, field, _, actor in identified("RequestResponse", with_windows=False)
        if field and field.change == "removed"
    }
    actor = removals[9, "data.ttl"]
    assert (actor.users, actor.tool) == ((ClusterUser("user2@example.com"),), "kubectl patch")
    assert actor.time.isoformat() == "2026-11-21T14:37:48.016729+00:00"
    assert {field.change for step, field, _, _ in identified("Metadata", with_windows=True) if field} == {
        "added",
        "changed",
        "removed",
    }


def test_who_deleted_an_object_is_known_at_each_level():
    for level, confidence in zip(LEVELS, (Confidence.CERTAIN, Confidence.LIKELY), strict=True):
        (deleted,) = (actor for _, field, _, actor in identified(level, with_windows=False) if field is None)
        assert (deleted.confidence, deleted.users, deleted.tool) == (
            confidence,
            (ClusterUser("user1@example.com"),),
            "kubectl delete",
        )


@pytest.mark.parametrize("level", LEVELS)
def test_a_dry_run_and_a_refused_request_name_nobody(level):
    events = [
        event
        for event in recorded_events()
        if "dryRun" in event["requestURI"] or event["responseStatus"]["code"] >= 400
    ]
    assert {event["user"]["username"] for event in events} >= {"user1@example.com", "user3@example.com"}
    assert Recording(map(LEVELS[level], events)).writes == {}


def test_no_value_of_the_log_is_kept():
    recording = Recording(recorded_events())
    results = list(identified("RequestResponse", with_windows=True))
    kept = pickle.dumps((recording.histories, recording.writes, [actor for *_, actor in results]))
    assert b"kubectl" in kept
    for value in (*SECRETS, b"api:hotfix", b"http://b", b"targetPort: 8443"):
        assert value not in kept


@given(st.lists(st.integers(0, len(recorded_events()) - 1), max_size=20), st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_neither_the_order_nor_repetitions_of_events_change_the_result(repeated, random):
    events = [*recorded_events(), *(recorded_events()[index] for index in repeated)]
    random.shuffle(events)
    assert Recording(events).writes == IN_ORDER


def test_requests_that_are_missing_from_the_log_make_nobody_certain_of_what_they_changed():
    """Without the first of two people who changed one Deployment, the second is not named for both changes."""
    without = [
        event
        for event in recorded_events()
        if event["responseObject"].get("metadata", {}).get("resourceVersion") != "971"
    ]
    recording = Recording(without)
    step = recorded_steps()[12]  # the same Deployment, restarted by the same user afterwards
    drift = compare_object(declared()["deployment", "api"], step["after"], schema=Schemas()).drift
    image = next(field for field in drift.fields if field.path.endswith("image"))
    window = Window(image.time - timedelta(hours=1), image.time + timedelta(hours=1))
    only_image = ObjectDrift("apps/v1", "Deployment", "shop", "api", "modified", (replace(image, actor=None),))
    (joined,) = with_actors([only_image], recording.by_object(), lambda *_: window, complete_until=window.before)
    assert joined.fields[0].actor is None
    assert object_keys(only_image)[0] in recording.by_object()


def test_fields_of_another_api_version_make_nobody_certain():
    recording, step = Recording(recorded_events()), recorded_steps()[24]
    drift = compare_object(declared()["configmap", "web"], step["after"], schema=Schemas()).drift
    (drift,) = (replace(drift, fields=(field,)) for field in drift.fields if field.path == "data.url")
    latest = drift.fields[0].time + timedelta(seconds=1)
    for api_version, expected in (("v1", Confidence.CERTAIN), ("v2", Confidence.ONE_OF_SEVERAL)):
        writes = {
            key: [replace(write, api_version=api_version) for write in some if write.time <= latest]
            for key, some in recording.by_object().items()
        }
        (joined,) = with_actors([drift], writes, lambda *_: None, complete_until=latest)
        assert joined.fields[0].actor.confidence is expected
