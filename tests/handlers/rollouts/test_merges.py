"""What reaches a tracked branch becomes rollouts, which are observed until they are live."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from unittest.mock import Mock

import pytest

from bot.core.applications.resource_ref import ResourceRef
from bot.core.rendering.source import Source
from bot.core.rollouts.rollout import RolloutState
from bot.handlers.change_people import read_people
from bot.handlers.rollouts import removals
from bot.handlers.rollouts.merges import MAX_MERGES, record_merges
from bot.i18n.language import ENGLISH
from bot.messages import rollout as rollout_message
from bot.ports.forge import ForgeError
from tests.common.deployers import apply_deployer, argo_application, git_repository, kustomization, serve_deployers
from tests.common.kubernetes import ARGO_CD, as_yaml, config_map, deployment, secret
from tests.common.slack import JONAS, MIRA
from tests.handlers.rollouts.scenario import LIMITS, PINNED, SETTINGS_FILE, WEB_FILE, settings, web


def test_the_first_fetch_reports_nothing_and_a_second_one_nothing_new(scenario):
    assert scenario.rollouts() == []


def test_a_merge_is_one_rollout_of_the_applications_it_changes(scenario):
    scenario.source.branch("topic")
    scenario.source.commit("Raise the limit", {SETTINGS_FILE: settings(2)})
    scenario.source.switch()
    sha = scenario.source.merge("topic")
    (rollout,) = scenario.rollouts()
    assert rollout.revision == sha
    assert [part.application for part in rollout.parts] == ["shop"]
    assert len(scenario.rollouts()) == 1


@pytest.mark.parametrize(("strategy", "applications"), [("ort", ["shop"]), ("ours", ["shop", "search"])])
def test_a_fast_forward_to_a_branch_with_this_one_merged_is_what_it_changes_here(scenario, strategy, applications):
    """It may also undo what this branch had."""
    source = scenario.source
    source.branch("topic")
    source.commit("Raise the limit", {SETTINGS_FILE: settings(2)})
    source.switch()
    before = scenario.rollout("Fix search", {"apps/search/a.yaml": settings(5, "a")})
    source.switch("topic")
    source.git("merge", "-q", "--no-ff", "-s", strategy, "-m", "Merge main", "main")
    source.switch()
    source.git("merge", "-q", "--ff-only", "topic")
    _, rollout = scenario.rollouts()
    assert (rollout.revision, rollout.parent) == (source.sha(), before.revision)
    assert sorted(part.application for part in rollout.parts) == sorted(applications)


def test_a_commit_that_changes_no_application_is_not_a_rollout(scenario):
    scenario.source.commit("Words", {"README.md": "hello\n"})
    assert scenario.rollouts() == []


def test_many_merges_at_once_are_one_rollout(scenario):
    for limit in range(MAX_MERGES + 1):
        sha = scenario.source.commit(f"Limit {limit}", {SETTINGS_FILE: settings(f"x{limit}")})
    (rollout,) = scenario.rollouts()
    assert (rollout.merges, rollout.revision) == (MAX_MERGES + 1, sha)


def test_a_rewritten_history_is_reported(scenario):
    scenario.source.git("commit", "-q", "--amend", "-m", "Other", "--allow-empty")
    assert scenario.rollout("Raise the limit", {SETTINGS_FILE: settings(3)}).rewritten


def test_the_clock_of_a_tag_starts_when_it_is_set(scenario, forge):
    """Days after the merge."""
    source, key = scenario.source, "platform@1.x"
    scenario.ports = ports = replace(scenario.ports, forges={key: forge})
    repository, applications = ports.repositories[key], list(scenario.applications.values())
    source.git("tag", "v1.0.0")
    source.branch("topic")
    source.commit("Raise the limit", {SETTINGS_FILE: settings(2)})
    pull = forge.merge("topic", title="Raise the limit", method="squash")
    forge.pull_requests[pull.number] = replace(pull, merged_at=scenario.clock())

    def record():
        recorded, head = ports.store.rollouts.head(key), repository.fetch()
        assert record_merges(ports, key, recorded, head, applications, scenario.cache, scenario.people)

    record()
    scenario.clock.advance(timedelta(days=3))
    source.git("tag", "v1.1.0", pull.merge_sha)
    record()
    (rollout,) = ports.store.rollouts.unsettled()
    assert (rollout.revision, rollout.pull_number) == (pull.merge_sha, pull.number)
    assert rollout.merged_at == scenario.clock()


@pytest.mark.parametrize(
    ("merged", "since", "expected"),
    [
        (-20, -30, -20),
        (-86_400, None, -86_400),  # the bot was down
        (-60, -30, -30),  # the forge's clock is behind
        (20, -30, 0),  # or ahead
        (-86_400, -30, 0),  # a removed commit returns, or HEAD moves
    ],
)
def test_a_merge_cannot_be_earlier_than_the_bot_last_saw_the_branch(scenario, forge, merged, since, expected):
    """Nor can a push be later than the merge that follows it, which decides what a deployment replaces."""
    scenario.ports = ports = replace(scenario.ports, forges={"platform": forge})
    recorded, now = ports.store.rollouts.head("platform"), scenario.clock()
    times = [now + timedelta(seconds=seconds) if seconds is not None else None for seconds in (merged, since, expected)]
    merged_at, since_at, expected_at = times
    pushed = [scenario.source.commit("Push", {SETTINGS_FILE: settings(limit)}) for limit in range(5, 8)]
    scenario.source.branch("topic")
    scenario.source.commit("Raise the limit", {SETTINGS_FILE: settings(2)})
    pull = forge.merge("topic", title="Raise the limit", method="squash")
    forge.pull_requests[pull.number] = replace(pull, merged_at=merged_at)
    applications, head = list(scenario.applications.values()), ports.repositories["platform"].fetch()
    assert record_merges(
        ports, "platform", recorded, head, applications, scenario.cache, scenario.people, since=since_at
    )
    rollouts = ports.store.rollouts.unsettled()
    assert [rollout.revision for rollout in rollouts] == [*pushed, pull.merge_sha]
    assert rollouts[-1].merged_at == expected_at
    steps = [later.merged_at - earlier.merged_at for earlier, later in pairwise(rollouts)]
    assert all(timedelta() < step < timedelta(seconds=1) for step in steps)


def test_each_arrival_of_a_commit_is_its_own_rollout(scenario, cluster):
    """`last` is removed by a force push to `first`, returns, and is removed again."""
    shas = [scenario.rollout(f"Limit {limit}", {SETTINGS_FILE: settings(limit)}).revision for limit in (2, 3)]
    first, last = shas
    store = scenario.ports.store
    merged = {rollout.id: rollout for rollout in scenario.rollouts()}
    for times, head in enumerate((first, last, first), 1):
        scenario.clock.advance(minutes=1)
        scenario.source.git("reset", "-q", "--hard", head)
        rollouts = scenario.rollouts()
        assert {id_: rollout for rollout in rollouts if (id_ := rollout.id) in merged} == merged
        assert len(rollouts) == 2 + times
        arrival = rollouts[-1]
        assert (arrival.revision, arrival.merged_at) == (head, scenario.clock())
        assert arrival.rewritten == (head == first)
    deployments = store.rollouts.deployments(scenario.clock() - timedelta(days=1))
    assert [row.revision for row in deployments].count(first) == 3


def test_a_revert_ends_the_rollout_of_neither_a_rewrite_nor_a_later_arrival(scenario):
    """A force push removes the revert of a commit, whose rollout must then be watched."""
    bad = scenario.rollout("Limit 2", {SETTINGS_FILE: settings(2)})
    scenario.source.git("revert", "--no-edit", bad.revision)
    revert = scenario.rollouts()[-1]
    assert revert.reverts == (bad.revision,)
    for head in (bad.revision, bad.parent, bad.revision):
        scenario.source.git("reset", "-q", "--hard", head)
        scenario.rollouts()
    scenario.track()
    states = {rollout.id: rollout.state for rollout in scenario.ports.store.rollouts.unsettled()}
    assert [id_ for id_, state in states.items() if state is RolloutState.REVERTED] == [bad.id]
    assert len(states) == 5


def test_an_unavailable_forge_delays_nothing(scenario, forge):
    forge.fault = ForgeError("GitHub does not answer.")
    scenario.ports = replace(scenario.ports, forges={"platform": forge})
    assert scenario.rollout("Raise the limit", {SETTINGS_FILE: settings(2)}).pull_number is None


@pytest.mark.parametrize(("base", "number"), [("main", 1), ("develop", None)])
def test_a_rollout_has_the_pull_request_into_its_branch(scenario, forge, base, number):
    """A pull request into another branch approves nothing here, and a revert of it would change that branch."""
    scenario.ports = replace(scenario.ports, forges={"platform": forge})
    scenario.source.branch("develop")
    scenario.source.branch("topic")
    scenario.source.commit("Raise the limit", {SETTINGS_FILE: settings(2)})
    forge.merge("topic", title="Harmless", method="squash", base=base)
    scenario.source.switch()
    scenario.source.git("merge", "-q", "--ff-only", base)
    (rollout,) = scenario.rollouts()
    assert rollout.pull_number == number
    repository = scenario.ports.repositories["platform"]
    pull, _ = read_people(scenario.ports, repository, forge, repository.commit(rollout.revision), {})
    assert (pull and pull.number) == number


def test_a_rollout_is_live_once_the_cluster_has_the_changes_and_not_what_was_removed(scenario, cluster):
    old = config_map("old", limit="1")
    scenario.rollout("Add old", {"apps/shop/old.yaml": as_yaml(old)})
    cluster.apply(old, config_map(limit="1"), namespace="shop")
    rollout = scenario.rollout("Raise the limit", {SETTINGS_FILE: settings(2), "apps/shop/old.yaml": None})
    waiting = scenario.observe(rollout)
    assert waiting.state is RolloutState.ROLLING
    pending = waiting.parts[0].pending
    assert (pending.missing, pending.remaining) == (("ConfigMap settings: data.limit",), ("ConfigMap old",))
    cluster.apply(config_map(limit="2"), namespace="shop")
    cluster.delete(old, "shop")
    scenario.clock.advance(seconds=42)
    live = scenario.observe(waiting)
    assert (live.state, live.ended_at) == (RolloutState.LIVE, scenario.clock())


@pytest.mark.parametrize("manager", [ARGO_CD, "helm-controller", "helm"])
def test_a_merge_that_only_removes_fields_is_live_once_they_are_gone(scenario, cluster, manager):
    before, after = (deployment(replicas=1, image="web:1") for _ in range(2))
    pod = before["spec"]["template"]["spec"]
    pod |= {"hostPID": True, "dnsPolicy": "ClusterFirst"}  # one of them is the default
    pod["containers"][0] |= {"securityContext": {"privileged": True}, "env": [{"name": "DEBUG", "value": "1"}]}
    objects = before, secret(user="ana", password="example"), config_map(level="info")
    scenario.rollout("Add web", {WEB_FILE: as_yaml(*objects)})
    cluster.apply(config_map("other"), namespace="shop")  # creates the namespace
    for live in objects:
        if manager == ARGO_CD:
            cluster.apply(live, namespace="shop")
        else:  # Helm updates its objects
            collection = cluster.api.path_of(live, "shop").rpartition("/")[0]
            cluster.api.call("POST", collection, live, user_agent=manager)
    cluster.edit(before, "shop", {"spec": {"template": {"spec": {"hostNetwork": True}}}})
    merged = after, secret(user="ana"), config_map(level="info", mode="a")
    rollout = scenario.rollout("Remove fields", {WEB_FILE: as_yaml(*merged)})
    waiting = scenario.observe(rollout)
    assert waiting.state is RolloutState.ROLLING
    pending = waiting.parts[0].pending
    assert pending.missing == ("ConfigMap settings: data.mode",)
    assert set(pending.remaining) == {
        "Secret login: data.password",
        "Deployment web: env",
        "Deployment web: securityContext",
        "Deployment web: hostPID",
    }
    pod = {"hostPID": None, "containers": after["spec"]["template"]["spec"]["containers"]}
    patches = {"spec": {"template": {"spec": pod}}}, {"data": {"password": None}}, {"data": {"mode": "a"}}
    for live, patch in zip(objects, patches, strict=True):
        cluster.edit(live, "shop", patch, user_agent=manager)
    assert scenario.observe(waiting).state is RolloutState.LIVE


@pytest.mark.parametrize(
    ("before", "live", "merged", "is_pending"),
    [
        (None, None, "2026-03-01T00:00:00Z", True),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z", True),
        ("2026-01-01T00:00:00Z", "2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z", True),
        (None, "2026-03-01T01:00:00+02:00", "2026-03-01T00:00:00Z", True),
        (None, "2026-02-28T23:00:05-01:00", "2026-03-01T00:00:00Z", False),
        ("2026-01-01T00:00:00Z", "2026-03-01T00:00:05Z", "2026-03-01T00:00:00Z", False),
        ("2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z", True),
        ("9", "9", "10", True),
        (None, "release-b", "release-a", True),
        ("release-a", "release-a", "release-b", True),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", None, True),
        ("2026-01-01T00:00:00Z", "2026-02-28T00:00:00Z", None, False),
    ],
)
def test_a_merge_that_restarts_pods_is_live_once_it_is_applied_or_they_are_restarted_later(
    scenario, cluster, before, live, merged, is_pending
):
    def restarted(at):
        document = deployment(replicas=1)
        annotations = {"kubectl.kubernetes.io/restartedAt": at} if at else {}
        document["spec"]["template"]["metadata"]["annotations"] = annotations
        return document

    scenario.rollout("Add web", {WEB_FILE: as_yaml(restarted(before))})
    cluster.apply(restarted(before), namespace="shop")
    if live != before:
        cluster.edit(restarted(live), "shop", {"spec": {"template": restarted(live)["spec"]["template"]}})
    observed = scenario.observe(scenario.rollout("Restart web", {WEB_FILE: as_yaml(restarted(merged))}))
    pending = observed.parts[0].pending
    assert (len(pending.remaining if merged is None else pending.missing), pending.total) == (is_pending, is_pending)
    cluster.apply(restarted(merged), namespace="shop")
    assert scenario.observe(observed).state is RolloutState.LIVE


SYNC_OPTIONS = "argocd.argoproj.io/sync-options"


@pytest.mark.parametrize(
    ("annotations", "is_kept"),
    [
        ({}, False),
        ({SYNC_OPTIONS: "Validate=false, Prune=false"}, True),
        ({SYNC_OPTIONS: "PruneLast=true,Prune=confirm"}, True),
        ({"kustomize.toolkit.fluxcd.io/prune": "Disabled"}, True),
        ({"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}, True),
        ({"kustomize.toolkit.fluxcd.io/prune": "enabled"}, False),
        ({SYNC_OPTIONS: "PruneLast=true"}, False),
        ({"helm.sh/resource-policy": "keep"}, True),
    ],
)
def test_a_rollout_waits_for_a_removal_unless_git_keeps_the_object(scenario, cluster, annotations, is_kept):
    old = config_map("old")
    old["metadata"]["annotations"] = annotations
    assert remove(scenario, cluster, old, {}).state is (RolloutState.LIVE if is_kept else RolloutState.ROLLING)


@pytest.mark.parametrize("prune", [True, False])
@pytest.mark.parametrize("deployer", ["argocd", "flux-system", "another cluster's"])
def test_a_rollout_waits_for_a_removal_only_if_its_deployer_prunes(scenario, cluster, deployer, prune):
    serve_deployers(cluster)
    resources = []
    if deployer == "another cluster's":
        origin = ResourceRef("Argo CD", "Application", "hub", "argocd", "shop")
        scenario.applications["shop"] = replace(scenario.applications["shop"], origin=origin, prunes=prune)
    elif deployer == "argocd":
        sync_policy = {"automated": {"prune": True} if prune else {}}
        resources = [argo_application("shop", scenario.source.url, syncPolicy=sync_policy)]
    else:
        resources = [git_repository(scenario.source.url), kustomization("shop", prune=prune)]
    apply_deployer(cluster, *resources, namespace="shop")
    observed = remove(scenario, cluster, config_map("old"), {})
    assert observed.state is (RolloutState.ROLLING if prune else RolloutState.LIVE)


@pytest.mark.parametrize(
    ("is_in_the_same_merge", "declared_in", "later_path", "state"),
    [
        (True, None, None, RolloutState.LIVE),
        (False, None, None, RolloutState.LIVE),
        (False, None, "apps/gone", RolloutState.LIVE),
        (False, "team", None, RolloutState.LIVE),
        (False, "evil", None, RolloutState.ROLLING),
    ],
)
def test_an_object_that_moves_to_another_application_is_not_waited_for(
    scenario, cluster, is_in_the_same_merge, declared_in, later_path, state
):
    """Unless a tenant elsewhere declares that application."""
    if later_path:
        give_later_source(scenario, "search", later_path)
    if declared_in:
        for name, namespace in {"shop": "team", "search": declared_in}.items():
            origin = ResourceRef("Argo CD", "Application", "prod", namespace, name)
            scenario.applications[name] = replace(scenario.applications[name], origin=origin)
    moved = config_map("old")
    moved["metadata"]["namespace"] = "shop"
    files = {"apps/search/old.yaml": as_yaml(moved)}
    if not is_in_the_same_merge:
        scenario.rollout("Declare old twice", files)
    cluster.apply(config_map("a", limit="1"), namespace="search")
    rolling = remove(scenario, cluster, moved, files)
    scenario.clock.advance(minutes=1)
    assert scenario.observe(rolling).state is state


PLAIN = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "stringData": {"password": "ENC[1]"}}
SEALED = {**PLAIN, "sops": {"mac": "ENC[1]"}}
OTHER = {**SEALED, "stringData": {"password": "ENC[2]"}}


@pytest.mark.parametrize(
    ("before", "after"), [(PLAIN, SEALED), (SEALED, PLAIN), (SEALED, OTHER), ("", SEALED), (SEALED, "")]
)
def test_a_rollout_does_not_wait_for_an_object_that_the_bot_cannot_render(scenario, cluster, bot, before, after):
    """Its card says that the object isn't checked, and the rest is waited for."""
    path = "apps/shop/db.yaml"
    scenario.rollout("First", {path: before and as_yaml(before), "apps/shop/x.yaml": as_yaml(config_map("x"))})
    cluster.apply(config_map(limit="1"), PLAIN, namespace="shop")
    rollout = scenario.rollout("Second", {path: after and as_yaml(after), SETTINGS_FILE: settings(2)})
    states = []
    for limit in ("1", "2"):
        cluster.apply(config_map(limit=limit), namespace="shop")
        scenario.clock.advance(minutes=1)
        bot.monitor.observe_rollouts()
        (stored,) = scenario.ports.store.rollouts.of_revisions([rollout.revision])
        states.append(stored.state)
    assert states == [RolloutState.ROLLING, RolloutState.LIVE]
    rendered = stored.parts[0].change.rendered
    assert [(change.change, change.name) for change in rendered.objects] == [("changed", "settings"), ("unknown", "db")]
    card = json.dumps(rollout_message.card(ENGLISH, stored).blocks)
    assert "1 object changed and 1 object not checked" in card
    assert "is not checked: the bot cannot render its content, which may change" in card


