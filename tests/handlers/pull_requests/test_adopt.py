"""Adopting drift on real repositories; the forge is one in memory."""

from dataclasses import replace

import pytest

from bot.adapters.git.repository import GitRepository
from bot.adapters.rendering.programs import ProgramRenderer
from bot.core.drift.model import FieldDrift, ObjectDrift, Status
from bot.core.pull_requests.revert import AlreadyOpen, Refused, Unfinished
from bot.handlers.pull_requests.adopt import Adopted, NothingDiffers, adopt_drift
from bot.handlers.rendering.manifest_cache import ManifestCache
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


def adopt(repository, forge, *drift, **changes):
    """Adopt what a check of shop found, as ana; the outcome, in English."""
    checked = check(revision=repository.fetch(), drift=drift, **{"status": Status.OUT_OF_SYNC, **changes})
    cache = ManifestCache(ProgramRenderer.find())
    return english(adopt_drift(SHOP, checked, "ana", repository=repository, forge=forge, manifest_cache=cache))


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


def test_a_second_request_returns_the_open_pull_request(repository, forge):
    first = adopt(repository, forge, SCALED)
    assert adopt(repository, forge, SCALED) == AlreadyOpen(first.pull)
    assert len(forge.pull_requests) == 1


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
