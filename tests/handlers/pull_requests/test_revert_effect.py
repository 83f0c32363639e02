"""What a revert says it will do in the clusters: real git, the real programs, both sides rendered."""

import threading

import pytest

from bot.adapters.git.repository import GitRepository
from bot.adapters.rendering.programs import Programs
from bot.core.access.permission import Denied, Granted, Rule
from bot.core.applications.application import Application
from bot.core.changes.irreversible import Loss
from bot.core.git.repository_ref import RepositoryRef
from bot.core.pull_requests.change_ref import Sha
from bot.core.pull_requests.revert import NotPermitted, Opened, RevertRequest
from bot.handlers.pull_requests.revert import revert
from bot.handlers.rendering.affected import MAX_APPLICATIONS, effects
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.language import ENGLISH
from bot.messages.effect import warnings
from bot.ports.rendering import RenderStoppedError
from tests.handlers.pull_requests.test_revert import Pulls

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
"""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {limit: '1'}\n"
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {token: %s}\n"
OVERLAY = "resources: [../../bases/web]\nnamePrefix: NAME-\n"


class Desk:
    """Two overlays of one base, and an application of plain manifests."""

    def __init__(self, source, tmp_path):
        self.source = source
        overlays = {f"apps/{each}/kustomization.yaml": OVERLAY.replace("NAME", each) for each in ("blue", "green")}
        source.commit(
            "First",
            {
                "bases/web/kustomization.yaml": "resources: [web.yaml]\n",
                "bases/web/web.yaml": WEB,
                "apps/plain/all.yaml": CONFIG,
                **overlays,
            },
        )
        self.applications = [
            Application(name, RepositoryRef("platform"), f"apps/{name}", cluster, f"{name}-ns", "C1")
            for name, cluster in (("blue", "staging"), ("green", "prod"), ("plain", "prod"))
        ]
        self.forge = Pulls(source)
        self.repository = GitRepository("platform", str(source.path), "main", tmp_path / "mirrors")
        self.rendered = ManifestCache(Programs.find())
        self.permit = lambda _names: Granted()

    def ask(self, sha):
        return revert(
            RevertRequest("Ana", Sha(sha)),
            repository=self.repository,
            forge=self.forge,
            applications=self.applications,
            permit=self.permit,
            manifest_cache=self.rendered,
        )

    def body(self, opened):
        return self.forge.bodies[opened.pull.number]


@pytest.fixture
def desk(source, tmp_path):
    return Desk(source, tmp_path)


def told(effect):
    return [(each.change, each.kind, each.name, [f.path for f in each.fields]) for each in effect.change.objects]


def test_a_base_beside_the_applications_reaches_all_that_are_made_of_it(desk):
    bad = desk.source.commit("Scale web", {"bases/web/web.yaml": WEB.replace("replicas: 1", "replicas: 9")})
    opened = desk.ask(bad)
    assert opened.applications == ("blue", "green")
    assert [(each.application, each.cluster, each.namespace) for each in opened.effects] == [
        ("blue", "staging", "blue-ns"),
        ("green", "prod", "green-ns"),
    ]
    assert [told(each) for each in opened.effects] == [
        [("changed", "Deployment", "blue-web", ["spec.replicas"])],
        [("changed", "Deployment", "green-web", ["spec.replicas"])],
    ]
    assert "`green` on `prod` (namespace `green-ns`)**:** 1 changed" in desk.body(opened)
    assert "  - `spec.replicas`: `9` → `1`" in desk.body(opened)


def test_who_may_not_touch_what_is_made_of_a_base_may_not_undo_the_base(desk):
    bad = desk.source.commit("Scale web", {"bases/web/web.yaml": WEB.replace("replicas: 1", "replicas: 9")})
    rule = Rule("applications.green.revert_allowed", ())
    desk.permit = lambda names: Denied(rule) if "green" in names else Granted()
    assert desk.ask(bad) == NotPermitted(("blue", "green"), Denied(rule))
    assert desk.source.git("for-each-ref", "refs/heads/gitops-bot/") == ""


def test_what_is_added_removed_and_nothing_to_the_cluster(desk):
    more = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n"
    bad = desk.source.commit("Swap", {"apps/plain/all.yaml": more, "apps/plain/README.md": "Hello"})
    (effect,) = desk.ask(bad).effects
    assert told(effect) == [("removed", "ConfigMap", "more", []), ("added", "ConfigMap", "settings", [])]
    words = desk.source.commit("Words", {"apps/plain/README.md": "Bye"})
    opened = desk.ask(words)
    assert opened.effects[0].change.total == 0
    assert "No cluster changes in" in desk.body(opened)
    outside = desk.ask(desk.source.commit("Elsewhere", {"README.md": "x"}))
    assert (outside.applications, outside.effects) == ((), ())
    assert "These files are outside all applications that the bot watches." in desk.body(outside)


def test_no_value_of_a_secret_is_told(desk):
    desk.source.commit("Key", {"apps/plain/key.yaml": SECRET % "first-value"})
    bad = desk.source.commit("Turn the key", {"apps/plain/key.yaml": SECRET % "second-value"})
    opened = desk.ask(bad)
    assert told(opened.effects[0])[0][:3] == ("changed", "Secret", "key")
    everything = desk.body(opened) + repr(opened)
    assert "first-value" not in everything
    assert "second-value" not in everything


def test_what_cannot_be_rendered_is_unknown_and_says_why_and_the_rest_is_told(desk):
    bad = desk.source.commit(
        "Both",
        {
            "apps/plain/all.yaml": CONFIG.replace("'1'", "'2'"),
            "apps/blue/kustomization.yaml": "resources: [../../bases/gone]\n",
        },
    )
    blue, plain = desk.ask(bad).effects
    assert blue.why
    assert "bases/gone" in blue.why
    assert told(plain) == [("changed", "ConfigMap", "settings", ["data.limit"])]


def test_a_volume_that_goes_is_warned_of_before_anything_else(desk):
    claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\n"
    bad = desk.source.commit("Keep data", {"apps/plain/claim.yaml": claim})
    opened = desk.ask(bad)
    assert [each.loss for each in opened.effects[0].irreversible] == [Loss.VOLUME]
    (sentence,) = warnings(ENGLISH, opened.effects)
    assert sentence.startswith("PersistentVolumeClaim data (plain on prod) is deleted along with its data")
    assert f"**Before you merge**\n\n- `{sentence}`" in desk.body(opened)


def test_a_revert_does_not_wait_for_a_slow_renderer(desk):
    class Stuck:
        """A renderer that never answers while the test runs."""

        def __init__(self):
            self.over = threading.Event()

        def kustomize(self, files, path, *, helm):
            self.over.wait(60)
            raise RenderStoppedError("It took too long.")

    stuck = Stuck()
    bad = desk.source.commit("Scale", {"bases/web/web.yaml": WEB.replace("replicas: 1", "replicas: 9")})
    desk.source.commit("Plain", {"apps/plain/all.yaml": CONFIG.replace("'1'", "'2'")})
    head = desk.repository.fetch()
    applications = [desk.applications[0], desk.applications[2]]
    try:
        slow, quick = effects(desk.repository, f"{bad}", head, applications, ManifestCache(stuck), patience=0.5)
    finally:
        stuck.over.set()
    assert slow.why == "rendering took longer than 0.5 s, so the pull request was opened without it."
    assert told(quick) == [("changed", "ConfigMap", "settings", ["data.limit"])]


def test_so_many_applications_are_rendered_and_the_others_counted(desk):
    desk.source.commit("Plain", {"apps/plain/all.yaml": CONFIG.replace("'1'", "'2'")})
    head = desk.repository.fetch()
    many = [
        Application(f"plain-{n}", RepositoryRef("platform"), "apps/plain", "prod", "x", "C1")
        for n in range(MAX_APPLICATIONS + 5)
    ]
    found = effects(desk.repository, desk.repository.commit(head).parents[0], head, many, desk.rendered)
    assert [each.why is None for each in found] == [True] * MAX_APPLICATIONS + [False] * 5
    assert sum(len(each.change.objects) for each in found) <= MAX_APPLICATIONS


def test_a_revert_is_opened_where_there_is_nothing_to_render_with(desk):
    desk.rendered = ManifestCache()
    opened = desk.ask(desk.source.commit("Scale", {"bases/web/web.yaml": WEB.replace("replicas: 1", "replicas: 9")}))
    assert isinstance(opened, Opened)
    assert {each.why for each in opened.effects} == {
        "No renderer is available for apps/blue.",
        "No renderer is available for apps/green.",
    }
