"""What Flux does with built manifests, and what it leaves out before it builds."""

import base64

import pytest

from bot.core.objects.manifest import read_manifests
from bot.core.rendering.budget import Budget, BudgetExceededError
from bot.core.rendering.encrypted import split_encrypted
from bot.core.rendering.envsubst import SubstitutionError
from bot.core.rendering.limits import MAX_MATCHED
from bot.core.rendering.post_build import post_build
from bot.core.rendering.source import FluxBuild
from bot.core.rendering.sourceignore import SourceIgnore

BUILT = b"""apiVersion: v1
kind: ConfigMap
metadata: {name: used, labels: {tier: web}}
data: {host: "${host}", cost: "$$5"}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: raw
  annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}
data: {host: "${host}", note: "substitute: disabled"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: secret}
data: {token: "${token}", note: "kustomize.toolkit.fluxcd.io/substitute: disabled"}
"""


def data_of(build):
    return {manifest.name: manifest.object["data"] for manifest in build.manifests}


def test_variables_are_substituted_unless_an_object_says_otherwise():
    build = post_build("a", BUILT, FluxBuild((("host", "a\n.example\n"), ("token", "x"))))
    data = data_of(build)
    assert data["used"] == {"host": "a.example", "cost": "$5"}
    assert data["raw"]["host"] == "${host}"
    assert data["secret"]["token"] == "x"
    assert not build.unread


def test_without_variables_nothing_is_substituted_unless_always():
    assert data_of(post_build("a", BUILT, FluxBuild()))["used"]["cost"] == "$$5"
    always = data_of(post_build("a", BUILT, FluxBuild(substitute_always=True)))
    assert always["used"] == {"host": "", "cost": "$5"}


def test_objects_with_variables_that_only_flux_can_read_are_told_apart():
    build = post_build("a", BUILT, FluxBuild((("host", "a"),), has_unread_variables=True))
    assert [manifest.name for manifest in build.manifests] == ["used", "raw"]
    assert [manifest.name for manifest in build.unread] == ["secret"]


def test_all_objects_share_a_budget_for_variables(monkeypatch):
    flux = FluxBuild((("host", "a" * 10),))
    monkeypatch.setattr("bot.core.rendering.post_build.MAX_SUBSTITUTED", 10)
    assert post_build("a", BUILT, flux)
    with pytest.raises(BudgetExceededError):
        post_build("a", b"\n---\n".join([BUILT] * 2), flux)


def test_a_name_that_is_no_variable_is_refused_as_flux_refuses_it():
    with pytest.raises(SubstitutionError, match=r"\{values.yaml\}"):
        post_build("a", BUILT, FluxBuild((("values.yaml", "a"),)))


def test_only_encrypted_objects_are_left_out():
    sealed = base64.b64encode(b'{"data": "ENC[x]", "sops": {"mac": "ENC[y]"}}').decode()
    documents = (
        "{kind: Secret, apiVersion: v1, metadata: {name: a}, stringData: {x: ENC}, sops: {mac: 'ENC[x]'}}",
        f"{{kind: Secret, apiVersion: v1, metadata: {{name: login-4gtk9mb2t6}}, data: {{x: {sealed}}}}}",
        "{kind: Pod, apiVersion: v1, metadata: {name: user}, spec: {a: {secretName: login-4gtk9mb2t6}}}",
        "{kind: Secret, apiVersion: v1, metadata: {name: plain}, data: {x: eA==, y: not base64}}",
        "{kind: ConfigMap, apiVersion: v1, metadata: {name: settings}, data: {sops: guide}}",
    )
    readable, encrypted = split_encrypted(read_manifests("a", "\n---\n".join(documents).encode()))
    assert [manifest.name for manifest in readable] == ["plain", "settings"]
    assert [manifest.name for manifest in encrypted] == ["a", "login-4gtk9mb2t6", "user"]


@pytest.mark.parametrize(
    ("files", "ignore", "excluded"),
    [
        ({}, "", {"logo.png", ".github/workflow.yaml", "apps/.sops.yaml", ".gitignore"}),
        ({}, "# all\n/*\n!/apps\n", {"logo.png", ".github/workflow.yaml", ".gitignore", "docs/a.md"}),
        ({}, "docs/", {".gitignore", "docs/a.md"}),
        ({".sourceignore": b"*.md\n"}, "!docs/a.md", {".gitignore"}),
        ({"apps/.sourceignore": b"/x.yaml\n{}\n"}, "", {".gitignore", "apps/x.yaml"}),
        ({"apps/.sourceignore": b"x.yaml"}, "", {".gitignore", "apps/x.yaml", "apps/sub/x.yaml"}),
    ],
)
def test_flux_leaves_files_out(files, ignore, excluded):
    paths = ["logo.png", ".github/workflow.yaml", "apps/.sops.yaml", ".gitignore", "docs/a.md", "apps/x.yaml"]
    paths += ["apps/sub/x.yaml", "x.yaml"]
    rules = SourceIgnore(files, ignore, Budget(MAX_MATCHED))
    assert {path for path in paths if rules.excludes(path)} - {"x.yaml"} == excluded
