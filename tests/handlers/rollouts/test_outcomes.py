"""Each way in which a rollout can go ends in the right card; the sandbox's pods and deployer fail as they are told."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.health.cause import Cause
from bot.core.rollouts.outcome import Outcome, outcome
from bot.core.rollouts.rollout import STUCK_AFTER, RolloutState, relate_to_newer
from bot.i18n.language import ENGLISH
from bot.messages import rollout as rollout_message
from bot.messages.rollout_change import running
from bot.sandbox.cluster.failures import FAILURES
from tests.common.deployers import apply_deployer, argo_application, git_repository, kustomization, serve_deployers
from tests.common.kubernetes import as_yaml, config_map, deployment
from tests.handlers.rollouts.scenario import LIMITS, SETTINGS_FILE, WEB_FILE, settings

WORDS = {
    Cause.IMAGE_PULL: "web: image cannot be pulled",
    Cause.OOM_KILLED: "web: out of memory (OOMKilled)",
    Cause.CRASH_LOOP: "web: container keeps crashing",
    Cause.QUOTA: "web: quota exceeded",
    Cause.ADMISSION: "web: denied by admission control",
    Cause.UNSCHEDULABLE: "web: no node can run it",
    Cause.DEPENDENCY: "web: a dependency is missing or not ready",
    Cause.PROBE: "web: running, but its probe fails",
}

# A deployer's reason and message, and what the card says.
REPORTED = (
    ("HealthCheckFailed", "Job migrate: PreSync hook failed", "Flux: a hook failed"),
    ("ReconciliationFailed", 'admission webhook "a" denied the request', "Flux: denied by admission control"),
    ("ReconciliationFailed", "pods is forbidden: exceeded quota: team", "Flux: quota exceeded"),
    ("DependencyNotReady", "dependency 'infra' is not ready", "Flux: a dependency is missing or not ready"),
)

HOOK = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "migrate", "annotations": {"argocd.argoproj.io/hook": "PreSync"}},
}


def header(rollout):
    """The title of the rollout's card."""
    return next(block["text"]["text"] for block in rollout_message.card(ENGLISH, rollout).blocks)


def shown(rollout):
    return json.dumps(rollout_message.card(ENGLISH, rollout).blocks, ensure_ascii=False)


@pytest.fixture
def web(scenario, cluster):
    """Merges a change of web and applies it to the cluster."""

    def merge(image, **spec):
        document = deployment(replicas=3, image=image)
        document["spec"] |= spec
        rollout = scenario.rollout(f"Use {image}", {WEB_FILE: as_yaml(document)})
        cluster.apply(document, namespace="shop")
        return rollout

    return merge


def test_progress_is_drawn_until_it_is_live(scenario, cluster, web):
    cluster.sandbox.controllers.reconcile = lambda: None  # only the test writes a status
    rollout = web("web:1")
    cluster.set_status(
        deployment(), "shop", {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 2}
    )
    rolling = scenario.observe(rollout)
    assert header(rolling) == "🚚 Merged, rolling out: shop"
    assert "Deployment web: ▰▰▱ 2 of 3 pods" in shown(rolling)


def test_pods_that_do_not_start_are_a_cause(scenario, cluster, web, subtests):
    controllers = cluster.sandbox.controllers
    for number, cause in enumerate(FAILURES):
        with subtests.test(cause.value):
            controllers.fail("web", cause)
            rolling = scenario.observe(web(f"web:{number}"))
            assert outcome(rolling) is Outcome.ROLLING_OUT
            scenario.clock.advance(LIMITS.deadline if cause is Cause.PROBE else STUCK_AFTER)
            stuck = scenario.observe(rolling)
            assert (outcome(stuck), header(stuck)) == (Outcome.STUCK, f"⚠️ Stuck: shop · {WORDS[cause]}")
            controllers.recover("web")
            controllers.reconcile()
            assert header(scenario.observe(stuck)).startswith("✅ Live in")


