"""Resources of any shape can be read: a malformed one must not stop the discovery of the others."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.applications import argocd, flux

KEYS = st.sampled_from(
    [
        "source",
        "sources",
        "repoURL",
        "path",
        "targetRevision",
        "helm",
        "kustomize",
        "directory",
        "include",
        "parameters",
        "name",
        "value",
        "images",
        "replicas",
        "count",
        "patches",
        "destination",
        "ignoreDifferences",
        "jsonPointers",
        "jqPathExpressions",
        "managedFieldsManagers",
        "valueFiles",
        "valuesObject",
        "sourceRef",
        "kind",
        "chart",
        "spec",
        "postBuild",
        "substitute",
        "substituteFrom",
        "valuesFrom",
        "values",
        "syncPolicy",
        "automated",
        "annotations",
        "ref",
        "semver",
        "url",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["", "a", "GitRepository", "x", "ConfigMap", "$v/a", "*", "{a,b}" * 9]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
RESOURCES = st.fixed_dictionaries({"metadata": VALUES, "spec": VALUES, "status": VALUES})


@settings(max_examples=100, deadline=None)
@given(RESOURCES)
def test_an_application_of_any_shape_is_read(resource):
    assert argocd.read_application(resource, "prod")


@settings(max_examples=100, deadline=None)
@given(RESOURCES, RESOURCES, RESOURCES)
def test_flux_resources_of_any_shape_are_read(one, other, git):
    held = {flux.KUSTOMIZATION: [one], flux.HELM_RELEASE: [other], flux.GIT_REPOSITORY: [git]}
    assert len(flux.read_resources(held, "prod", lambda _namespace, _name: None)) == 2