def test_a_rollout_waits_for_an_object_that_can_be_rendered_after_the_merge(scenario, cluster):
    path = "apps/shop/db.yaml"
    scenario.rollout("First", {path: as_yaml(SEALED)})
    cluster.apply({**PLAIN, "stringData": {"password": "earlier"}}, namespace="shop")
    rolling = scenario.rollout("Second", {path: as_yaml(PLAIN)})
    scenario.clock.advance(minutes=1)
    rolling = scenario.observe(rolling)
    assert rolling.state is RolloutState.ROLLING
    cluster.apply(PLAIN, namespace="shop")
    scenario.clock.advance(minutes=1)
    assert scenario.observe(rolling).state is RolloutState.LIVE


def test_an_object_that_another_application_declares_encrypted_is_not_waited_for(scenario, cluster):
    declared = {**PLAIN, "metadata": {"name": "db", "namespace": "shop"}}
    sealed = {"apps/search/db.yaml": as_yaml({**declared, "sops": {"mac": "ENC[1]"}})}
    cluster.apply(config_map("a", limit="1"), namespace="search")
    rolling = remove(scenario, cluster, declared, sealed)
    scenario.clock.advance(minutes=1)
    assert scenario.observe(rolling).state is RolloutState.LIVE


def test_one_observation_reads_deployers_and_git_once_for_all_removals(scenario, cluster, monkeypatch):
    serve_deployers(cluster)
    files = {f"apps/{name}/old.yaml": as_yaml(config_map("old")) for name in scenario.applications}
    scenario.rollout("Add old", files)
    for namespace in scenario.applications:
        cluster.apply(config_map("old"), namespace=namespace)
    rollout = scenario.rollout("Remove old", dict.fromkeys(files))
    scenario.clock.advance(minutes=1)
    renderings = Mock(wraps=removals.desired_states)
    monkeypatch.setattr(removals, "desired_states", renderings)
    cluster.sandbox.api.requests.clear()
    observed = scenario.observe(rollout)
    assert [part.pending.remaining for part in observed.parts] == [("ConfigMap old",)] * len(files)
    lists = [request for request in cluster.sandbox.requests if request.path.endswith("/kustomizations")]
    assert (renderings.call_count, len(lists)) == (1, 1)


