"""Names of discovered applications."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.core.applications.names import assign_names
from bot.core.applications.resource_ref import ResourceRef

WORD = st.sampled_from(["a", "b", "a.1", "a.b", "b.1"])
REFS = st.builds(
    ResourceRef,
    deployer=st.just("Flux"),
    kind=st.sampled_from(["Kustomization", "HelmRelease"]),
    cluster=WORD,
    namespace=WORD,
    name=WORD,
    created=st.just("2026-11-20T00:00:00Z"),
)
SOURCES = st.dictionaries(REFS, st.lists(st.sampled_from(["", "1", "b"]), min_size=1, max_size=2, unique=True))


@given(SOURCES, SOURCES, st.sets(WORD))
def test_names_are_unique_and_do_not_depend_on_newer_resources(older, newer, configured):
    stranger = {
        ResourceRef(ref.deployer, ref.kind, ref.cluster, ref.namespace, ref.name, "2026-11-21T00:00:00Z"): sources
        for ref, sources in newer.items()
    }
    names = assign_names(older, configured, {})
    both = assign_names({**stranger, **older}, configured, {})
    assert {key: name for key, name in both.items() if key[0] in older} == names
    assert len({*both.values(), *configured}) == len(both) + len(configured)


@given(SOURCES, SOURCES, st.sets(WORD))
def test_a_resource_that_is_created_again_keeps_its_names(sources, strangers, configured):
    names = assign_names(sources, configured, {})
    held = {name: ref.key for (ref, _), name in names.items()}
    again = {replace(ref, created="2026-11-21T00:00:00Z"): source_names for ref, source_names in sources.items()}
    keys = {ref.key for ref in sources}
    others = {ref: several for ref, several in strangers.items() if ref.key not in keys}
    now = assign_names({**others, **again}, configured, held)
    expected = {(ref.key, source): name for (ref, source), name in names.items()}
    assert {(ref.key, source): name for (ref, source), name in now.items() if ref.key in keys} == expected
    gone = assign_names(others, configured, held)
    assert not {*gone.values(), *configured} & held.keys() - configured


def test_a_newer_resource_gets_the_shortest_name_that_tells_it_apart():
    places = [
        ("Application", "prod", "argocd", "2026"),
        ("Application", "stage", "argocd", "2027"),
        ("Application", "prod", "team-a", "2028"),
        ("Application", "stage", "team-a", "2029"),
        ("Kustomization", "prod", "argocd", "2030"),
    ]
    refs = [ResourceRef("", kind, cluster, namespace, "shop", created) for kind, cluster, namespace, created in places]
    assert list(assign_names({ref: [""] for ref in refs[::-1]}, (), {}).values()) == [
        "shop",
        "stage/shop",
        "team-a/shop",
        "stage/team-a/shop",
        "prod/argocd/kustomization/shop",
    ]