def test_pods_that_do_not_start_are_a_cause_while_the_rest_is_not_applied_yet(scenario, cluster):
    """Argo CD applies a sync wave only once the one before is healthy."""
    cluster.sandbox.controllers.fail("web", Cause.CRASH_LOOP)
    files = {WEB_FILE: as_yaml(deployment(replicas=3)), SETTINGS_FILE: settings(2)}
    rollout = scenario.rollout("Use it, and raise the limit", files)
    cluster.apply(deployment(replicas=3), namespace="shop")
    rolling = scenario.observe(rollout)
    scenario.clock.advance(STUCK_AFTER)
    stuck = scenario.observe(rolling)
    assert header(stuck) == "⚠️ Stuck: shop · web: container keeps crashing"
    assert (stuck.parts[0].pending.missing, stuck.parts[0].pending.total) == (("ConfigMap settings",), 2)
    assert " is not live yet: Deployment web: ▱▱▱ 0 of 3 pods" in shown(stuck)
    assert "The deployer has not applied" not in shown(stuck)


def test_an_old_crash_is_no_cause_while_the_merge_is_not_applied_yet(scenario, cluster, web):
    cluster.sandbox.controllers.fail("web", Cause.CRASH_LOOP)
    scenario.observe(web("web:1"))
    rollout = scenario.rollout("Fix it", {WEB_FILE: as_yaml(deployment(image="web:2")), SETTINGS_FILE: settings(2)})
    cluster.apply(config_map(limit="2"), namespace="shop")
    rolling = scenario.observe(rollout)
    scenario.clock.advance(STUCK_AFTER)
    assert outcome(scenario.observe(rolling)) is Outcome.ROLLING_OUT


def test_what_the_deployer_reports_is_a_cause(scenario, cluster, subtests):
    serve_deployers(cluster)
    shop = kustomization("shop")
    apply_deployer(cluster, git_repository(scenario.source.url), shop, namespace="flux-system")
    rollout = scenario.rollout("Raise the limit", {SETTINGS_FILE: settings(2)})
    for reason, message, words in REPORTED:
        with subtests.test(reason):
            condition = {"type": "Ready", "status": "False", "reason": reason, "message": message}
            cluster.set_status(shop, "flux-system", {"conditions": [condition]})
            scenario.clock.advance(minutes=1)  # a deployer's error may be about an earlier commit until then
            rolling = scenario.observe(replace(rollout, merged_at=scenario.clock() - timedelta(minutes=1)))
            scenario.clock.advance(STUCK_AFTER)
            assert header(scenario.observe(rolling)) == f"⚠️ Stuck: shop · {words}"


@pytest.mark.parametrize("kind", ["Kustomization", "Application"])
def test_what_the_deployer_reports_about_an_earlier_commit_is_no_cause(scenario, cluster, kind):
    serve_deployers(cluster)
    broken = scenario.rollout("Break it", {SETTINGS_FILE: settings(2)})
    fix = scenario.rollout("Fix it", {SETTINGS_FILE: settings(3)})
    newer = scenario.rollout("Something else", {SETTINGS_FILE: settings(3), "apps/search/a.yaml": settings(2, "a")})
    if kind == "Kustomization":
        resource, namespace = kustomization("shop"), "flux-system"
        apply_deployer(cluster, git_repository(scenario.source.url), namespace=namespace)
    else:
        resource, namespace = argo_application("shop", scenario.source.url), "argocd"
        scenario.deployers.namespaces["prod"].append(namespace)
    apply_deployer(cluster, resource, namespace=namespace)
    scenario.clock.advance(minutes=2)
    message = 'admission webhook "a" denied the request'

    def flux(attempted, reason="ReconciliationFailed"):
        condition = {"type": "Ready", "status": "False", "reason": reason, "message": message}
        return {"conditions": [condition], "lastAttemptedRevision": f"main@sha1:{attempted[0]}"}

    def argo(attempted, *conditions):
        result = {"revision": attempted[0], "revisions": attempted[1:] and attempted}
        operation = {"phase": "Failed", "message": message, "syncResult": result}
        return {"operationState": operation, "conditions": [{"type": type_, "message": "a"} for type_ in conditions]}

    def reported(status):
        cluster.set_status(resource, namespace, status)
        scenario.clock.advance(minutes=1)
        failure = scenario.observe(fix).parts[0].pending.failure
        return failure and failure.reason

    earlier = [broken.revision]
    attempts = [earlier, [fix.revision], [newer.revision], ["f" * 40], ["1.2.3"], ["1.2.4", broken.revision]]
    if kind == "Kustomization":
        assert [reported(flux(attempted)) for attempted in attempts] == [None, *["ReconciliationFailed"] * 5]
        others = ["ArtifactFailed", "DependencyNotReady", "InvalidCELExpression", "AccessDenied"]  # not attempted
        reasons = [reported(flux(earlier, reason)) for reason in ("BuildFailed", "HealthCheckFailed", *others)]
        assert reasons == [None, None, *others]
    else:
        assert [reported(argo(attempted)) for attempted in attempts] == [None, *["SyncFailed"] * 5]
        assert reported(argo(earlier, "SyncError")) is None
        assert reported(argo(earlier, "SyncError", "ComparisonError")) == "ComparisonError"