def give_later_source(scenario, name, path):
    application = scenario.applications[name]
    scenario.applications[name] = replace(application, later_sources=((application.repository, Source(path)),))


@pytest.mark.parametrize(
    ("later_path", "level", "state", "changes"),
    [
        ("apps/late", "7", RolloutState.LIVE, ["own"]),
        ("apps/none", "7", RolloutState.ROLLING, ["own", "settings"]),
        ("apps/none", "2", RolloutState.LIVE, ["own", "settings"]),
        ("apps/encrypted", "7", RolloutState.LIVE, ["own"]),
        # If it can't be read, all must match, and failures are still found.
        ("apps/gone", "7", RolloutState.ROLLING, ["own", "settings"]),
        ("apps/gone", "2", RolloutState.LIVE, ["own", "settings"]),
    ],
)
def test_an_object_that_a_later_source_declares_too_is_not_waited_for(
    scenario, cluster, later_path, level, state, changes
):
    others = {"apps/late/settings.yaml": settings(7), "apps/none/other.yaml": settings(1, "other")}
    others["apps/encrypted/settings.yaml"] = as_yaml({**config_map(limit="ENC[7]"), "sops": {"mac": "ENC[1]"}})
    scenario.rollout("Before", {SETTINGS_FILE: settings(3), **others})
    give_later_source(scenario, "shop", later_path)
    cluster.apply(config_map("own", limit="1"), config_map(limit=level), namespace="shop")
    rollout = scenario.rollout(
        "Raise the limit", {SETTINGS_FILE: settings(2), "apps/shop/own.yaml": settings(1, "own")}
    )
    observed = scenario.observe(scenario.describe(rollout))
    (part,) = observed.parts
    assert (observed.state, part.error) == (state, None)
    assert sorted(change.name for change in part.change.rendered.objects) == changes


