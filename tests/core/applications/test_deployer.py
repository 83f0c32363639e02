"""Whether a deployer is syncing an application, from the deployer's resources."""

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
    ("resource", "expected"),
    [
        (argo(status={"operationState": {"phase": "Running"}}), True),
        (argo(operation={"sync": {}}), True),
        (argo(status={"operationState": {"phase": "Succeeded"}}), False),
        (argo(), False),
        (argo(path="apps/other", operation={}), False),
        ({"spec": {"sources": [{"path": "x"}, {"path": "apps/shop/"}]}, "operation": {}}, True),
    ],
)
def test_argo_cd_is_syncing_while_an_operation_runs(resource, expected):
    assert is_syncing(SHOP, [resource], []) is expected


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (flux(), True),
        (flux(status="False"), False),
        (flux(kind="Ready"), False),
        (flux(path="./apps/other"), False),
        (flux(suspend=True), False),
    ],
)
def test_flux_is_syncing_while_it_reconciles(resource, expected):
    assert is_syncing(SHOP, [], [resource]) is expected


ODD = st.recursive(
    st.none() | st.booleans() | st.text(max_size=9), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(st.dictionaries(st.sampled_from(["spec", "status", "operation"]), ODD))
def test_resources_of_any_shape_are_read(resource):
    is_syncing(SHOP, [resource], [resource])
