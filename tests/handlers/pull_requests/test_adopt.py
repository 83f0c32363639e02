"""Adopting drift on real repositories; the forge is one in memory."""

import json
from dataclasses import replace

import pytest

from bot.adapters.git.repository import GitRepository
from bot.adapters.rendering.programs import ProgramRenderer
from bot.core.access.permission import Denied, Granted, Rule
from bot.core.drift.model import FieldDrift, ObjectDrift, Status
from bot.core.git.target_revision import TargetRevision
from bot.core.pull_requests.revert import AlreadyOpen, NotPermitted, Refused, Unfinished
from bot.core.rendering.source import FluxBuild, KustomizeParameters
from bot.handlers.pull_requests.adopt import Adopted, NothingDiffers, adopt_drift
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.messages.adopt_pull_request import body
from bot.ports.forge import ForgeError
from tests.common.english import english
from tests.common.samples import SCALED, application, check

SHOP = application()
WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2  # two are enough
"""
SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {theme: light}\n"
GONE = ObjectDrift("v1", "ConfigMap", "shop", "settings", "missing")


@pytest.fixture
def repository(source, tmp_path):
    source.commit("Shop", {"apps/shop/web.yaml": WEB, "apps/shop/settings.yaml": SETTINGS})
    return GitRepository("platform", source.url, "main", tmp_path / "mirrors")


def adopt(repository, forge, *drift, shop=SHOP, applications=(SHOP,), permit=lambda _: Granted(), **changes):
    """Adopt what a check of shop found, as ana; the outcome, in English."""
    checked = check(revision=repository.fetch(), drift=drift, **{"status": Status.OUT_OF_SYNC, **changes})
    cache = ManifestCache(ProgramRenderer.find())
    ports = {"repository": repository, "forge": forge, "manifest_cache": cache}
    return english(adopt_drift(shop, checked, "ana", applications=applications, permit=permit, **ports))


def test_a_pull_request_updates_git_to_match_the_cluster(source, repository, forge):
    outcome = adopt(repository, forge, SCALED, GONE)
    assert isinstance(outcome, Adopted)
    assert outcome.files == ("apps/shop/settings.yaml", "apps/shop/web.yaml")
    branch = outcome.pull.head
    assert branch.startswith("gitops-bot/adopt-shop-")
    assert source.git("show", f"{branch}:apps/shop/web.yaml") == WEB.replace("2  #", "7  #").strip()
    assert source.git("diff", "--name-status", f"main..{branch}").split("\n") == [
        "D\tapps/shop/settings.yaml",
        "M\tapps/shop/web.yaml",
    ]
    assert source.git("rev-parse", f"{branch}^") == source.sha("main")
    (body,) = forge.bodies.values()
    assert "`Deployment web` `spec.replicas`: git `2` → cluster `7`, by `kubectl`" in body
    assert "`ConfigMap settings` is missing from the cluster" in body


def test_a_live_value_does_not_act_on_the_forge(source, repository, forge):
    theme = FieldDrift("changed", "data.theme", "light", "dark [skip ci] fixes #12 @acme/security")
    drift = ObjectDrift("v1", "ConfigMap", "shop", "settings", "modified", (theme,))
    pull = adopt(repository, forge, drift).pull
    message = source.git("log", "-1", "--format=%B", pull.head)
    for text in (pull.title, message):
        assert "dark (skip ci) fixes # 12 acme/security" in text
    assert adopt(repository, forge, drift) == AlreadyOpen(pull)


def test_a_second_request_returns_the_open_pull_request(repository, forge):
    first = adopt(repository, forge, SCALED)
    assert adopt(repository, forge, SCALED) == AlreadyOpen(first.pull)
    assert len(forge.pull_requests) == 1


@pytest.mark.parametrize(
    ("content", "is_same"),
    [
        (WEB.replace("2  # two are enough", "7  # seven are needed"), True),
        (WEB.replace("2  #", "8  #"), False),
        (None, False),
    ],
)
def test_an_open_pull_request_counts_if_it_declares_the_live_values(source, repository, forge, content, is_same):
    first = adopt(repository, forge, SCALED)
    source.switch(first.pull.head)
    source.commit("Edit", {"apps/shop/web.yaml": content})
    source.switch()
    again = adopt(repository, forge, SCALED)
    assert isinstance(again, AlreadyOpen if is_same else Adopted)
    assert again.pull.head == (first.pull.head if is_same else f"{first.pull.head}-2")


def test_after_a_closed_pull_request_another_branch_is_used(repository, forge):
    first = adopt(repository, forge, SCALED)
    forge.close(first.pull.number)
    assert adopt(repository, forge, SCALED).pull.head == f"{first.pull.head}-2"


def test_a_pushed_branch_without_a_pull_request_is_reused(repository, forge):
    forge.creation_fault = ForgeError("The forge is away.")
    assert isinstance(adopt(repository, forge, SCALED), Unfinished)
    forge.creation_fault = None
    outcome = adopt(repository, forge, SCALED)
    assert isinstance(outcome, Adopted)
    assert not outcome.pull.head.endswith("-2")


def test_an_overlay_gets_a_patch(source, repository, forge):
    base = {"base/kustomization.yaml": "resources: [web.yaml]\n", "base/web.yaml": WEB}
    source.commit("Overlay", base | {"apps/shop/kustomization.yaml": "# prod\nresources:\n- ../../base\n"})
    outcome = adopt(repository, forge, SCALED)
    assert outcome.files == ("apps/shop/adopted/deployment-web.yaml", "apps/shop/kustomization.yaml")
    kustomization = source.git("show", f"{outcome.pull.head}:apps/shop/kustomization.yaml")
    assert kustomization.startswith("# prod\nresources:\n- ../../base\npatches:\n")


def test_a_chart_says_where_to_look(source, repository, forge):
    chart = "apiVersion: v2\nname: shop\nversion: 1.0.0\n"
    source.commit("Chart", {"apps/shop/Chart.yaml": chart, "apps/shop/values.yaml": "replicas: 2\n"})
    refused = adopt(repository, forge, SCALED)
    assert refused.reason == (
        "Helm renders shop, and the bot cannot tell which value sets spec.replicas. Find that value in "
        "apps/shop/values.yaml and change it there."
    )


def test_all_applications_that_use_the_files_need_permission_and_are_named(source, repository, forge):
    """Another cluster's application at the same path, an overlay of it, and one whose files cannot be read."""
    source.commit("More", {"apps/overlay/kustomization.yaml": "resources: [../shop]\nnamespace: x\n"})
    source.commit("As a base", {"apps/shop/kustomization.yaml": "resources: [web.yaml, settings.yaml]\n"})
    source.commit("Broken", {"apps/broken/kustomization.yaml": "resources: [../gone]\n", "apps/other/a.yaml": SETTINGS})
    twin = application("twin", cluster="prod-2", namespace="shop", path="apps/shop")
    applications = (SHOP, twin, *(application(name) for name in ("overlay", "broken", "other")))
    denied = Denied(Rule("applications.twin.revert_allowed", ("U1",)))
    requested = []
    permit = lambda names: requested.append(names) or denied  # noqa: E731
    names = ("shop", "twin", "overlay", "broken")
    assert adopt(repository, forge, SCALED, applications=applications, permit=permit) == NotPermitted(
        names, denied, ("broken",)
    )
    assert requested == [names]
    assert source.git("branch", "--list", "gitops-bot/*") == ""
    outcome = adopt(repository, forge, SCALED, applications=applications)
    assert outcome.applications == names
    assert [(effect.application, bool(effect.why)) for effect in outcome.effects] == [
        ("twin", False),
        ("overlay", False),
        ("broken", True),
    ]
    (body,) = forge.bodies.values()
    assert "**Changes in** `twin` on `prod-2` (namespace `shop`)**:** 1 changed" in body
    assert "**Changes in** `broken` on `prod` (namespace `broken`) **are unknown:**" in body


