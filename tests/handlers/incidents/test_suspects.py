"""Which commits an alert and a stuck merge name, and when they name nobody: real git, the real comparison."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.database.store import SqlStore
from bot.adapters.git.repository import GitRepository
from bot.adapters.rendering.programs import Programs
from bot.core.applications.application import Application
from bot.core.changes.suspect import SuspectReason
from bot.core.drift.compare import compare_object
from bot.core.git.repository_ref import RepositoryRef
from bot.core.incidents.incident import Incident, IncidentState
from bot.core.objects.health import Unready
from bot.core.objects.manifest import resolve
from bot.core.objects.ownership import INTERACTIVE
from bot.core.objects.schema import Schemas
from bot.core.rollouts.rollout import ApplicationRollout, PendingState, Rollout, RolloutState
from bot.handlers.incidents.suspects import MOST_WALKED, Suspects
from bot.handlers.queries.history import history
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.language import ENGLISH
from bot.messages.revert import parse_request
from bot.ports import Ports
from bot.ports.forge import ForgeError
from tests.handlers.pull_requests.test_revert import Pulls

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: web, image: '{image}'}}]}}}}
"""
FILE = "apps/shop/web.yaml"


def web(replicas=1, image="web:1"):
    return WEB.format(replicas=replicas, image=image)


class Desk:
    def __init__(self, source, tmp_path):
        self.source = source
        source.commit("First", {FILE: web()})
        self.shop = Application("shop", RepositoryRef("platform"), "apps/shop", "prod", "shop", "C1")
        self.repository = GitRepository("platform", str(source.path), "main", tmp_path / "mirrors")
        self.store = SqlStore(f"sqlite:///{tmp_path}/state.db")
        self.forge = Pulls(source)
        self.rendered = ManifestCache(Programs.find())
        self.live = self.declared(source.sha())
        forges, repositories = {"platform": self.forge}, {"platform": self.repository}
        self.now = datetime.now(UTC) + timedelta(minutes=5)
        ports = Ports(repositories, forges, {}, None, self.store, None, lambda: self.now)
        self.suspects = Suspects(ports, {"shop": self.shop}, ManifestCache(Programs.find()), INTERACTIVE)

    def declared(self, sha):
        self.repository.fetch()
        found = self.rendered.manifests(self.repository, sha, self.shop.source)
        return {each.key: each for each in resolve(found, namespace="shop", namespaced=lambda *_: True)}

    def incident(self, *, live=None, by="argocd-controller", at=None, since=None):
        """The alert of what git says now against what the cluster has, which `by` wrote last."""
        head = self.repository.fetch()
        has = {key: manifest.object for key, manifest in (live or self.live).items()}
        drift = []
        for key, manifest in self.declared(head).items():
            found = compare_object(manifest, has.get(key), schema=Schemas(), explain=False).drift
            if found:
                fields = tuple(replace(each, manager=by, time=at) for each in found.fields)
                drift.append(replace(found, fields=fields))
        assert drift
        first = since or self.now
        return Incident("shop@1", "shop", "prod", "C1", IncidentState.OPEN, first, first, head, tuple(drift))

    def named(self, **incident):
        return self.suspects.of_drift(self.shop, self.incident(**incident))

    def rollout(self, sha, *, live_at=None):
        part = ApplicationRollout("shop", "prod", "C1", live_at=live_at)
        self.store.rollouts.save(
            Rollout(f"platform@{sha}", "platform", "main", sha, None, "x", "Ana", self.now, (part,))
        )


@pytest.fixture
def desk(source, tmp_path):
    made = Desk(source, tmp_path)
    yield made
    made.store.close()


def test_the_cluster_still_has_what_was_there_before_a_commit(desk):
    desk.source.branch("topic")
    desk.source.commit("Scale web", {FILE: web(9)})
    pull = desk.forge.merged(how="squash", branch="topic", title="Scale web")
    for number in range(3):
        desk.source.commit(f"Words {number}", {"README.md": f"{number}"})
    desk.source.commit("Words in it", {"apps/shop/README.md": "x"})
    (suspect,) = desk.named()
    assert (suspect.sha, suspect.why, suspect.places) == (
        pull.merge_sha,
        SuspectReason.BEFORE,
        ("Deployment web spec.replicas",),
    )
    assert (suspect.author, suspect.pull_number, suspect.revision) == ("Ana", pull.number, f"#{pull.number}")
    assert suspect.approved_by == ()