def test_what_the_deployer_never_applies_times_out(scenario):
    rollout = scenario.rollout("Raise the limit", {SETTINGS_FILE: settings(2)})
    scenario.clock.advance(LIMITS.deadline)
    assert header(scenario.observe(rollout)) == "⚠️ Timed out: shop"


def test_a_paused_workload_is_paused_at_once(scenario, cluster, web):
    cluster.sandbox.controllers.reconcile = lambda: None  # the sandbox does not know pauses
    rollout = web("web:2", paused=True)
    assert header(scenario.observe(rollout)) == "⏸️ Paused: shop · web"


def test_a_suspended_deployer_is_a_pause(scenario, cluster):
    serve_deployers(cluster)
    shop = kustomization("shop", suspend=True)
    apply_deployer(cluster, git_repository(scenario.source.url), shop, namespace="flux-system")
    rollout = scenario.rollout("Raise the limit", {SETTINGS_FILE: settings(2)})
    scenario.clock.advance(minutes=1)
    assert header(scenario.observe(rollout)) == "⏸️ Paused: shop · Flux: Suspended"


def test_one_of_two_applications_is_partly_live(scenario, cluster):
    rollout = scenario.rollout("Raise both", {SETTINGS_FILE: settings(2), "apps/search/a.yaml": settings(2, "a")})
    cluster.apply(config_map("a", limit="2"), namespace="search")
    scenario.clock.advance(LIMITS.deadline)
    assert header(scenario.observe(rollout)) == "⚠️ Partly live (1 of 2), not live yet: shop"


def test_a_live_rollout_that_degrades_says_so_until_it_recovers(scenario, cluster, web):
    live = scenario.observe(web("web:1"))
    assert (live.state, live.is_over) == (RolloutState.LIVE, False)
    cluster.sandbox.controllers.fail("web", Cause.OOM_KILLED)
    cluster.sandbox.controllers.reconcile()
    scenario.clock.advance(minutes=5)
    degrading = scenario.observe(live)
    assert degrading.state is RolloutState.LIVE  # it may recover by itself
    scenario.clock.advance(STUCK_AFTER)
    degraded = scenario.observe(degrading)
    assert header(degraded) == "⚠️ Live, but degraded later: shop · web: out of memory (OOMKilled)"
    assert "▱▱▱ 0 of 3 pods (CrashLoopBackOff, OOMKilled)" in shown(degraded)
    scenario.clock.advance(LIMITS.watch)
    assert not scenario.observe(degraded).is_over  # still degraded when the watch ends
    cluster.sandbox.controllers.recover("web")
    for _ in range(2):
        cluster.sandbox.controllers.reconcile()
    recovered = scenario.observe(degraded)
    assert (recovered.state, recovered.is_over, recovered.ended_at) == (RolloutState.LIVE, True, live.ended_at)
    assert "healthy again at" in shown(recovered)