def test_a_later_source_that_can_be_read_only_later_is_not_waited_for(scenario, cluster):
    scenario.source.commit("Override", {"apps/late/settings.yaml": settings(7)})
    give_later_source(scenario, "shop", "apps/late")
    late = scenario.applications["shop"].later_sources
    elsewhere = ((replace(late[0][0], name="other"), late[0][1]),)
    scenario.applications["shop"] = replace(scenario.applications["shop"], later_sources=elsewhere)
    cluster.apply(config_map(limit="7"), namespace="shop")
    rollout = scenario.describe(scenario.rollout("Raise the limit", {SETTINGS_FILE: settings(2)}))
    waiting = scenario.observe(rollout)
    assert (waiting.state, waiting.parts[0].overridden) == (RolloutState.ROLLING, None)
    scenario.applications["shop"] = replace(scenario.applications["shop"], later_sources=late)
    assert scenario.observe(scenario.describe(waiting)).state is RolloutState.LIVE


@pytest.mark.parametrize(
    ("declared", "then", "state"),
    [
        (None, settings(7), RolloutState.LATE),  # only fetched: nobody has applied the merge or the override
        (settings(7), None, RolloutState.LIVE),
        (settings(7), "kind: [", RolloutState.LIVE),
    ],
)
def test_what_a_later_source_declares_later_does_not_change_an_earlier_rollout(
    scenario, cluster, declared, then, state
):
    scenario.source.commit("Add a source", {"apps/late/other.yaml": settings(1, "other")})
    if declared:
        scenario.source.commit("Override", {"apps/late/settings.yaml": declared})
    give_later_source(scenario, "shop", "apps/late")
    cluster.apply(config_map(limit="1"), namespace="shop")
    rollout = scenario.describe(scenario.rollout("Raise the limit", {SETTINGS_FILE: settings(2)}))
    scenario.ports.store.rollouts.save(rollout)
    (stored,) = scenario.ports.store.rollouts.of_revisions([rollout.revision])
    scenario.clock.advance(LIMITS.deadline)
    observed = scenario.observe(stored)
    assert observed.state is state
    scenario.source.commit("Change the override", {"apps/late/settings.yaml": then})
    scenario.ports.repositories["platform"].fetch()
    assert scenario.observe(observed).state is state