def test_each_difference_is_laid_to_the_commit_that_made_it(desk):
    scaled = desk.source.commit("Scale web", {FILE: web(9)})
    image = desk.source.commit("New image", {FILE: web(9, "web:2")})
    found = desk.named()
    assert [(each.sha, each.places) for each in found] == [
        (image, ("Deployment web spec.template.spec.containers[name=web].image",)),
        (scaled, ("Deployment web spec.replicas",)),
    ]


def test_a_commit_that_came_back_to_the_same_value_is_not_named(desk):
    desk.source.commit("Scale web", {FILE: web(5)})
    last = desk.source.commit("Scale it more", {FILE: web(9)})
    assert last
    (suspect,) = desk.named()
    assert suspect.subject == "Scale web", "with that one the cluster's value left git"


def test_what_nobody_ever_said_in_git_is_nobodys_commit(desk):
    desk.source.commit("Scale web", {FILE: web(9)})
    live = {
        key: replace(each, object={**each.object, "spec": {**each.object["spec"], "replicas": 7}})
        for key, each in desk.live.items()
    }
    assert desk.named(live=live) == ()


@pytest.mark.parametrize(
    ("manager", "minutes", "blamed"), [("kubectl-edit", 1, 0), ("kubectl-edit", -60, 1), ("argocd-controller", 1, 1)]
)
def test_who_wrote_by_hand_after_the_commit_is_the_one(desk, manager, minutes, blamed):
    desk.source.commit("Scale web", {FILE: web(9)})
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    assert len(desk.named(by=manager, at=at)) == blamed


def test_what_was_live_once_has_been_taken_back_by_somebody(desk):
    sha = desk.source.commit("Scale web", {FILE: web(9)})
    desk.rollout(sha, live_at=desk.now)
    assert desk.named() == ()


def test_an_old_commit_is_named_only_where_it_is_known_not_to_have_arrived(desk):
    sha = desk.source.commit("Scale web", {FILE: web(9)})
    much_later = desk.now + timedelta(days=3)
    assert desk.named(since=much_later) == ()
    desk.rollout(sha)
    assert [each.sha for each in desk.named(since=much_later)] == [sha]


def test_an_object_that_was_added_lately_and_is_not_there(desk):
    more = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\ndata: {a: b}\n"
    sha = desk.source.commit("More", {"apps/shop/more.yaml": more})
    (suspect,) = desk.named()
    assert (suspect.sha, suspect.why, suspect.places) == (sha, SuspectReason.NEVER, ("ConfigMap more",))
    desk.rollout(sha, live_at=desk.now)
    assert desk.named() == (), "somebody deleted it"


def test_of_a_secret_nothing_is_said(desk):
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {token: %s}\n"
    before = desk.source.commit("Key", {"apps/shop/key.yaml": secret % "one"})
    live = desk.declared(before)
    desk.source.commit("Turn it", {"apps/shop/key.yaml": secret % "two"})
    assert desk.named(live=live) == ()


def test_a_commit_to_a_base_beside_the_application_is_found(desk):
    base = {"bases/web/kustomization.yaml": "resources: [web.yaml]\n", "bases/web/web.yaml": web()}
    desk.source.commit("Base", {FILE: None, "apps/shop/kustomization.yaml": "resources: [../../bases/web]\n", **base})
    sha = desk.source.commit("Scale web", {"bases/web/web.yaml": web(9)})
    assert [each.sha for each in desk.named()] == [sha]


def test_so_many_commits_are_looked_into_and_no_more(desk):
    desk.source.commit("Scale web", {FILE: web(9)})
    for number in range(MOST_WALKED):
        desk.source.commit(f"Words {number}", {"apps/shop/README.md": f"{number}"})
    assert desk.named() == ()


