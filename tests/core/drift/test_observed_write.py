"""When a value vanished, and who removed it: only what follows from one write."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.core.drift.merge import object_key
from bot.core.drift.model import Actor, Confidence, FieldDrift, ObjectDrift
from bot.core.drift.observed_write import ObservedWrite, observed_write, with_observed_writes, written_records

ARRIVED = datetime(2026, 11, 20, 13, 1, 7, 250_000, UTC)
SECOND = ARRIVED.replace(microsecond=0)


def entry(manager, second=0, operation="Update", subresource=""):
    time = f"2026-11-20T13:01:{second:02}Z"
    return {"manager": manager, "operation": operation, "subresource": subresource, "time": time}


DEPLOYER, STATUS = entry("argocd", operation="Apply"), entry("kubelet", subresource="status")


@pytest.mark.parametrize(
    ("after", "manager", "second"),
    [
        ([DEPLOYER, STATUS], "", 7),  # only deleted
        ([DEPLOYER, STATUS, entry("kubectl-edit", 6)], "kubectl-edit", 6),
        ([entry("argocd", 5, operation="Apply"), STATUS], "argocd", 5),
        ([STATUS], "", 7),  # the deployer's last field was deleted
        ([DEPLOYER, STATUS, entry("kubectl-edit", 6), entry("k9s", 6)], "", 7),  # more than one write
        ([entry("ancient-changes", 6), entry("kubectl-edit", 6)], "kubectl-edit", 6),
        ([DEPLOYER, STATUS, {"manager": "odd"}], "odd", 7),
    ],
)
def test_the_writer_is_whose_record_has_another_time(after, manager, second):
    before = written_records({"metadata": {"managedFields": [DEPLOYER, STATUS]}})
    write = observed_write("7", before, written_records({"metadata": {"managedFields": after}}), ARRIVED)
    assert (write.resource_version, write.manager, write.at.second) == ("7", manager, second)


@pytest.mark.parametrize("fields", [None, "none", [None, 7]])
def test_records_of_any_shape_are_read(fields):
    assert written_records({"metadata": {"managedFields": fields}}) == {}


REMOVED, ADDED = FieldDrift("removed", "data.level", desired="info"), FieldDrift("added", "data.more", live="1")
MODIFIED = ObjectDrift("v1", "ConfigMap", "shop", "settings", "modified", (REMOVED, ADDED))
MISSING = ObjectDrift("v1", "ConfigMap", "shop", "settings", "missing")
WRITE = ObservedWrite("7", SECOND, "kubectl-edit")
ACTOR = Actor(Confidence.CERTAIN, (), "kubectl-edit", SECOND)


@pytest.mark.parametrize(
    ("drift", "known", "expected"),
    [
        (MODIFIED, (), replace(MODIFIED, fields=(replace(REMOVED, actor=ACTOR), ADDED))),
        (MODIFIED, (MODIFIED,), MODIFIED),
        (MISSING, (), replace(MISSING, actor=ACTOR)),
        (MISSING, (MODIFIED,), replace(MISSING, actor=ACTOR)),
        (MISSING, (MISSING,), MISSING),
    ],
)
def test_only_what_is_newly_removed_is_explained_by_the_write(drift, known, expected):
    assert with_observed_writes([drift], known, {object_key(drift): WRITE}) == (expected,)
    assert with_observed_writes([drift], known, {}) == (drift,)