def remove(scenario, cluster, old, files):
    """The rollout of a merge that removes an object and adds these files, while the cluster still has the object."""
    path = "apps/shop/old.yaml"
    scenario.rollout("Add old", {path: as_yaml(old)})
    cluster.apply(old, namespace="shop")
    return scenario.observe(scenario.rollout("Remove old", {path: None, **files}))


def test_fields_added_by_hand_do_not_hold_up_a_rollout(scenario, cluster):
    cluster.apply(config_map(limit="2"), namespace="shop")
    cluster.edit(config_map(), "shop", {"data": {"by": "hand"}})
    rollout = scenario.rollout("Raise the limit", {SETTINGS_FILE: settings(2)})
    assert scenario.observe(rollout).state is RolloutState.LIVE


def test_a_rollout_on_an_unavailable_cluster_is_late_at_the_deadline(scenario, cluster):
    rollout = scenario.rollout("Raise the limit", {SETTINGS_FILE: settings(2)})
    cluster.api.break_version("v1")
    scenario.clock.advance(LIMITS.deadline)
    late = scenario.observe(rollout)
    assert late.state is RolloutState.LATE
    assert late.parts[0].error


def test_a_change_to_a_shared_base_is_a_rollout_of_what_is_built_on_it(scenario):
    scenario.rollout(
        "Build on a base",
        {
            "apps/shop/kustomization.yaml": "resources: [settings.yaml, ../../base]\n",
            "base/kustomization.yaml": "resources: [limits.yaml]\n",
            "base/limits.yaml": settings(1, "limits"),
        },
    )
    rollout = scenario.rollout("Raise the limit", {"base/limits.yaml": settings(2, "limits")})
    assert [part.application for part in rollout.parts] == ["shop"]
    assert scenario.observe(rollout).parts[0].pending.missing == ("ConfigMap limits",)