@pytest.mark.parametrize(
    ("image", "digests", "words"),
    [
        ("web:1", "aa", []),
        ("web:1", "abb", ["Pods run 2 different images for web:1: sha256:bbbbbbbb and sha256:aaaaaaaa"]),
        (f"web:1@sha256:{'a' * 64}", "a", []),
        (f"web:1@sha256:{'a' * 64}", "b", ["Pods run sha256:bbbbbbbb instead of web:1@sha256:aaaaaaaa…"]),
    ],
)
def test_what_pods_run_is_compared_with_what_is_declared(scenario, cluster, web, image, digests, words):
    rollout = web(image)
    cluster.sandbox.controllers.reconcile = lambda: None  # the pods are those of the test
    for number, digest in enumerate(f"{digests}c"):
        container = {"name": "web", "image": image if number < len(digests) else "web:0"}  # of an earlier template
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"web-{number}", "labels": {"app": "web"}},
            "spec": {"containers": [container]},
        }
        cluster.apply(pod, namespace="shop")
        status = {**container, "imageID": f"registry.example/web@sha256:{digest * 64}"}
        cluster.set_status(pod, "shop", {"phase": "Running", "containerStatuses": [status]})
    live = scenario.observe(rollout)
    assert live.state is RolloutState.LIVE
    lines = ["".join(text["text"] for text in line) for line in running(ENGLISH, live.parts)]
    assert lines == words


def test_after_the_watch_nothing_is_followed(scenario, cluster, web):
    live = scenario.observe(web("web:1"))
    scenario.clock.advance(LIMITS.watch)
    over = scenario.observe(live)
    assert over.is_over
    cluster.sandbox.controllers.fail("web", Cause.CRASH_LOOP)
    assert scenario.observe(over) == over


def test_a_newer_merge_ends_the_watch_and_supersedes_what_degraded(scenario, cluster, web):
    live = scenario.observe(scenario.describe(web("web:1")))
    other = scenario.describe(scenario.rollout("Another change", {SETTINGS_FILE: settings(2)}))
    assert relate_to_newer(live, other) == live
    newer = scenario.describe(web("web:2"))
    assert relate_to_newer(live, newer).is_over
    cluster.sandbox.controllers.fail("web", Cause.CRASH_LOOP)
    cluster.sandbox.controllers.reconcile()
    degraded = scenario.observe(live)
    scenario.clock.advance(STUCK_AFTER)
    degraded = scenario.observe(degraded)
    assert relate_to_newer(degraded, newer) == degraded  # the newer one is not live yet
    cluster.sandbox.controllers.recover("web")
    for _ in range(2):
        cluster.sandbox.controllers.reconcile()
    fixed = scenario.observe(newer)
    superseded = scenario.observe(relate_to_newer(degraded, fixed))
    assert (header(superseded), superseded.is_over) == ("⏭️ Superseded: shop", True)


@pytest.mark.parametrize(
    ("files", "outcomes"),
    [
        ({SETTINGS_FILE: settings(2)}, ("⚠️ Stuck: shop · web: container keeps crashing", "✅ Live in 5 min: shop")),
        ({WEB_FILE: as_yaml(deployment(image="web:fixed"))}, ("⏭️ Superseded: shop", "⏭️ Superseded: shop")),
        ({WEB_FILE: None}, ("⏭️ Superseded: shop", "⏭️ Superseded: shop")),
        ({WEB_FILE: "kind: ["}, ("⚠️ Stuck: shop · web: container keeps crashing", "✅ Live in 5 min: shop")),
    ],
    ids=["another object", "the same object", "a removal", "invalid manifests"],
)
def test_a_newer_merge_supersedes_only_what_it_is_live_for(scenario, cluster, bot, web, files, outcomes):
    controllers = cluster.sandbox.controllers
    controllers.fail("web", Cause.CRASH_LOOP)
    broken = web("web:2")
    bot.monitor.observe_rollouts()
    scenario.clock.advance(minutes=1)
    scenario.rollout("Another change", files)
    if SETTINGS_FILE in files:
        cluster.apply(config_map(limit="2"), namespace="shop")
    elif files[WEB_FILE] is None:
        cluster.delete(deployment(), namespace="shop")
    elif "fixed" in files[WEB_FILE]:
        controllers.recover("web")
        cluster.apply(deployment(image="web:fixed"), namespace="shop")
    headers = []
    for _ in outcomes:
        for _ in range(3):
            controllers.reconcile()
            scenario.clock.advance(minutes=1)
            bot.monitor.observe_rollouts()
        headers += [header(rollout) for rollout in scenario.ports.store.rollouts.of_revisions([broken.revision])]
        controllers.recover("web")
    assert tuple(headers) == outcomes


