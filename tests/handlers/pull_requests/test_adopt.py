"""Adopting drift on real repositories; the forge is one in memory."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.adapters.git.repository import GitRepository
from bot.adapters.rendering.programs import Programs
from bot.core.applications.application import Application
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.git.commit import PullRequest
from bot.core.git.repository_ref import RepositoryRef
from bot.core.pull_requests.revert import AlreadyOpen, Refused, Unfinished
from bot.handlers.pull_requests.adopt import Adopted, NothingDiffers, adopt_drift
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports.forge import ForgeError

T0 = datetime(2026, 3, 1, 2, 47, tzinfo=UTC)
SHOP = Application("shop", RepositoryRef("platform"), "apps/shop", "prod", "shop", "C0123456789")
WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2  # two are enough
"""
SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {theme: light}\n"
SCALED = ObjectDrift(
    "apps/v1", "Deployment", "shop", "web", "modified", (FieldDrift("changed", "spec.replicas", 2, 7, "kubectl", T0),)
)
GONE = ObjectDrift("v1", "ConfigMap", "shop", "settings", "missing")


class Pulls:
    """A forge in memory, as far as adopting needs one."""

    def __init__(self) -> None:
        self.pulls: list[PullRequest] = []
        self.bodies: list[str] = []
        self.fault: ForgeError | None = None

    def find_pull_request(self, head):
        return next((pull for pull in reversed(self.pulls) if pull.head == head), None)

    def create_pull_request(self, *, head, base, title, body):
        if self.fault:
            raise self.fault
        number = len(self.pulls) + 1
        self.pulls.append(
            PullRequest(number, title, f"https://forge.example/{number}", "bot", "open", base, head, "0" * 40)
        )
        self.bodies.append(body)
        return self.pulls[-1]


@pytest.fixture
def repository(source, tmp_path):
    source.commit("Shop", {"apps/shop/web.yaml": WEB, "apps/shop/settings.yaml": SETTINGS})
    return GitRepository("platform", str(source.path), "main", tmp_path / "mirrors")


@pytest.fixture
def forge():
    return Pulls()


def ask(repository, forge, *drift, application=SHOP, **changes):
    check = Check("shop", "prod", repository.fetch(), Status.OUT_OF_SYNC, None, 2, T0, drift)
    renderer = ManifestCache(Programs.find())
    return adopt_drift(
        application, replace(check, **changes), "ana", repository=repository, forge=forge, manifest_cache=renderer
    )


def test_a_pull_request_makes_git_say_what_live_says(source, repository, forge):
    outcome = ask(repository, forge, SCALED, GONE)
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
    (body,) = forge.bodies
    assert "`Deployment web` `spec.replicas`: git `2` → cluster `7`, by `kubectl`" in body
    assert "`ConfigMap settings` is missing from the cluster" in body


def test_asked_twice_it_is_one_pull_request(repository, forge):
    first = ask(repository, forge, SCALED)
    assert ask(repository, forge, SCALED) == AlreadyOpen(first.pull)
    assert len(forge.pulls) == 1


def test_one_that_was_closed_is_asked_for_anew_on_another_branch(repository, forge):
    first = ask(repository, forge, SCALED)
    forge.pulls[0] = replace(first.pull, state="closed")
    assert ask(repository, forge, SCALED).pull.head == f"{first.pull.head}-2"


def test_a_branch_without_a_pull_request_is_gone_on_from(repository, forge):
    forge.fault = ForgeError("The forge is away.")
    assert isinstance(ask(repository, forge, SCALED), Unfinished)
    forge.fault = None
    outcome = ask(repository, forge, SCALED)
    assert isinstance(outcome, Adopted)
    assert not outcome.pull.head.endswith("-2")


def test_an_overlay_is_patched_and_comes_to_what_live_has(source, repository, forge):
    base = {"base/kustomization.yaml": "resources: [web.yaml]\n", "base/web.yaml": WEB}
    source.commit("Overlay", base | {"apps/shop/kustomization.yaml": "# prod\nresources:\n- ../../base\n"})
    outcome = ask(repository, forge, SCALED)
    assert outcome.files == ("apps/shop/adopted/deployment-web.yaml", "apps/shop/kustomization.yaml")
    kustomization = source.git("show", f"{outcome.pull.head}:apps/shop/kustomization.yaml")
    assert kustomization.startswith("# prod\nresources:\n- ../../base\npatches:\n")


def test_a_chart_says_where_to_look(source, repository, forge):
    chart = "apiVersion: v2\nname: shop\nversion: 1.0.0\n"
    source.commit("Chart", {"apps/shop/Chart.yaml": chart, "apps/shop/values.yaml": "replicas: 2\n"})
    refused = ask(repository, forge, SCALED)
    assert refused.reason == (
        "Helm renders shop, and the bot cannot tell which value sets spec.replicas. Find it in apps/shop/values.yaml "
        "and change it there."
    )


@pytest.mark.parametrize(
    ("drift", "changes", "says"),
    [
        ((), {"status": Status.UNKNOWN, "error": "The cluster is away."}, "is not known: The cluster is away."),
        ((SCALED,), {"error": "403 on Secrets."}, "is not known: 403 on Secrets."),
        ((replace(SCALED, kind="Secret", api_version="v1"),), {}, "Secret web is no longer in the rendered manifests"),
        ((replace(SCALED, name="other"),), {}, "Deployment other is no longer in the rendered manifests"),
    ],
)
def test_what_cannot_be_adopted_opens_nothing(repository, forge, drift, changes, says):
    refused = ask(repository, forge, *drift, **changes)
    assert isinstance(refused, Refused)
    assert says in refused.reason
    assert forge.pulls == []
    assert repository.tip("gitops-bot/adopt-shop") is None


def test_a_secret_is_never_written(source, repository, forge):
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: old}\n"
    source.commit("Secret", {"apps/shop/secret.yaml": secret})
    found = ObjectDrift("v1", "Secret", "shop", "s", "modified", (FieldDrift("changed", "data.token", "a", "b"),))
    refused = ask(repository, forge, found)
    assert "the bot never writes secret values to git" in refused.reason


def test_in_sync_there_is_nothing_to_adopt(repository, forge):
    assert ask(repository, forge, status=Status.SYNCED) == NothingDiffers()


def test_without_a_forge_it_says_so(repository):
    refused = ask(repository, None, SCALED)
    assert refused.reason == "platform has no forge configured, so the bot cannot open pull requests there."
