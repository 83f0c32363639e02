"""Which resource deploys an application, and whether it is syncing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.applications import argocd, flux, flux_status
from bot.core.applications.application import Application
from bot.core.applications.deployer import Deployers
from bot.core.applications.flux_chart import GIT_REPOSITORY
from bot.core.applications.resource_ref import ResourceRef
from bot.core.git.repository_ref import RepositoryRef
from bot.handlers.discovery.resources import RENDERING_FIELDS, trimmed

URL, SERVER = "https://git.example/acme/platform.git", "https://10.0.0.1:6443"
SHOP = Application("shop", RepositoryRef("platform"), "apps/shop", "prod", "shop", "C1")
DISCOVERED = replace(SHOP, origin=ResourceRef("Argo CD", "Application", "prod", "argocd", "shop"))
RECONCILING = {"type": "Reconciling", "status": "True", "lastTransitionTime": "2026-11-20T10:00:00Z"}


def resource(name="shop", namespace="argocd", created="2026-01-01T00:00:00Z", **fields):
    return {"metadata": {"name": name, "namespace": namespace, "creationTimestamp": created}, **fields}


def argo(path="apps/shop", url=URL, destination=None, **fields):
    source = {"path": path, "repoURL": url}
    return resource(**{"spec": {"source": source, "destination": destination or {"namespace": "shop"}}, **fields})


def kustomization(path="./apps/shop", condition=RECONCILING, **spec):
    source = {"kind": "GitRepository", "name": "platform"}
    return resource(spec={"path": path, "sourceRef": source, **spec}, status={"conditions": [condition]})


def release(chart="./apps/shop", **spec):
    source = {"kind": "GitRepository", "name": "platform"}
    spec = {"chart": {"spec": {"chart": chart, "sourceRef": source}}, **spec}
    return resource(spec=spec, status={"conditions": [RECONCILING]})


def deployers(*applications, kustomizations=(), releases=(), url="git@git.example:acme/platform"):
    repository = resource("platform", spec={"url": url})
    kinds = (argocd.APPLICATION, flux.KUSTOMIZATION, flux.HELM_RELEASE, GIT_REPOSITORY)
    lists = [
        [trimmed(listed, kind[1], RENDERING_FIELDS) for listed in some]  # what the bot keeps of them
        for kind, some in zip(kinds, (applications, kustomizations, releases, [repository]), strict=True)
    ]
    return Deployers("prod", SERVER, dict(zip(kinds, lists, strict=True)), ["argocd"])


def is_syncing(deployers, application=SHOP):
    deployer = deployers.deployer_of(application, URL)
    return deployer is not None and deployer.is_syncing


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (argo(status={"operationState": {"phase": "Running"}}), True),
        (argo(operation={}), True),
        (argo(status={"operationState": {"phase": "Succeeded"}}), False),
        (argo(), False),
        (argo(path="apps/other", operation={}), False),
        (argo(url="https://git.example/evil.git", operation={}), False),
        (argo(destination={"namespace": "other"}, operation={}), False),
        (argo(destination={"server": "https://10.9.9.9"}, operation={}), False),
        (argo(destination={"server": f"{SERVER}/"}, operation={}), True),
        (argo(destination={"name": "stage"}, operation={}), False),
        (argo(destination={"name": "prod"}, operation={}), True),
        (
            resource(
                spec={"sources": [{"path": "x", "repoURL": URL}, {"path": "apps/shop/", "repoURL": URL}]}, operation={}
            ),
            True,
        ),
    ],
)
def test_argo_cd_is_syncing_while_an_operation_runs(resource, expected):
    assert is_syncing(deployers(resource)) is expected


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (kustomization(), True),
        (kustomization(targetNamespace="shop"), True),
        (kustomization(condition={**RECONCILING, "status": "False"}), False),
        (kustomization(condition={**RECONCILING, "type": "Ready"}), False),
        (kustomization(path="./apps/other"), False),
        (kustomization(suspend=True), False),
        (kustomization(targetNamespace="other"), False),
        (kustomization(kubeConfig={"secretRef": {"name": "stage"}}), False),
        (kustomization(sourceRef={"kind": "GitRepository", "name": "missing"}), False),
        (kustomization(sourceRef={"kind": "Bucket", "name": "platform"}), False),
    ],
)
def test_flux_is_syncing_while_it_reconciles(resource, expected):
    assert is_syncing(deployers(kustomizations=[resource])) is expected


def flux_reports(ready, reason, reconciling=""):
    """The status that Flux's controllers write: conditions of the types Ready and Reconciling."""
    conditions = [{**RECONCILING, "reason": reconciling}] if reconciling else []
    return {"conditions": [*conditions, {"type": "Ready", "status": ready, "reason": reason}]}