def test_a_newer_merge_that_is_stuck_elsewhere_supersedes_what_it_replaced(scenario, cluster, bot):
    older = scenario.rollout("Raise the limit", {SETTINGS_FILE: settings(2)})
    cluster.sandbox.controllers.fail("web", Cause.CRASH_LOOP)
    newer = scenario.rollout("Raise it again", {SETTINGS_FILE: settings(3), WEB_FILE: as_yaml(deployment())})
    states = []
    for limit in ("1", "3"):
        cluster.apply(config_map(limit=limit), deployment(), namespace="shop")
        scenario.clock.advance(minutes=1)
        bot.monitor.observe_rollouts()
        states.append([rollout.state for rollout in scenario.ports.store.rollouts.of_revisions([older.revision])])
    assert states == [[RolloutState.ROLLING], [RolloutState.SUPERSEDED]]
    (stuck,) = scenario.ports.store.rollouts.of_revisions([newer.revision])
    assert stuck.parts[0].is_pending


def test_a_merge_of_invalid_manifests_is_superseded_once_their_fix_is_live(scenario, cluster, bot):
    broken = scenario.rollout("Break it", {SETTINGS_FILE: "kind: ["})
    scenario.rollout("Fix it", {SETTINGS_FILE: settings(2)})
    states = []
    for limit in ("1", "2"):
        cluster.apply(config_map(limit=limit), namespace="shop")
        for _ in range(2):
            scenario.clock.advance(minutes=1)
            bot.monitor.observe_rollouts()
        states += [rollout.state for rollout in scenario.ports.store.rollouts.of_revisions([broken.revision])]
    assert states == [RolloutState.ROLLING, RolloutState.SUPERSEDED]


@pytest.mark.parametrize(("breaks", "unrelated"), [(1, 0), (1, 5), (3, 2)])
def test_the_fix_of_invalid_manifests_waits_only_for_what_changed_since_they_were_valid(
    scenario, cluster, bot, breaks, unrelated
):
    """Otherwise it waits for drift, and says that git removed fields that it never had."""
    cluster.apply(config_map(limit="9", extra="by hand"), namespace="shop")
    for attempt in range(breaks):
        scenario.rollout("Break it", {"apps/shop/new.yaml": f"kind: [{attempt}"})
        for number in range(unrelated):
            scenario.source.commit("Something else", {"README.md": f"{attempt} {number}"})
    fix = scenario.rollout("Fix it", {"apps/shop/new.yaml": as_yaml(config_map("new"))})
    assert states_around(scenario, cluster, bot, fix, config_map("new")) == [RolloutState.ROLLING, RolloutState.LIVE]


def test_the_undoing_of_invalid_manifests_waits_for_everything(scenario, cluster, bot):
    """A deployer may have applied a part of them. Hooks aren't in the cluster, or may have failed."""
    scenario.rollout("Migrate", {"apps/shop/migrate.yaml": as_yaml(HOOK)})
    cluster.apply(config_map(limit="9"), namespace="shop")
    scenario.rollout("Break it", {"apps/shop/new.yaml": "kind: ["})
    undone = scenario.rollout("Undo it", {"apps/shop/new.yaml": None})
    states = states_around(scenario, cluster, bot, undone, config_map(limit="1"))
    assert states == [RolloutState.ROLLING, RolloutState.LIVE]


def test_the_fix_of_manifests_that_cannot_be_rendered_waits_for_removals(scenario, cluster, bot):
    """It also waits for everything else, but not for fields that git never had."""
    kustomization, patch = "apps/shop/kustomization.yaml", {"patches": [{"path": "patch.yaml"}]}
    resources = {"resources": ["settings.yaml", "../../base"]}
    base = {"base/kustomization.yaml": as_yaml({"resources": ["web.yaml"]}), "base/web.yaml": as_yaml(deployment())}
    patched = {"apps/shop/patch.yaml": as_yaml(deployment(replicas=3)), kustomization: as_yaml(resources | patch)}
    scenario.rollout("Add a base", {**base, **patched})
    cluster.apply(config_map(limit="9", extra="by hand"), deployment(replicas=3), namespace="shop")
    scenario.rollout("Remove it from the base", {"base/kustomization.yaml": "resources: []\n", "base/web.yaml": None})
    fix = scenario.rollout("Remove the patch", {kustomization: as_yaml(resources), "apps/shop/patch.yaml": None})
    applied = config_map(limit="1", extra="by hand")
    states = states_around(scenario, cluster, bot, fix, applied)
    cluster.delete(deployment(), namespace="shop")
    states += states_around(scenario, cluster, bot, fix, applied)
    assert states == [RolloutState.ROLLING] * 2 + [RolloutState.LIVE] * 2


