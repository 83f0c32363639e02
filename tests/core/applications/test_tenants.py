"""The tenant that a repository is fetched for."""

import pytest

from bot.core.applications.application import Application
from bot.core.applications.resource_ref import ResourceRef
from bot.core.applications.tenants import tenants_by_repository
from bot.core.git.repository_ref import RepositoryRef


def application(repository, namespace):
    origin = ResourceRef("argocd", "Application", "prod", namespace, "shop") if namespace else None
    return Application("shop", RepositoryRef(repository), "", "prod", "shop", "C0ALERTS01", origin)


@pytest.mark.parametrize(
    ("uses", "tenants"),
    [
        ([("a", "")], {"a": ""}),
        ([("a", "one"), ("b", "two")], {"a": "prod/one", "b": "prod/two"}),
        ([("a", "many"), ("b", "many"), ("a", "few")], {"a": "prod/few", "b": "prod/many"}),
        ([("a", "few"), ("b", "many"), ("a", "many")], {"a": "prod/few", "b": "prod/many"}),
    ],
)
def test_a_shared_repository_is_fetched_for_the_tenant_with_the_fewest(uses, tenants):
    assert tenants_by_repository(application(*use) for use in uses) == tenants