def operation(phase, **fields):
    return {"operationState": {"phase": phase, "message": "denied", "syncResult": {"revision": "a" * 40}, **fields}}


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        # Kind of the failure, and whether the deployer is syncing, or waits to retry.
        (flux_reports("Unknown", "Progressing", "Progressing"), (None, True, False)),
        (flux_reports("False", "ReconciliationFailed", "ProgressingWithRetry"), ("ReconciliationFailed", False, True)),
        (flux_reports("False", "HealthCheckCanceled", "ProgressingWithRetry"), (None, True, False)),
        (flux_reports("False", "ArtifactFailed", "Progressing"), ("ArtifactFailed", False, True)),  # a HelmRelease
        (flux_reports("False", "DependencyNotReady", "Progressing"), ("DependencyNotReady", True, False)),
        (flux_reports("False", "SourceNotReady", "Progressing"), ("SourceNotReady", True, False)),
        (flux_reports("False", "UpgradeFailed"), ("UpgradeFailed", False, False)),
        (flux_reports("True", "ReconciliationSucceeded"), (None, False, False)),
        (operation("Running", retryCount=3, finishedAt="2026-11-20T10:00:00Z"), ("SyncFailed", False, True)),
        (operation("Running", retryCount=3, finishedAt=None), (None, True, False)),
        (operation("Failed", finishedAt="2026-11-20T10:00:00Z"), ("SyncFailed", False, False)),
        (operation("Error", finishedAt="2026-11-20T10:00:00Z"), ("SyncError", False, False)),
    ],
)
def test_a_deployer_that_will_retry_reports_why_it_failed(resource, expected):
    """https://fluxcd.io/flux/components/kustomize/kustomizations/#failed-kustomization"""
    if "operationState" in resource:
        # Argo CD removes the request only once it no longer retries.
        requested = {"operation": {}} if resource["operationState"]["phase"] == "Running" else {}
        state = deployers(argo(status=resource, **requested))
    else:
        state = deployers(kustomizations=[{**kustomization(), "status": resource}])
    deployer = state.deployer_of(SHOP, URL)
    failure = deployer.failure
    assert (failure and failure.reason, deployer.is_syncing, deployer.is_retrying) == expected
    if "operationState" in resource:
        assert deployer.attempted == (["a" * 40] if failure else [])


@pytest.mark.parametrize(
    ("kind", "revision", "commit"),
    [
        ("GitRepository", f"main@sha1:{'a' * 40}", "a" * 40),
        ("GitRepository", f"latest@sha256:{'a' * 64}", "a" * 64),  # a branch of a repository with SHA-256
        ("ExternalArtifact", f"latest@sha256:{'a' * 64}", ""),
        ("ExternalArtifact", f"main@sha1:{'a' * 40}", "a" * 40),  # its generator copies that of the source
        ("GitRepository", None, ""),
    ],
)
def test_the_digest_of_an_artifact_is_no_commit(kind, revision, commit):
    """https://fluxcd.io/flux/components/source/artifactgenerators/"""
    conditions = [{"type": "Ready", "status": "False", "reason": "BuildFailed"}]
    status = {"lastAppliedRevision": revision, "lastAttemptedRevision": revision, "conditions": conditions}
    applied = resource(spec={"sourceRef": {"kind": kind, "name": "shop"}}, status=status)
    assert flux_status.read_status(applied, ()).revision == commit
    assert flux_status.attempted(applied) == ([commit] if commit else [])


def test_a_helm_release_of_a_chart_in_git_is_a_deployer():
    assert is_syncing(deployers(releases=[release(targetNamespace="shop")]))
    assert not is_syncing(deployers(releases=[release()]))  # it deploys to its own namespace
    assert not is_syncing(deployers(releases=[release(targetNamespace="shop")], url="https://git.example/evil"))


def test_the_deployer_of_a_configured_application_is_the_oldest():
    newer = argo(name="a", created="2026-02-01T00:00:00Z", operation={})
    assert not is_syncing(deployers(newer, argo()))
    assert is_syncing(deployers(newer))


def test_the_deployer_of_a_configured_application_is_in_a_namespace_of_deployers_or_its_own():
    namespaces = [
        name for name in ("argocd", "shop", "evil") if is_syncing(deployers(argo(namespace=name, operation={})))
    ]
    assert namespaces == ["argocd", "shop"]