def test_a_forge_that_does_not_answer_leaves_the_approver_unknown(desk, monkeypatch):
    def silent(_):
        raise ForgeError("GitHub does not answer.")

    monkeypatch.setattr(desk.forge, "pull_request_for", silent)
    desk.source.commit("Scale web", {FILE: web(9)})
    assert [each.approved_by for each in desk.named()] == [None]


def test_they_are_found_once_and_kept_with_the_alert(desk):
    desk.source.commit("Scale web", {FILE: web(9)})
    assert desk.store.incidents.exchange(None, desk.incident())
    desk.suspects.name(["search"])
    assert desk.store.incidents.open_for("shop").suspects is None
    desk.suspects.name(["shop"])
    kept = desk.store.incidents.open_for("shop")
    assert [each.subject for each in kept.suspects] == ["Scale web"]
    desk.source.git("update-ref", "refs/heads/main", desk.source.sha("HEAD^"))
    desk.suspects.name(["shop"])
    assert desk.store.incidents.open_for("shop") == kept


def test_a_history_that_is_gone_names_nobody_and_is_not_asked_again(desk):
    desk.source.commit("Scale web", {FILE: web(9)})
    assert desk.store.incidents.exchange(None, replace(desk.incident(), revision="0" * 40))
    desk.suspects.name(["shop"])
    assert desk.store.incidents.open_for("shop").suspects == ()


def pressed(message):
    """What the Revert buttons of a message ask for."""
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    return [str(parse_request(each["value"], "Bo").change) for row in rows for each in row]


def test_the_history_of_an_application_begins_with_what_explains_its_trouble(desk):
    sha = desk.source.commit("Scale web", {FILE: web(9)})
    ports = desk.suspects.ports
    assert pressed(history(ENGLISH, ports, "platform", desk.shop)) == []
    assert desk.store.incidents.exchange(None, desk.incident())
    desk.suspects.name(["shop"])
    said = history(ENGLISH, ports, "platform", desk.shop)
    assert pressed(said) == [sha]
    assert "Commits that explain the drift" in json.dumps(said.blocks[0])
    assert pressed(history(ENGLISH, ports, "platform", None)) == []


def test_the_history_tells_what_a_stuck_merge_is_stuck_on(desk):
    sha = desk.source.commit("New image", {FILE: web(image="web:broken")})
    late = replace(stuck(desk, "web"), state=RolloutState.LATE)
    desk.store.rollouts.save(replace(late, suspects=desk.suspects.of_rollout(late)))
    assert pressed(history(ENGLISH, desk.suspects.ports, "platform", desk.shop)) == [sha]


def stuck(desk, *objects):
    lacking = PendingState(unready=tuple(Unready("Deployment", name, 0, 1) for name in objects), total=len(objects))
    head = desk.repository.fetch()
    return Rollout(
        "platform@1",
        "platform",
        "main",
        head,
        None,
        "x",
        "Ana",
        desk.now,
        (ApplicationRollout("shop", "prod", "C1", lacking=lacking),),
    )


def test_a_stuck_merge_names_the_last_commit_that_changed_what_does_not_run(desk):
    bad = desk.source.commit("New image", {FILE: web(image="web:broken")})
    desk.source.commit("Words", {"apps/shop/README.md": "x"})
    (suspect,) = desk.suspects.of_rollout(stuck(desk, "web"))
    assert (suspect.sha, suspect.why, suspect.places) == (bad, SuspectReason.OBJECT, ("Deployment web",))


def test_a_stuck_merge_falls_back_to_the_path(desk):
    words = desk.source.commit("Words", {"apps/shop/README.md": "x"})
    (suspect,) = desk.suspects.of_rollout(stuck(desk, "elsewhere"))
    assert (suspect.sha, suspect.why, suspect.places) == (words, SuspectReason.PATH, ("shop",))


def test_a_repository_that_left_the_configuration_has_no_suspects(desk):
    assert desk.suspects.of_rollout(replace(stuck(desk, "web"), repository="gone")) == ()