@pytest.mark.parametrize("revision", ["v1.0.0", "1.x"])
def test_an_application_that_tracks_a_tag_is_refused_before_anything_is_pushed(source, forge, tmp_path, revision):
    source.commit("Shop", {"apps/shop/web.yaml": WEB})
    source.git("tag", "v1.0.0")
    tracked = GitRepository("platform", source.url, TargetRevision(revision), tmp_path / "mirrors")
    refused = adopt(tracked, forge, SCALED)
    assert refused.reason.startswith("shop tracks v1.0.0, which is not a branch, so a pull request cannot target")
    assert source.git("branch", "--list", "gitops-bot/*") == ""


OTHER_THEME = FieldDrift("changed", "data.theme", "dark", "red")
VARIABLE = FieldDrift("changed", "data.theme", "light", "a ${LEVEL}")
PATCH = {"patch": '[{"op": "replace", "path": "/data/theme", "value": "dark"}]', "target": {"name": "settings"}}


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"patches": (json.dumps(PATCH),), "flux": FluxBuild()}, OTHER_THEME),
        ({"flux": FluxBuild(substitutions=(("LEVEL", "info"),))}, VARIABLE),
    ],
)
def test_a_file_that_flux_overrides_is_not_edited(repository, forge, parameters, field):
    shop = replace(SHOP, rendered=replace(SHOP.source, kustomize=KustomizeParameters(**parameters)))
    refused = adopt(repository, forge, replace(GONE, change="modified", fields=(field,)), shop=shop)
    assert isinstance(refused, Refused)
    assert "because something overrides the file" in refused.reason
    assert isinstance(adopt(repository, forge, SCALED, shop=shop), Adopted)