def states_around(scenario, cluster, bot, rollout, applied):
    """The states of a rollout before and after the deployer applies an object."""
    states = []
    for _ in range(2):
        scenario.clock.advance(minutes=1)
        bot.monitor.observe_rollouts()
        states += [stored.state for stored in scenario.ports.store.rollouts.of_revisions([rollout.revision])]
        cluster.apply(applied, namespace="shop")
    return states


@pytest.mark.parametrize(
    ("live", "is_discovered", "is_complete", "state"),
    [
        (False, True, True, RolloutState.LATE),
        (True, True, False, RolloutState.SUPERSEDED),
        (True, False, True, RolloutState.SUPERSEDED),
        (True, False, False, RolloutState.LATE),  # it isn't discovered yet
    ],
)
def test_a_newer_merge_that_is_live_in_another_cluster_supersedes_an_older_one(
    scenario, live, is_discovered, is_complete, state
):
    rollout = scenario.rollout("Raise the limit", {SETTINGS_FILE: settings(2)})
    moved = replace(scenario.applications["shop"], cluster="moved")
    scenario.applications = {"shop": moved} if is_discovered else {}
    newer = replace(rollout, parts=(replace(rollout.parts[0], cluster="moved", live_at=scenario.clock()),))
    scenario.clock.advance(LIMITS.deadline)
    related = relate_to_newer(rollout, newer) if live else rollout
    observed = scenario.observe(related, is_complete=is_complete)
    assert observed.state is state
    scenario.clock.advance(LIMITS.deadline)
    assert scenario.observe(observed).is_over


@pytest.mark.parametrize(
    ("files", "is_complete", "state"),
    [
        ({SETTINGS_FILE: None}, True, RolloutState.LIVE),
        ({SETTINGS_FILE: None}, False, RolloutState.LATE),
        ({SETTINGS_FILE: settings(2)}, True, RolloutState.LATE),
    ],
)
def test_a_merge_that_removes_an_application_is_live_once_it_is_not_watched(
    scenario, cluster, files, is_complete, state
):
    cluster.apply(config_map(limit="1"), namespace="shop")
    rolling = scenario.observe(scenario.describe(scenario.rollout("Change shop", files)))
    assert rolling.state is RolloutState.ROLLING
    del scenario.applications["shop"]
    scenario.clock.advance(LIMITS.deadline)
    removed = scenario.observe(rolling, is_complete=is_complete)
    assert (removed.state, removed.is_over) == (state, False)
    scenario.clock.advance(LIMITS.watch)
    final = scenario.observe(removed, is_complete=is_complete)
    assert final.is_over == is_complete
    assert ("The bot keeps checking" in shown(final)) is not is_complete


@pytest.mark.parametrize("is_over", [False, True])
def test_a_reverted_merge_says_so_even_long_after_it_was_live(scenario, cluster, bot, is_over):
    rollout = scenario.rollout("Raise the limit", {SETTINGS_FILE: settings(2)})
    cluster.apply(config_map(limit="2"), namespace="shop")
    for _ in range(2 if is_over else 1):
        bot.monitor.observe_rollouts()
        scenario.clock.advance(LIMITS.watch)
    scenario.source.git("revert", "--no-edit", rollout.revision)
    revert = scenario.rollouts()[-1]
    bot.monitor.observe_rollouts()
    (reverted,) = scenario.ports.store.rollouts.of_revisions([rollout.revision])
    assert (reverted.state, reverted.reverted_by) == (RolloutState.REVERTED, revert.revision)
    card, *replies = bot.slack.messages(bot.config.slack.channel)
    assert header(reverted) in str(card.blocks)
    assert any(f"reverted by {revert.revision[:8]}." in reply.text for reply in replies)
