"""Why a program failed: the kind of error and its place, and nothing that it quotes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.rendering.stderr import explain

FILES = {"app/secret.yaml", "app/templates/_helpers.tpl", "app/templates/web.yaml", "base/kustomization.yaml"}
HIDDEN = "the error is hidden because it may contain secret values."


@pytest.mark.parametrize(
    ("stderr", "sentence"),
    [
        ("", "it gave no reason."),
        ("Error: hunter2", HIDDEN),
        (
            "error: accumulating 'secret.yaml': yaml: line 4: hunter2 in File: secret.yaml",
            "app/secret.yaml:4: the YAML",
        ),
        ('/var/x/tree/base/kustomization.yaml: json: unknown field "hunter2"', "base/kustomization.yaml: a field does"),
        ('E1 run.go:72] "command failed" err="cycle detected: hunter2"', "the kustomizations form a cycle."),
        (
            "execution error at (shop/templates/web.yaml:3:7): hunter2",
            "app/templates/web.yaml:3: a template calls the function “fail”",
        ),
        (
            "template: shop/templates/web.yaml:1:2: calling include: template: shop/templates/_helpers.tpl:9:1: x",
            "app/templates/_helpers.tpl:9: a template cannot be parsed",
        ),
        ("../base/kustomization.yaml: no such file or directory: hunter2", "base/kustomization.yaml: a file does not"),
        ("/etc/passwd and ../../secret.yaml", HIDDEN),
    ],
)
def test_known_errors_are_named_with_their_place(stderr, sentence):
    result = str(explain(stderr, "app", FILES))
    assert result.startswith(sentence)
    assert "hunter2" not in result


@given(
    st.lists(st.sampled_from(["yaml: line 7: ", "app/secret.yaml", "hunter2", ":12:", " ", "'", "\n", "/tree/", "../"]))
)
def test_nothing_but_files_and_lines_is_quoted(parts):
    result = str(explain("".join(parts), "app", FILES))
    place = result.partition(": ")[0] if result.startswith("app/") else ""
    assert place.partition(":")[0] in {"", "app/secret.yaml"}
    assert "hunter2" not in result
