"""What a revert says it will do in the clusters: real git, the real programs, both sides rendered."""

from dataclasses import replace

import pytest

from bot.adapters.rendering.programs import ProgramRenderer
from bot.core.access.permission import Denied, Granted, Rule
from bot.core.changes.irreversible import IrreversibleReason
from bot.core.pull_requests.revert import NotPermitted, Opened
from bot.core.rendering.source import FluxBuild, KustomizeParameters, Source
from bot.handlers.rendering.affected import MAX_APPLICATIONS, effects
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.language import ENGLISH
from bot.messages.effect import warnings
from bot.messages.revert_pull_request import application_effect
from tests.common.rendering import HangingRenderer
from tests.common.samples import application

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
"""
SCALED = {"bases/web/web.yaml": WEB.replace("replicas: 1", "replicas: 9")}
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {limit: '1'}\n"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {token: %s}\n"
OVERLAY = "resources: [../../bases/web]\nnamePrefix: NAME-\n"


@pytest.fixture
def reverts(reverts):
    """Of two overlays of one base, and an application of plain manifests."""
    overlays = {f"apps/{name}/kustomization.yaml": OVERLAY.replace("NAME", name) for name in ("blue", "green")}
    base = {"bases/web/kustomization.yaml": "resources: [web.yaml]\n", "bases/web/web.yaml": WEB}
    reverts.source.commit("First", {**base, **overlays, "apps/plain/all.yaml": CONFIG})
    reverts.applications = [
        application(name, cluster=cluster, namespace=f"{name}-ns")
        for name, cluster in (("blue", "staging"), ("green", "prod"), ("plain", "prod"))
    ]
    reverts.manifest_cache = ManifestCache(ProgramRenderer.find())
    return reverts


def changes(effect):
    """What an effect changes: each object with the paths of its fields."""
    return [
        (each.change, each.kind, each.name, [field.path for field in each.fields]) for each in effect.change.objects
    ]


def test_a_change_to_a_base_affects_every_application_built_on_it(reverts):
    bad = reverts.source.commit("Scale web", SCALED)
    opened = reverts.request(bad)
    assert opened.applications == ("blue", "green")
    assert [(effect.application, effect.cluster, effect.namespace) for effect in opened.effects] == [
        ("blue", "staging", "blue-ns"),
        ("green", "prod", "green-ns"),
    ]
    assert [changes(effect) for effect in opened.effects] == [
        [("changed", "Deployment", "blue-web", ["spec.replicas"])],
        [("changed", "Deployment", "green-web", ["spec.replicas"])],
    ]
    assert "`green` on `prod` (namespace `green-ns`)**:** 1 changed" in reverts.body(opened)
    assert "  - `spec.replicas`: `9` → `1`" in reverts.body(opened)


def test_reverting_a_base_needs_permission_on_every_application_built_on_it(reverts):
    bad = reverts.source.commit("Scale web", SCALED)
    rule = Rule("applications.green.revert_allowed", ())
    reverts.permit = lambda names: Denied(rule) if "green" in names else Granted()
    assert reverts.request(bad) == NotPermitted(("blue", "green"), Denied(rule))
    assert reverts.branches == []


COMPONENT = {
    "kustomization.yaml": "{apiVersion: kustomize.config.k8s.io/v1alpha1, kind: Component, resources: [a.yaml]}",
    "a.yaml": CONFIG.replace("settings", "added"),
}


@pytest.mark.parametrize("is_behind_link", [False, True])
def test_bringing_a_missing_component_back_needs_permission_on_the_application(reverts, is_behind_link):
    place = "real" if is_behind_link else "parts"
    reverts.source.commit("Add a part", {f"{place}/audit/{name}": text for name, text in COMPONENT.items()})
    if is_behind_link:
        (reverts.source.path / "parts").symlink_to("real")
        reverts.source.commit("Link it", {})
    reverts.source.git("rm", "-rq", "parts")
    bad = reverts.source.commit("Remove the part", {"apps/plain/all.yaml": CONFIG.replace("1", "2")})
    parameters = KustomizeParameters(components=("../../parts/audit",), ignore_missing_components=True)
    green = replace(reverts.applications[1], rendered=Source("apps/green", kustomize=parameters))
    reverts.applications[1] = green
    opened = reverts.request(bad)
    assert opened.applications == ("green", "plain")
    assert changes(opened.effects[0]) == [("added", "ConfigMap", "green-added", [])]


def test_added_removed_and_absent_effects_are_listed(reverts):
    more = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n"
    bad = reverts.source.commit("Swap", {"apps/plain/all.yaml": more, "apps/plain/README.md": "Hello"})
    (effect,) = reverts.request(bad).effects
    assert changes(effect) == [("removed", "ConfigMap", "more", []), ("added", "ConfigMap", "settings", [])]
    words = reverts.source.commit("Words", {"apps/plain/README.md": "Bye"})
    opened = reverts.request(words)
    assert opened.effects[0].change.total == 0
    assert "**:** none" in reverts.body(opened)
    outside = reverts.request(reverts.source.commit("Elsewhere", {"README.md": "x"}))
    assert (outside.applications, outside.effects) == ((), ())
    assert "These files do not belong to any application that the bot watches." in reverts.body(outside)


def test_no_value_of_a_secret_is_shown(reverts):
    reverts.source.commit("Key", {"apps/plain/key.yaml": SECRET % "first-value"})
    bad = reverts.source.commit("Turn the key", {"apps/plain/key.yaml": SECRET % "second-value"})
    opened = reverts.request(bad)
    assert changes(opened.effects[0])[0][:3] == ("changed", "Secret", "key")
    everything = reverts.body(opened) + repr(opened)
    assert "first-value" not in everything
    assert "second-value" not in everything


def test_an_unrenderable_application_is_unknown_and_the_rest_is_listed(reverts):
    bad = reverts.source.commit(
        "Both",
        {
            "apps/plain/all.yaml": CONFIG.replace("'1'", "'2'"),
            "apps/blue/kustomization.yaml": "resources: [../../bases/gone]\n",
        },
    )
    blue, plain = reverts.request(bad).effects
    assert blue.why
    assert "bases/gone" in blue.why
    assert changes(plain) == [("changed", "ConfigMap", "settings", ["data.limit"])]


def test_the_deletion_of_a_volume_is_the_first_warning(reverts):
    claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\n"
    bad = reverts.source.commit("Keep data", {"apps/plain/claim.yaml": claim})
    opened = reverts.request(bad)
    assert [warning.reason for warning in opened.effects[0].irreversible] == [IrreversibleReason.VOLUME]
    (sentence,) = warnings(ENGLISH, opened.effects)
    assert sentence.startswith("PersistentVolumeClaim data (plain on prod) is deleted along with its data")
    assert f"**Before you merge**\n\n- `{sentence}`" in reverts.body(opened)


CLAIM = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec:\n  storageClassName: %s\n"
SEALED = SECRET + "sops: {mac: 'ENC[%s]'}\n"


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (SECRET % "plain", SEALED % ("enc-1", 1), [("unknown", "Secret", "key", [])]),
        (SEALED % ("enc-1", 1), SEALED % ("enc-2", 2), [("unknown", "Secret", "key", [])]),
        (SEALED % ("enc-1", 1), SEALED % ("enc-1", 1), []),
        (CLAIM % "fast", CLAIM % "${CLASS}", [("unknown", "PersistentVolumeClaim", "data", [])]),
        (CLAIM % "a${CLASS}", CLAIM % "b${CLASS}", [("unknown", "PersistentVolumeClaim", "data", [])]),
        ("", CLAIM % "${CLASS}", [("unknown", "PersistentVolumeClaim", "data", [])]),
    ],
)
def test_an_object_that_the_bot_cannot_render_is_unknown(reverts, before, after, expected, is_reversed):
    kustomization = {"apps/plain/kustomization.yaml": "resources: [all.yaml]\n"}
    texts = (after, before) if is_reversed else (before, after)
    revisions = [
        reverts.source.commit(
            "Edit", {**kustomization, "README.md": str(number), "apps/plain/all.yaml": CONFIG + "---\n" + text}
        )
        for number, text in enumerate(texts)
    ]
    reverts.repository.fetch()
    flux = Source("apps/plain", kustomize=KustomizeParameters(flux=FluxBuild(has_unread_variables=True)))
    plain = replace(reverts.applications[2], rendered=flux)
    (effect,) = effects(reverts.repository, *revisions, [plain], reverts.manifest_cache)
    assert (effect.why, changes(effect)) == (None, expected)
    assert effect.irreversible == ()
    assert effect.change.total == effect.change.unknown == len(expected)
    body = application_effect(effect)
    assert ("not checked: the bot cannot render its content" in body) is bool(expected)
    assert "CLASS" not in body


def test_a_revert_does_not_wait_for_a_slow_renderer(reverts):
    hanging = HangingRenderer()
    bad = reverts.source.commit("Scale", SCALED)
    reverts.source.commit("Plain", {"apps/plain/all.yaml": CONFIG.replace("'1'", "'2'")})
    head = reverts.repository.fetch()
    applications = [reverts.applications[0], reverts.applications[2]]
    try:
        slow, quick = effects(reverts.repository, bad, head, applications, ManifestCache(hanging), timeout=0.5)
    finally:
        hanging.release()
    assert str(slow.why) == "rendering took longer than 0.5 s, so the pull request was opened without the result."
    assert changes(quick) == [("changed", "ConfigMap", "settings", ["data.limit"])]


def test_the_number_of_rendered_applications_is_bounded(reverts):
    reverts.source.commit("Plain", {"apps/plain/all.yaml": CONFIG.replace("'1'", "'2'")})
    head = reverts.repository.fetch()
    many = [application(f"plain-{number}", path="apps/plain") for number in range(MAX_APPLICATIONS + 5)]
    parent = reverts.repository.commit(head).parents[0]
    all_effects = effects(reverts.repository, parent, head, many, reverts.manifest_cache)
    assert [effect.why is None for effect in all_effects] == [True] * MAX_APPLICATIONS + [False] * 5
    assert sum(len(effect.change.objects) for effect in all_effects) <= MAX_APPLICATIONS


def test_a_revert_is_opened_without_a_renderer(reverts):
    reverts.manifest_cache = ManifestCache()
    opened = reverts.request(reverts.source.commit("Scale", SCALED))
    assert isinstance(opened, Opened)
    assert {effect.why for effect in opened.effects} == {
        "No renderer is available for apps/blue.",
        "No renderer is available for apps/green.",
    }


def test_an_application_that_cannot_be_read_needs_permission_too(reverts):
    """Whoever breaks a protected application could otherwise revert what it is built on."""
    bad = reverts.source.commit("Scale web", SCALED)
    reverts.source.commit("Break green", {"apps/green/kustomization.yaml": "resources: [../../bases/web, ../gone]\n"})
    denied = Denied(Rule("applications.green.revert_allowed", ("U1",)))
    reverts.permit = lambda names: denied if "green" in names else Granted()
    assert reverts.request(bad) == NotPermitted(("blue", "green"), denied, ("green",))
    reverts.permit = lambda _: Granted()
    opened = reverts.request(bad)
    assert isinstance(opened, Opened)
    assert [bool(effect.why) for effect in opened.effects] == [False, True]


def test_an_application_that_cannot_be_read_is_not_counted_as_unaffected(reverts):
    reverts.source.commit("Break green", {"apps/green/kustomization.yaml": "resources: [../gone]\n"})
    bad = reverts.source.commit("Elsewhere", {"bases/other/a.yaml": CONFIG})
    refused = reverts.request(bad, application="plain")
    assert refused.reason.startswith(
        "That change does not affect plain, and the bot cannot tell whether it affects green: /gitops status says why."
    )