# ---------------------------------------------------------------- what it changes, and who wrote it


def test_a_rollout_lists_its_changes_and_the_images_that_are_not_pinned(scenario):
    added = scenario.change(scenario.rollout("Add web", {WEB_FILE: web(PINNED)}))
    assert (added.rendered.added, added.rendered.total, added.unpinned) == (1, 1, ())
    changed = scenario.change(scenario.rollout("Use a newer web", {WEB_FILE: web("web:2")}))
    (object_change,) = changed.rendered.objects
    assert [(field.path, field.before, field.after) for field in object_change.fields] == [
        ("spec.template.spec.containers[name=web].image", PINNED, "web:2")
    ]
    assert [(image.image, image.used_by) for image in changed.unpinned] == [("web:2", "Deployment web")]


def test_a_change_that_cannot_be_rendered_says_why(scenario):
    described = scenario.describe(scenario.rollout("Break it", {SETTINGS_FILE: "kind: [\n"}))
    assert "settings.yaml:2" in str(described.parts[0].change.why)
    assert scenario.describe(described) == described
    fixing = scenario.describe(scenario.rollout("Fix it", {SETTINGS_FILE: None}))
    assert re.match(r"before this merge: .*settings\.yaml:2", str(fixing.parts[0].change.why))


def test_a_path_that_comes_or_goes_is_objects_added_or_removed(scenario):
    removed = scenario.rollout("Away with it", {"apps/search/a.yaml": None})
    assert scenario.change(removed).rendered.removed == 1
    added = scenario.rollout("Back again", {"apps/search/a.yaml": settings(1, "a")})
    assert scenario.change(added).rendered.added == 1


def test_two_api_versions_of_an_object_are_the_same_object(scenario, cluster):
    """Both versions are served: the older one in git is not an object that has to go."""

    def autoscaler(version):
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        spec = {"maxReplicas": 3, "scaleTargetRef": target}
        kind = "HorizontalPodAutoscaler"
        return {"apiVersion": f"autoscaling/{version}", "kind": kind, "metadata": {"name": "web"}, "spec": spec}

    scenario.rollout("Scale web", {"apps/shop/hpa.yaml": as_yaml(autoscaler("v1"))})
    rollout = scenario.rollout("Use the newer version", {"apps/shop/hpa.yaml": as_yaml(autoscaler("v2"))})
    cluster.apply(autoscaler("v2"), namespace="shop")
    assert scenario.observe(rollout).state is RolloutState.LIVE


