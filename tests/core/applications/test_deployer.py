"""Whether a deployer is at work, from the objects it keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.applications.application import Application
from bot.core.applications.deployer import is_syncing
from bot.core.git.repository_ref import RepositoryRef

SHOP = Application("shop", RepositoryRef("platform"), "apps/shop", "prod", "shop", "C1")


def argo(path="apps/shop", **more):
    return {"spec": {"source": {"path": path}}, **more}


def flux(path="./apps/shop", status="True", kind="Reconciling", **spec):
    return {"spec": {"path": path, **spec}, "status": {"conditions": [{"type": kind, "status": status}]}}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (argo(status={"operationState": {"phase": "Running"}}), True),
        (argo(operation={"sync": {}}), True),
        (argo(status={"operationState": {"phase": "Succeeded"}}), False),
        (argo(), False),
        (argo(path="apps/other", operation={}), False),
        ({"spec": {"sources": [{"path": "x"}, {"path": "apps/shop/"}]}, "operation": {}}, True),
    ],
)
def test_argo_cd_is_at_work_while_an_operation_runs(found, expected):
    assert is_syncing(SHOP, [found], []) is expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (flux(), True),
        (flux(status="False"), False),
        (flux(kind="Ready"), False),
        (flux(path="./apps/other"), False),
        (flux(suspend=True), False),
    ],
)
def test_flux_is_at_work_while_it_reconciles(found, expected):
    assert is_syncing(SHOP, [], [found]) is expected


ODD = st.recursive(
    st.none() | st.booleans() | st.text(max_size=9), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(st.dictionaries(st.sampled_from(["spec", "status", "operation"]), ODD))
def test_objects_of_any_shape_are_read(found):
    is_syncing(SHOP, [found], [found])
