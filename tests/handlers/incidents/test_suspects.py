"""Which commits an alert and a stuck rollout suspect, and when they suspect none: real git, the real comparison."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.git.repository import GitRepository
from bot.adapters.rendering.programs import ProgramRenderer
from bot.core.approvals.approval import ApprovalRecord
from bot.core.changes.suspect import SuspectReason
from bot.core.drift.compare import compare_object
from bot.core.health.unready import Unready
from bot.core.incidents.incident import Incident, IncidentState
from bot.core.objects.managed_fields import INTERACTIVE
from bot.core.objects.resolve import resolve
from bot.core.objects.schema import Schemas
from bot.core.rollouts.pending import PendingState
from bot.core.rollouts.rollout import ApplicationRollout, Rollout, RolloutState
from bot.handlers.incidents.suspects import MAX_COMMITS_READ, Suspects
from bot.handlers.queries.history import history
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.handlers.slack.people import People
from bot.i18n.language import ENGLISH
from bot.messages.revert import parse_request
from bot.ports import Ports
from bot.ports.forge import ForgeError
from tests.common.clock import Clock
from tests.common.kubernetes import as_yaml, config_map, deployment, secret
from tests.common.samples import application
from tests.common.slack import content

FILE = "apps/shop/web.yaml"
SHOP = application("shop", channel="C1")


def web(replicas=1, image="web:1"):
    return as_yaml(deployment(replicas=replicas, image=image))


class Strangers:
    """A workspace that no author is a member of."""

    def user_by_email(self, _email):
        return None


class Scenario:
    """A repository with one Deployment, which the cluster has as first committed, and the finder of suspects."""

    def __init__(self, source, forge, store, tmp_path):
        self.source, self.forge, self.store = source, forge, store
        source.commit("First", {FILE: web()})
        self.repository = GitRepository("platform", source.url, "main", tmp_path / "mirrors")
        self.clock = Clock(datetime.now(UTC) + timedelta(minutes=5))
        self.cache = ManifestCache(ProgramRenderer.find())
        self.live = self.declared(source.sha())
        self.ports = Ports(
            {"platform": self.repository}, {"platform": forge}, {}, None, None, None, store, None, self.clock
        )
        self.people = People(Strangers(), {}, self.clock)
        self.suspects = Suspects(self.ports, {"shop": SHOP}, ManifestCache(ProgramRenderer.find()), INTERACTIVE, {})

    def declared(self, sha):
        """The manifests at a commit, by key."""
        self.repository.fetch()
        manifests = self.cache.manifests(self.repository, sha, SHOP.source)
        return {manifest.key: manifest for manifest in resolve(manifests, namespace="shop", namespaced=lambda *_: True)}

    def incident(self, *, live=None, manager="argocd-controller", time=None, since=None):
        """What git declares now differs from `live`, which `manager` wrote last."""
        head = self.repository.fetch()
        live_objects = {key: manifest.object for key, manifest in (live or self.live).items()}
        drift = []
        for key, manifest in self.declared(head).items():
            compared = compare_object(manifest, live_objects.get(key), schema=Schemas(), explain=False).drift
            if compared:
                fields = tuple(replace(field, manager=manager, time=time) for field in compared.fields)
                drift.append(replace(compared, fields=fields))
        assert drift
        since = since or self.clock()
        return Incident("shop@1", "shop", "prod", "C1", IncidentState.OPEN, since, since, head, tuple(drift))

    def open_incident(self, **changes):
        assert self.store.incidents.exchange(None, replace(self.incident(), **changes))

    def suspects_of(self, **incident):
        return self.suspects.of_drift(SHOP, self.incident(**incident))

    def save_rollout(self, sha, *, live_at=None):
        part = ApplicationRollout("shop", "prod", "C1", live_at=live_at)
        self.store.rollouts.save(
            Rollout(f"platform@{sha}", "platform", "main", sha, None, "x", "Ana", self.clock(), (part,))
        )

    def stuck_rollout(self, *deployments):
        """A rollout of the head whose Deployments of these names are not ready."""
        unready = tuple(Unready("Deployment", name, 0, 1) for name in deployments)
        part = ApplicationRollout("shop", "prod", "C1", pending=PendingState(unready=unready, total=len(unready)))
        head = self.repository.fetch()
        return Rollout("platform@1", "platform", "main", head, None, "x", "Ana", self.clock(), (part,))


@pytest.fixture
def scenario(source, forge, store, tmp_path):
    return Scenario(source, forge, store, tmp_path)


def test_a_commit_that_has_not_been_deployed_is_a_suspect(scenario):
    scenario.source.branch("topic")
    scenario.source.commit("Scale web", {FILE: web(9)})
    pull = scenario.forge.merge("topic", method="squash", title="Scale web")
    for number in range(3):
        scenario.source.commit(f"Words {number}", {"README.md": f"{number}"})
    scenario.source.commit("Words in it", {"apps/shop/README.md": "x"})
    (suspect,) = scenario.suspects_of()
    assert (suspect.sha, suspect.why, suspect.places) == (
        pull.merge_sha,
        SuspectReason.BEFORE,
        ("Deployment web replicas",),
    )
    assert (suspect.author, suspect.pull_number, suspect.revision) == ("Ana", pull.number, f"#{pull.number}")
    assert suspect.approved_by == ()


def test_a_push_is_the_suspect_although_a_fast_forward_brought_it_too(scenario):
    """By the first parents of the branch, the merge in the pull request changed the application."""
    source, approvals = scenario.source, scenario.store.approvals
    first = scenario.repository.fetch()
    approvals.advance("platform", None, first, [])
    pushed = source.commit("Scale web", {FILE: web(9)})
    source.git("switch", "-qc", "topic", first)
    source.commit("Words", {"README.md": "x"})
    source.git("merge", "-q", "--no-ff", "main")
    source.git("switch", "-qC", "main", "topic")
    head, now = scenario.repository.fetch(), scenario.clock()
    record = ApprovalRecord(f"platform@{head}", "platform", "main", head, pushed, "Merge", "Ana", now, head, 1, now)
    approvals.advance("platform", first, head, [record])
    (suspect,) = scenario.suspects_of()
    assert (suspect.sha, suspect.places) == (pushed, ("Deployment web replicas",))
    rolling = scenario.suspects.of_rollout(scenario.stuck_rollout("web"))
    assert [suspect.sha for suspect in rolling] == [pushed]


def test_each_difference_names_the_commit_that_made_it(scenario):
    scaled = scenario.source.commit("Scale web", {FILE: web(9)})
    image = scenario.source.commit("New image", {FILE: web(9, "web:2")})
    assert [(suspect.sha, suspect.places) for suspect in scenario.suspects_of()] == [
        (image, ("Deployment web image",)),
        (scaled, ("Deployment web replicas",)),
    ]


def test_only_the_commit_that_replaced_the_live_value_is_a_suspect(scenario):
    scenario.source.commit("Scale web", {FILE: web(5)})
    last = scenario.source.commit("Scale it more", {FILE: web(9)})
    assert last
    (suspect,) = scenario.suspects_of()
    assert suspect.subject == "Scale web", "with that one the cluster's value left git"


def test_a_live_value_that_was_never_in_git_has_no_suspect(scenario):
    scenario.source.commit("Scale web", {FILE: web(9)})
    live = {
        key: replace(manifest, object={**manifest.object, "spec": {**manifest.object["spec"], "replicas": 7}})
        for key, manifest in scenario.live.items()
    }
    assert scenario.suspects_of(live=live) == ()


@pytest.mark.parametrize(
    ("manager", "minutes", "blamed"), [("kubectl-edit", 1, 0), ("kubectl-edit", -60, 1), ("argocd-controller", 1, 1)]
)
def test_a_hand_edit_after_the_commit_clears_the_commit(scenario, manager, minutes, blamed):
    scenario.source.commit("Scale web", {FILE: web(9)})
    time = datetime.now(UTC) + timedelta(minutes=minutes)
    assert len(scenario.suspects_of(manager=manager, time=time)) == blamed


def test_a_commit_that_was_live_once_is_not_a_suspect(scenario):
    sha = scenario.source.commit("Scale web", {FILE: web(9)})
    scenario.save_rollout(sha, live_at=scenario.clock())
    assert scenario.suspects_of() == ()


def test_an_old_commit_is_a_suspect_only_if_it_never_went_live(scenario):
    sha = scenario.source.commit("Scale web", {FILE: web(9)})
    much_later = scenario.clock() + timedelta(days=3)
    assert scenario.suspects_of(since=much_later) == ()
    scenario.save_rollout(sha)
    assert [suspect.sha for suspect in scenario.suspects_of(since=much_later)] == [sha]


def test_an_object_added_recently_that_is_missing_names_its_commit(scenario):
    sha = scenario.source.commit("More", {"apps/shop/more.yaml": as_yaml(config_map("more"))})
    (suspect,) = scenario.suspects_of()
    assert (suspect.sha, suspect.why, suspect.places) == (sha, SuspectReason.NEVER, ("ConfigMap more",))
    scenario.save_rollout(sha, live_at=scenario.clock())
    assert scenario.suspects_of() == (), "somebody deleted it"


def test_secrets_have_no_suspects(scenario):
    before = scenario.source.commit("Key", {"apps/shop/key.yaml": as_yaml(secret(token="one"))})
    live = scenario.declared(before)
    scenario.source.commit("Rotate it", {"apps/shop/key.yaml": as_yaml(secret(token="two"))})
    assert scenario.suspects_of(live=live) == ()


def test_a_commit_to_a_shared_base_is_a_suspect(scenario):
    base = {"bases/web/kustomization.yaml": "resources: [web.yaml]\n", "bases/web/web.yaml": web()}
    scenario.source.commit(
        "Base", {FILE: None, "apps/shop/kustomization.yaml": "resources: [../../bases/web]\n", **base}
    )
    sha = scenario.source.commit("Scale web", {"bases/web/web.yaml": web(9)})
    assert [suspect.sha for suspect in scenario.suspects_of()] == [sha]


def test_the_search_stops_after_a_number_of_commits(scenario):
    scenario.source.commit("Scale web", {FILE: web(9)})
    for number in range(MAX_COMMITS_READ):
        scenario.source.commit(f"Words {number}", {"apps/shop/README.md": f"{number}"})
    assert scenario.suspects_of() == ()


def test_a_forge_that_does_not_answer_leaves_the_approver_unknown(scenario):
    scenario.forge.fault = ForgeError("GitHub does not answer.")
    scenario.source.commit("Scale web", {FILE: web(9)})
    assert [suspect.approved_by for suspect in scenario.suspects_of()] == [None]


def test_suspects_are_found_once_and_stored_with_the_incident(scenario):
    scenario.source.commit("Scale web", {FILE: web(9)})
    scenario.open_incident()
    scenario.suspects.find(["search"])
    assert scenario.store.incidents.open_for("shop").suspects is None
    scenario.suspects.find(["shop"])
    kept = scenario.store.incidents.open_for("shop")
    assert [suspect.subject for suspect in kept.suspects] == ["Scale web"]
    scenario.source.git("update-ref", "refs/heads/main", scenario.source.sha("HEAD^"))
    scenario.suspects.find(["shop"])
    assert scenario.store.incidents.open_for("shop") == kept


def test_a_rewritten_history_has_no_suspects_and_is_not_searched_again(scenario):
    scenario.source.commit("Scale web", {FILE: web(9)})
    scenario.open_incident(revision="0" * 40)
    scenario.suspects.find(["shop"])
    assert scenario.store.incidents.open_for("shop").suspects == ()


def offered_reverts(message):
    """The revisions that the Revert buttons of a message ask for."""
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    return [str(parse_request(button["value"], "Bo").change) for row in rows for button in row]


def test_history_begins_with_the_suspects_of_the_open_incident(scenario):
    sha = scenario.source.commit("Scale web", {FILE: web(9)})
    assert offered_reverts(history(ENGLISH, scenario.ports, scenario.people, "platform", SHOP)) == []
    scenario.open_incident()
    scenario.suspects.find(["shop"])
    answer = history(ENGLISH, scenario.ports, scenario.people, "platform", SHOP)
    assert offered_reverts(answer) == [sha]
    assert "Commits that explain the drift" in content(answer)
    assert offered_reverts(history(ENGLISH, scenario.ports, scenario.people, "platform", None)) == []


def test_history_offers_the_revert_of_a_stuck_rollouts_suspect(scenario):
    sha = scenario.source.commit("New image", {FILE: web(image="web:broken")})
    late = replace(scenario.stuck_rollout("web"), state=RolloutState.LATE)
    scenario.store.rollouts.save(replace(late, suspects=scenario.suspects.of_rollout(late)))
    assert offered_reverts(history(ENGLISH, scenario.ports, scenario.people, "platform", SHOP)) == [sha]


def test_a_stuck_rollout_suspects_the_last_commit_to_an_unready_object(scenario):
    bad = scenario.source.commit("New image", {FILE: web(image="web:broken")})
    scenario.source.commit("Words", {"apps/shop/README.md": "x"})
    (suspect,) = scenario.suspects.of_rollout(scenario.stuck_rollout("web"))
    assert (suspect.sha, suspect.why, suspect.places) == (bad, SuspectReason.OBJECT, ("Deployment web",))


def test_a_stuck_rollout_falls_back_to_the_last_commit_to_the_path(scenario):
    words = scenario.source.commit("Words", {"apps/shop/README.md": "x"})
    (suspect,) = scenario.suspects.of_rollout(scenario.stuck_rollout("elsewhere"))
    assert (suspect.sha, suspect.why, suspect.places) == (words, SuspectReason.PATH, ("shop",))


def test_a_repository_removed_from_the_configuration_has_no_suspects(scenario):
    assert scenario.suspects.of_rollout(replace(scenario.stuck_rollout("web"), repository="gone")) == ()