def test_all_authors_are_named_and_found_in_slack(scenario):
    source = scenario.source
    source.branch("topic")
    source.commit("One", {SETTINGS_FILE: settings(2)}, author="Mira <mira@acme.example>")
    co_author = "Co-authored-by: Bea <77+bea-dev@users.noreply.github.com>"
    source.commit(f"Two\n\n{co_author}", {}, author="Jonas <jonas@acme.example>")
    source.commit("Three", {}, author="renovate[bot] <29139614+renovate[bot]@users.noreply.github.com>")
    source.commit("Four", {}, author="Somebody <somebody@elsewhere.example>")
    source.switch()
    source.merge("topic")
    (rollout,) = scenario.rollouts()
    assert [(author.name, author.user) for author in rollout.authors] == [
        ("Mira", MIRA),
        ("Jonas", JONAS),
        ("Bea", MIRA),
        ("Somebody", None),
    ]
    assert rollout.more_authors == 0


# ---------------------------------------------------------------- whether it runs


def test_a_workload_that_is_not_ready_holds_up_its_rollout_and_says_why(scenario, cluster):
    waiting = scenario.observe(scenario.deploy("web:2", {"updatedReplicas": 1}))
    assert [(workload.ready, workload.wanted, workload.reason) for workload in waiting.parts[0].pending.unready] == [
        (0, 1, "")
    ]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web-1", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "web:2"}]},
    }
    cluster.apply(pod, namespace="shop", manager="kube-controller-manager")
    waiting_container = {"name": "web", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    cluster.set_status(pod, "shop", {"containerStatuses": [waiting_container]})
    crashing = scenario.observe(waiting)
    assert [workload.reason for workload in crashing.parts[0].pending.unready] == ["ImagePullBackOff"]
    assert crashing.state is RolloutState.ROLLING


def test_a_failed_workload_makes_its_rollout_late_before_the_deadline(scenario):
    conditions = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
    assert scenario.observe(scenario.deploy("web:2", {"conditions": conditions})).state is RolloutState.LATE


HEALTHY = {"updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1}
FAILED = {"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}


@pytest.mark.parametrize("status", [403, 503])
def test_a_list_that_cannot_be_read_holds_up_no_other_application(scenario, cluster, status):
    def states():
        scenario.clock.advance(minutes=2)
        scenario.track()
        return {rollout.subject: rollout.state for rollout in scenario.ports.store.rollouts.unsettled()}

    api = deployment(replicas=1, image="api:1")
    scenario.deploy("web:2", HEALTHY)
    scenario.rollout("Deploy search", {"apps/search/web.yaml": as_yaml(api)})
    cluster.apply(api, namespace="search")
    cluster.set_status(api, "search", {"observedGeneration": 1, "replicas": 1, **HEALTHY})
    assert states() == {"Use web:2": RolloutState.LIVE, "Deploy search": RolloutState.LIVE}
    cluster.fail("*/namespaces/shop/deployments", status)
    cluster.fail("/apis/apps/v1/deployments", status)
    cluster.set_status(api, "search", FAILED)
    scenario.rollout("Limit search", {"apps/search/a.yaml": settings(2, "a")})
    cluster.apply(config_map("a", limit="2"), namespace="search")
    assert states() == {
        "Use web:2": RolloutState.LIVE,
        "Deploy search": RolloutState.DEGRADED,
        "Limit search": RolloutState.LIVE,
    }


def test_without_access_to_pods_the_reason_is_unknown(scenario, cluster):
    cluster.fail("*/pods", 403)
    observed = scenario.observe(scenario.deploy("web:2", {}))
    assert [workload.reason for workload in observed.parts[0].pending.unready] == [""]


def test_an_error_of_the_deployer_is_reported_after_a_while(scenario, cluster):
    serve_deployers(cluster)
    failed = {"type": "Ready", "status": "False", "reason": "BuildFailed", "message": "no base"}
    shop = kustomization("shop", status={"conditions": [failed]})
    stranger = kustomization("a", status={"conditions": [{**failed, "reason": "Hello"}]})
    apply_deployer(cluster, git_repository("https://git.example/a.git"), stranger, namespace="aa")
    apply_deployer(cluster, git_repository(scenario.source.url), shop, namespace="flux-system")
    rollout = scenario.rollout("Raise the limit", {SETTINGS_FILE: settings(2)})
    assert scenario.observe(rollout).parts[0].pending.failure is None
    scenario.clock.advance(minutes=2)
    failure = scenario.observe(rollout).parts[0].pending.failure
    assert (failure.deployer, failure.reason, failure.message) == ("Flux", "BuildFailed", "no base")


@pytest.mark.parametrize(("method", "is_known"), [("merge", True), ("rebase", True), ("squash", False)])
def test_the_first_commit_of_a_merge_is_dated_unless_it_was_squashed(scenario, forge, method, is_known):
    written_at = scenario.clock() - timedelta(days=2)
    scenario.ports = replace(scenario.ports, forges={"platform": forge})
    scenario.source.branch("topic")
    for limit, at in ((2, written_at), (3, written_at + timedelta(days=1))):
        scenario.source.commit(f"Limit {limit}", {SETTINGS_FILE: settings(limit)})
        scenario.source.git("commit", "-q", "--amend", "--no-edit", "--date", at.isoformat())
    forge.merge("topic", title="Raise the limit", method=method)
    (rollout,) = scenario.rollouts()
    assert rollout.first_commit_at == (written_at if is_known else None)


OTHER_FILE = "apps/shop/other.yaml"


def test_a_message_that_says_revert_marks_nothing_that_is_still_there(scenario):
    bad = scenario.rollout("Break it", {SETTINGS_FILE: settings(2)})
    says_so = f"This reverts commit {bad.revision}."
    other_file = {OTHER_FILE: as_yaml(config_map("other", x="1"))}
    assert scenario.rollout(f"Tidy\n\n{says_so}", other_file).reverts == ()
    assert scenario.rollout(f"Raise it\n\n{says_so}", {SETTINGS_FILE: settings(9)}).reverts == ()


def test_a_message_that_says_revert_marks_nothing_in_a_file_that_was_changed_since(scenario):
    bad = scenario.rollout("Break it", {SETTINGS_FILE: settings(2)})
    tidy = scenario.rollout("Tidy", {SETTINGS_FILE: settings(2) + "# tidy\n"})
    says_so = f"This reverts commit {bad.revision}."
    says_more = f"{says_so}\n\nThis reverts commit {tidy.revision}."
    assert scenario.rollout(f"Tidy\n\n{says_so}", {SETTINGS_FILE: settings(2) + "# tidier\n"}).reverts == ()
    assert scenario.rollout(f"Untidy\n\n{says_more}", {SETTINGS_FILE: settings(2)}).reverts == (tidy.revision,)
    assert scenario.rollout(f"Move\n\n{says_more}", {SETTINGS_FILE: None, OTHER_FILE: settings(2)}).reverts == ()


@pytest.mark.parametrize("bound", ["at", "above"])
def test_a_revert_keeps_later_changes_of_the_same_file(scenario, monkeypatch, bound):
    monkeypatch.setattr("bot.handlers.rollouts.reverted._MAX_MERGES", 2 if bound == "at" else 1)
    first = scenario.rollout("First", {SETTINGS_FILE: settings(2)})
    second = scenario.rollout("Second", {SETTINGS_FILE: settings(3)})
    scenario.rollout("Comment", {SETTINGS_FILE: f"# tidy\n{settings(3)}"})
    named = f"This reverts commit {second.revision}.\n\nThis reverts commit {first.revision}."
    undo = scenario.rollout(f"Undo\n\n{named}", {SETTINGS_FILE: f"# tidy\n{settings(1)}"})
    assert undo.reverts == ((second.revision, first.revision) if bound == "at" else ())


@pytest.mark.parametrize("most", [2, 1])
def test_a_revert_of_several_commits_reverts_as_many_as_allowed(scenario, monkeypatch, most):
    monkeypatch.setattr("bot.handlers.rollouts.reverted._MAX_COMMITS", most)
    first = scenario.rollout("First", {SETTINGS_FILE: settings(2)})
    second = scenario.rollout("Second", {SETTINGS_FILE: settings(3), OTHER_FILE: as_yaml(config_map("other"))})
    named = f"This reverts commit {second.revision}.\n\nThis reverts commit {first.revision}."
    both = scenario.rollout(f"Undo\n\n{named}", {SETTINGS_FILE: settings(1), OTHER_FILE: None})
    assert both.reverts == ((second.revision, first.revision) if most == 2 else ())


@pytest.mark.parametrize("count", [2, MAX_MERGES + 1], ids=["rebased", "many"])
@pytest.mark.parametrize("is_whole", [False, True])
def test_several_commits_are_reverted_only_if_all_are(scenario, forge, count, is_whole):
    """Otherwise nobody would hear that what is left is unhealthy."""
    scenario.source.branch("topic")
    for limit in range(2, count + 1):
        scenario.source.commit(f"Limit {limit}", {SETTINGS_FILE: settings(limit)})
    scenario.source.commit("Raise the other", {"apps/search/a.yaml": settings(2, "a")})
    if count == 2:
        scenario.ports = replace(scenario.ports, forges={"platform": forge})
        forge.merge("topic", title="Raise both", method="rebase")
    else:
        scenario.source.switch()
        scenario.source.git("merge", "-q", "--ff-only", "topic")
    (merged,) = scenario.rollouts()
    undone = {"apps/search/a.yaml": settings(1, "a")} | ({SETTINGS_FILE: settings(1)} if is_whole else {})
    revert = scenario.rollout(f"Undo it\n\nThis reverts commit {merged.revision}.", undone)
    assert revert.reverts == (merged.revision,)
    scenario.track()
    (current,) = scenario.ports.store.rollouts.of_revisions([merged.revision])
    assert (current.state is RolloutState.REVERTED) == is_whole
    assert current.is_over == is_whole