def test_the_deployer_of_a_discovered_application_is_the_resource_that_declares_it():
    assert is_syncing(deployers(argo(operation={})), DISCOVERED)
    assert not is_syncing(deployers(argo(namespace="evil", created="2020", operation={}), argo()), DISCOVERED)
    hub = replace(DISCOVERED, origin=replace(DISCOVERED.origin, cluster="hub"))
    assert not is_syncing(deployers(argo(operation={})), hub)
    assert is_syncing(deployers(argo(operation={})), replace(DISCOVERED, cluster="stage"))


@pytest.mark.parametrize(
    ("application", "expected"),
    [
        (DISCOVERED, False),
        (replace(DISCOVERED, origin=replace(DISCOVERED.origin, name="cart")), True),
        (replace(DISCOVERED, origin=replace(DISCOVERED.origin, cluster="hub", name="cart")), False),
        (replace(DISCOVERED, origin=replace(DISCOVERED.origin, kind="Unlisted")), False),
        (SHOP, False),
    ],
)
def test_the_resource_of_a_discovered_application_is_gone_if_a_list_lacks_it(application, expected):
    assert deployers(argo()).is_gone(application) is expected


def test_a_deployer_says_when_the_running_sync_started():
    started = {"startedAt": "2026-11-20T10:00:00Z"}
    running = argo(status={"operationState": {"phase": "Running", **started}})
    requested = argo(operation={}, status={"operationState": {"phase": "Succeeded", **started}})
    states = [deployers(running), deployers(requested), deployers(kustomizations=[kustomization()])]
    times = [state.deployer_of(SHOP, URL).syncing_since for state in states]
    assert [time and time.hour for time in times] == [10, None, 10]


ODD = st.recursive(
    st.none() | st.booleans() | st.text(max_size=9), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(st.dictionaries(st.sampled_from(["spec", "status", "operation", "metadata"]), ODD))
def test_resources_of_any_shape_are_read(resource):
    is_syncing(deployers(resource, kustomizations=[resource], releases=[resource]))


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("`helm template . --set db.password=hunter2xq --set a=b` failed", "--set a=b"),
        ("`helm template . --set a=1,db.password=hunter2xq` failed", "--set a=1"),
        ('`helm template . --set-json auth={"password":"hunter2xq"}` failed', "--set-json auth="),
        ("unable to access 'https://user:hunter2xq@git.example/x.git/': 401", "@git.example/x.git/': 401"),
        ("GET https://charts.example/index.yaml?access_token=hunter2xq failed", "charts.example"),
        ("Authorization: Basic dXNlcjpodW50ZXIyeHE=", "Authorization"),
        ('denied: {"spec":{"password":"hunter2xq"}}', "denied"),
        ("cannot patch: map[password:hunter2xq user:a]", "cannot patch"),
        ("yaml: password: hunter2xq\ndid not find expected key", "yaml"),
        ('env[0].DB_PASSWORD: Invalid value: "hunter2xq": must be a number', "DB_PASSWORD"),
        ('.data.pin: expected string, got &value.valueUnstructured{Value:"hunter2xq"}', ".data.pin: expected string"),
        ('.data.a: expected string, got &value.valueUnstructured{Value:"a}hunter2xq"}', ".data.a: expected string"),
        (
            'errors:\n  .data.a: got &value.valueUnstructured{Value:map[string]interface {}{"b":{},\n"c":"hunter2xq"}}',
            "errors: .data.a",
        ),
        ('.data.a: got &value.valueUnstructured{Value:[]interface {}{[]interface {}{}, "hunter2xq"}}', ".data.a: got"),
        (".data: expected map, got &{[map[a:b] hunter2xq]}", ".data: expected map"),
        (".immutable: expected boolean, got &{hunter2xq}", ".immutable: expected boolean"),
        ('Secret "login" is invalid: data[a]: Invalid value: "hunter2xq"', ""),
    ],
)
def test_what_a_deployer_reports_shows_no_credential(message, shown):
    """Argo CD quotes the command that failed, and an API server the object that it rejects."""
    failed = {"phase": "Failed", "message": message}
    condition = {"type": "Ready", "status": "False", "reason": "BuildFailed", "message": message}
    reporting = [
        deployers(argo(status={"operationState": failed})),
        deployers(argo(status={"conditions": [{"type": "ComparisonError", "message": message}]})),
        deployers(kustomizations=[kustomization(condition=condition)]),
    ]
    for failure in (deployers.deployer_of(SHOP, URL).failure for deployers in reporting):
        assert shown in failure.message
        assert "hunter2xq" not in failure.message
        assert "dXNlcjpodW50ZXIyeHE" not in failure.message