def test_the_last_file_can_be_removed(source, repository, forge):
    source.commit("Only settings", {"apps/shop/web.yaml": None})
    outcome = adopt(repository, forge, GONE)
    assert isinstance(outcome, Adopted)
    assert source.git("ls-tree", "-r", outcome.pull.head) == ""


def test_a_file_behind_a_link_is_not_edited(source, repository, forge):
    source.commit("Elsewhere", {"apps/shop/web.yaml": None, "shared/web.yaml": WEB})
    (source.path / "apps/shop/web.yaml").symlink_to("../../shared/web.yaml")
    source.commit("Link", {})
    refused = adopt(repository, forge, SCALED)
    assert refused.reason == (
        "apps/shop/web.yaml is read through a symbolic link, and the bot does not edit files through links. Edit it by "
        "hand."
    )


def test_a_link_named_like_the_folder_for_patches_is_not_replaced(source, repository, forge):
    base = {"base/kustomization.yaml": "resources: [web.yaml]\n", "base/web.yaml": WEB}
    source.commit("Overlay", base | {"apps/shop/kustomization.yaml": "resources:\n- ../../base\n"})
    (source.path / "apps/shop/adopted").symlink_to("../../base")
    source.commit("Link", {})
    refused = adopt(repository, forge, SCALED)
    assert refused.reason.startswith("apps/shop/adopted/deployment-web.yaml is read through a symbolic link")


def test_the_most_important_differences_come_first():
    labels = tuple(FieldDrift("added", f"metadata.labels.l{number}", None, "x") for number in range(150))
    host = FieldDrift("added", "spec.template.spec.hostPID", None, True)
    text = body(check(drift=(replace(SCALED, name="a", fields=labels), replace(SCALED, fields=(host,)))), [], [], "ana")
    listed = text.partition("### Adopts")[2].strip().splitlines()
    assert "hostPID" in listed[0]
    assert "… and 51 more" in text


@pytest.mark.parametrize(
    ("drift", "changes", "says"),
    [
        ((), {"status": Status.UNKNOWN, "error": "The cluster is away."}, "is unknown: The cluster is away."),
        ((SCALED,), {"error": "403 on Secrets."}, "is unknown: 403 on Secrets."),
        ((replace(SCALED, kind="Secret", api_version="v1"),), {}, "Secret web is no longer in the rendered manifests"),
        ((replace(SCALED, name="other"),), {}, "Deployment other is no longer in the rendered manifests"),
    ],
)
def test_drift_that_cannot_be_adopted_opens_no_pull_request(repository, forge, drift, changes, says):
    refused = adopt(repository, forge, *drift, **changes)
    assert isinstance(refused, Refused)
    assert says in refused.reason
    assert forge.pull_requests == {}
    assert repository.tip("gitops-bot/adopt-shop") is None


def test_a_secret_is_never_written(source, repository, forge):
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: old}\n"
    source.commit("Secret", {"apps/shop/secret.yaml": secret})
    found = ObjectDrift("v1", "Secret", "shop", "s", "modified", (FieldDrift("changed", "data.token", "a", "b"),))
    refused = adopt(repository, forge, found)
    assert "the bot never writes secret values to git" in refused.reason


def test_in_sync_there_is_nothing_to_adopt(repository, forge):
    assert adopt(repository, forge, status=Status.SYNCED) == NothingDiffers()


def test_without_a_forge_it_says_so(repository):
    refused = adopt(repository, None, SCALED)
    assert refused.reason == "platform has no forge configured, so the bot cannot open pull requests there."
