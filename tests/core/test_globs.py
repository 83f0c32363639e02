"""The one dialect of patterns: for names and Argo CD's files, where `*` crosses folders, and for paths, where not."""

import pytest

from bot.core.globs import GlobError, matches_glob, matches_path_glob, parse_glob


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*", ["", "a", ".a", "a/b"], []),
        ("", [""], ["a"]),
        ("kubectl-*", ["kubectl-edit", "kubectl-"], ["kubectl", "a-kubectl-edit", "Kubectl-edit"]),
        ("release/*", ["release/1", "release/1/2"], ["release", "main\n"]),
        ("v?.[0-9]", ["v1.2", "vx.0"], ["v1.x", "v.1"]),
        ("[!a]*", ["b", "bc"], ["a", "ab"]),
        ("*.yaml", ["a.yaml", "more/a.yaml", ".yaml"], ["a.yaml.bak", "a.yaml\n"]),
        ("{*.yml,*.yaml}", ["a.yml", "a.yaml"], ["a.json", "a.ymlx"]),
        ("{config.json,env-usw2/*}", ["config.json", "env-usw2/a/b"], ["env-use1/a"]),
        ("{config.json}", ["config.json"], ["{config.json}"]),
        ("a{b,{c,d}}{e,}", ["ab", "ace", "ade"], ["a", "ae"]),
        ("{1..3}", ["1..3"], ["2"]),
        (r"\*\{a,b\}", ["*{a,b}"], ["xa"]),
        (r"\{a\}", ["{a}"], ["a"]),
        ("a[b", ["a[b"], ["ab"]),
        ("*a*a*a*a*a*a*a*a*a*a*b", ["a" * 12 + "b"], ["a" * 200]),
    ],
)
def test_a_pattern_matches_the_whole_text(pattern, matching, others):
    assert [text for text in matching if not matches_glob(pattern, text)] == []
    assert [text for text in others if matches_glob(pattern, text)] == []


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*", ["a", ".a"], ["a/b"]),
        ("apps/*/images.yaml", ["apps/shop/images.yaml", "apps/.shop/images.yaml"], ["apps/images.yaml", "apps/a/b"]),
        ("charts/**/values.yaml", ["charts/values.yaml", "charts/a/b/values.yaml"], ["charts/xvalues.yaml"]),
        ("charts/**", ["charts/a", "charts/.a/b"], ["charts", "charts-2/a"]),
        ("**/a?c", ["abc", "x/y/a.c"], ["a/c", "x/ac"]),
        ("{apps,infra}/*.yaml", ["apps/a.yaml", "infra/b.yaml"], ["apps/a/b.yaml"]),
    ],
)
def test_in_a_path_a_pattern_stays_within_a_folder(pattern, matching, others):
    assert [path for path in matching if not matches_path_glob(pattern, path)] == []
    assert [path for path in others if matches_path_glob(pattern, path)] == []


@pytest.mark.parametrize(
    "bomb", ["{a,b}" * 60, "{a," * 201 + "b" + "}" * 201, "{" * 3_000, "a" * 10_001, "{a,b}" * 7 + "a" * 100]
)
def test_a_pattern_of_too_many_alternatives_is_refused(bomb):
    for use in (parse_glob, lambda pattern: matches_path_glob(pattern, "a")):
        with pytest.raises(GlobError, match="has more than 200 alternatives"):
            use(bomb)
