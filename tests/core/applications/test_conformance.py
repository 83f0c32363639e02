"""Every field of the deployers' resources: supported, unsupported, or irrelevant, as docs/conformance.md says.

The fields are those of Argo CD 3.5.1, kustomize-controller 1.9.4, helm-controller 1.6.3, and source-controller 1.9.1.
"""

import copy
import re
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.applications import argocd, flux
from bot.core.applications.discovery import DiscoveredApplication

DOCS = Path(__file__).parents[3] / "docs" / "conformance.md"
ROW = re.compile(r"^\| (`[\w.`, ]+`) \| (\w+) \|", re.MULTILINE)
KUSTOMIZE, HELM = "source.kustomize.", "source.helm."
GIT = {"kind": "GitRepository", "name": "platform"}
CHARTS = {"kind": "HelmRepository", "name": "charts"}
FROM_CHARTS = {"chart.spec.sourceRef": CHARTS, "chart.spec.chart": "web"}
LABELS = {"labels": {"a": "b"}}

# Each field with a value, and what else has to be set for that value to matter.
FIELDS = {
    "Argo CD: Application": {
        "source.repoURL": ("https://git.example/other.git", {}),
        "source.path": ("apps/other", {}),
        "source.targetRevision": ("next", {}),
        "source.chart": ("redis", {}),
        "source.tagPrefix": ("v", {}),
        "source.ref": ("values", {HELM + "valueFiles": ["$values/a.yaml"]}),
        "source.name": ("web", {}),
        "source.plugin": ({"name": "ksops", "env": [], "parameters": []}, {}),
        HELM + "releaseName": ("web", {}),
        HELM + "namespace": ("web", {}),
        HELM + "valueFiles": (["a.yaml"], {}),
        HELM + "values": ("a: 1", {}),
        HELM + "valuesObject": ({"a": 1}, {}),
        HELM + "parameters": ([{"name": "a", "value": "b", "forceString": True}], {}),
        HELM + "fileParameters": ([{"name": "a", "path": "b"}], {}),
        HELM + "skipCrds": (True, {}),
        HELM + "kubeVersion": ("1.36", {}),
        HELM + "apiVersions": (["a/v1"], {}),
        HELM + "ignoreMissingValueFiles": (True, {}),
        HELM + "version": ("v3", {HELM + "releaseName": "web"}),
        HELM + "passCredentials": (True, {HELM + "releaseName": "web"}),
        HELM + "skipTests": (True, {HELM + "releaseName": "web"}),
        HELM + "skipSchemaValidation": (True, {HELM + "releaseName": "web"}),
        KUSTOMIZE + "namePrefix": ("a-", {}),
        KUSTOMIZE + "nameSuffix": ("-a", {}),
        KUSTOMIZE + "namespace": ("web", {}),
        KUSTOMIZE + "images": (["a=*:1"], {}),
        KUSTOMIZE + "replicas": ([{"name": "a", "count": "2"}], {}),
        KUSTOMIZE + "patches": ([{"patch": "a", "target": {"kind": "Pod"}, "options": {}}], {}),
        KUSTOMIZE + "components": (["../a"], {}),
        KUSTOMIZE + "ignoreMissingComponents": (True, {}),
        KUSTOMIZE + "commonLabels": ({"a": "b"}, {}),
        KUSTOMIZE + "commonAnnotations": ({"a": "b"}, {}),
        KUSTOMIZE + "commonAnnotationsEnvsubst": (True, {KUSTOMIZE + "commonAnnotations": {"a": "$ARGOCD_APP_NAME"}}),
        KUSTOMIZE + "forceCommonLabels": (True, {}),
        KUSTOMIZE + "forceCommonAnnotations": (True, {}),
        KUSTOMIZE + "labelWithoutSelector": (True, {}),
        KUSTOMIZE + "labelIncludeTemplates": (True, {}),
        KUSTOMIZE + "version": ("v5", {KUSTOMIZE + "namePrefix": "a-"}),
        KUSTOMIZE + "kubeVersion": ("1.36", {}),
        KUSTOMIZE + "apiVersions": (["a/v1"], {}),
        "source.directory.recurse": (True, {}),
        "source.directory.include": ("*.yaml", {}),
        "source.directory.exclude": ("*.yaml", {}),
        "source.directory.jsonnet": (
            {"tlas": [{"name": "a"}], "extVars": [], "libs": []},
            {"source.directory.recurse": True},
        ),
        "sources": ([{"repoURL": "https://git.example/a.git", "path": "a"}], {}),
        "sourceHydrator.drySource": ({"repoURL": "a", "path": "b"}, {}),
        "sourceHydrator.syncSource": ({"targetBranch": "a", "path": "b"}, {}),
        "sourceHydrator.hydrateTo": ({"targetBranch": "next"}, {"sourceHydrator.drySource": {"repoURL": "a"}}),
        "destination.server": ("https://10.1.1.1", {}),
        "destination.name": ("prod", {}),
        "destination.namespace": ("web", {}),
        "project": ("web", {HELM + "parameters": [{"name": "a", "value": "$ARGOCD_APP_PROJECT_NAME"}]}),
        "ignoreDifferences": ([{"kind": "Pod", "jsonPointers": ["/spec"]}], {}),
        "syncPolicy.automated": ({"prune": True, "selfHeal": True, "allowEmpty": True, "enabled": True}, {}),
        "syncPolicy.syncOptions": (["ServerSideApply=true"], {}),
        "syncPolicy.retry": ({"limit": 2}, {}),
        "syncPolicy.managedNamespaceMetadata": ({"labels": {"a": "b"}}, {}),
        "info": ([{"name": "a", "value": "b"}], {}),
        "revisionHistoryLimit": (3, {}),
    },
    "Flux: Kustomization": {
        "sourceRef": ({"kind": "OCIRepository", "name": "platform"}, {}),
        "path": ("./other", {}),
        "targetNamespace": ("web", {}),
        "namePrefix": ("a-", {}),
        "nameSuffix": ("-a", {}),
        "images": ([{"name": "a", "newTag": "1"}], {}),
        "patches": ([{"patch": "a"}], {}),
        "components": (["../a"], {}),
        "ignoreMissingComponents": (True, {}),
        "buildMetadata": (["originAnnotations"], {}),
        "commonMetadata": (LABELS, {}),
        "postBuild.substitute": ({"a": "b"}, {}),
        "postBuild.substituteFrom": ([{"kind": "Secret", "name": "a", "optional": True}], {}),
        "postBuild.substituteStrategy": ("Always", {}),
        "ignore": ([{"paths": ["/spec"], "target": {"kind": "Pod"}}], {}),
        "suspend": (True, {}),
        "decryption": ({"provider": "sops", "secretRef": {"name": "a"}, "serviceAccountName": "a"}, {}),
        "kubeConfig": ({"secretRef": {"name": "a"}}, {}),
        "dependsOn": ([{"name": "a"}], {}),
        "interval": ("5m", {}),
        "retryInterval": ("5m", {}),
        "timeout": ("5m", {}),
        "wait": (True, {}),
        "healthChecks": ([{"kind": "Pod", "name": "a"}], {}),
        "healthCheckExprs": ([{"kind": "Pod"}], {}),
        "force": (True, {}),
        "prune": (False, {}),
        "deletionPolicy": ("Orphan", {}),
        "serviceAccountName": ("a", {}),
    },
    "Flux: HelmRelease": {
        "chart.spec.sourceRef": ({"kind": "HelmRepository", "name": "charts"}, {"chart.spec.chart": "web"}),
        "chart.spec.chart": ("charts/other", {}),
        "chart.spec.valuesFiles": (["a.yaml"], {}),
        "chart.spec.ignoreMissingValuesFiles": (True, {}),
        "chart.spec.version": ("1.x", FROM_CHARTS),
        "chart.spec.reconcileStrategy": ("Revision", {}),
        "chart.spec.interval": ("5m", {}),
        "chart.spec.verify": ({"provider": "cosign"}, {}),
        "chart.metadata": (LABELS, {}),
        "chartRef": ({"kind": "OCIRepository", "name": "oci"}, {}),
        "releaseName": ("shop", {}),
        "targetNamespace": ("web", {}),
        "values": ({"a": 1}, {}),
        "valuesFrom": ([{"kind": "ConfigMap", "name": "values"}], {}),
        "install.crds": ("Skip", {}),
        "install.skipCRDs": (True, {}),
        "install.timeout": ("5m", {}),
        "install.strategy": ({"name": "RetryOnFailure"}, {}),
        "install.remediation": ({"retries": 1}, {}),
        "install.createNamespace": (True, {}),
        "install.replace": (True, {}),
        "install.disableHooks": (True, {}),
        "install.disableOpenAPIValidation": (True, {}),
        "install.disableSchemaValidation": (True, {}),
        "install.disableTakeOwnership": (True, {}),
        "install.disableWait": (True, {}),
        "install.disableWaitForJobs": (True, {}),
        "install.serverSideApply": (True, {}),
        "upgrade.preserveValues": (True, {}),
        "upgrade.crds": ("CreateReplace", {"^history": [{"status": "deployed", "version": 2}]}),
        "upgrade.timeout": ("5m", {}),
        "upgrade.strategy": ({"name": "RetryOnFailure"}, {}),
        "upgrade.remediation": ({"retries": 1}, {}),
        "upgrade.force": (True, {}),
        "upgrade.cleanupOnFail": (True, {}),
        "upgrade.disableHooks": (True, {}),
        "upgrade.disableOpenAPIValidation": (True, {}),
        "upgrade.disableSchemaValidation": (True, {}),
        "upgrade.disableTakeOwnership": (True, {}),
        "upgrade.disableWait": (True, {}),
        "upgrade.disableWaitForJobs": (True, {}),
        "upgrade.serverSideApply": ("enabled", {}),
        "upgrade.chartNameChangeStrategy": ("Reinstall", {}),
        "commonMetadata": (LABELS, {}),
        "driftDetection.ignore": ([{"paths": ["/spec"]}], {}),
        "driftDetection.mode": ("enabled", {}),
        "postRenderers": ([{"kustomize": {"patches": [{"patch": "a"}]}}], {}),
        "postRenderStrategy": ("nohooks", {}),
        "suspend": (True, {}),
        "kubeConfig": ({"secretRef": {"name": "a"}}, {}),
        "storageNamespace": ("a", {}),
        "persistentClient": (True, {}),
        "dependsOn": ([{"name": "a"}], {}),
        "interval": ("5m", {}),
        "timeout": ("5m", {}),
        "maxHistory": (2, {}),
        "serviceAccountName": ("a", {}),
        "test": ({"enable": True}, {}),
        "rollback": ({"force": True}, {}),
        "uninstall": ({"keepHistory": True}, {}),
        "waitStrategy": ({"name": "poller"}, {}),
        "healthCheckExprs": ([{"kind": "Pod"}], {}),
    },
    "Flux: HelmRepository": {
        "url": ("https://charts.example/other", {}),
        "type": ("oci", {"url": "charts.example"}),
        "insecure": (True, {}),
        "secretRef": ({"name": "a"}, {}),
        "certSecretRef": ({"name": "a"}, {}),
        "passCredentials": (True, {}),
        "provider": ("aws", {}),
        "interval": ("5m", {}),
        "timeout": ("5m", {}),
        "suspend": (True, {}),
        "accessFrom": ({"namespaceSelectors": []}, {}),
    },
    "Flux: HelmChart": {
        "chart": ("other", {}),
        "version": ("2.x", {}),
        "sourceRef": (GIT, {}),
        "valuesFiles": (["a.yaml"], {}),
        "ignoreMissingValuesFiles": (True, {"valuesFiles": ["a.yaml"]}),
        "reconcileStrategy": ("Revision", {}),
        "interval": ("5m", {}),
        "suspend": (True, {}),
        "verify": ({"provider": "cosign"}, {}),
    },
    "Flux: OCIRepository": {
        "url": ("oci://charts.example/other", {}),
        "ref.tag": ("2.0.0", {}),
        "ref.semver": (">=2", {}),
        "ref.digest": (f"sha256:{'a' * 64}", {}),
        "ref.semverFilter": ("rc", {"ref.semver": ">=2"}),
        "insecure": (True, {}),
        "layerSelector": ({"mediaType": "a", "operation": "copy"}, {}),
        "ignore": ("/*", {}),
        "secretRef": ({"name": "a"}, {}),
        "certSecretRef": ({"name": "a"}, {}),
        "proxySecretRef": ({"name": "a"}, {}),
        "serviceAccountName": ("a", {}),
        "provider": ("aws", {}),
        "verify": ({"provider": "cosign"}, {}),
        "interval": ("5m", {}),
        "timeout": ("5m", {}),
        "suspend": (True, {}),
    },
    "Flux: GitRepository": {
        "url": ("https://git.example/other.git", {}),
        "ref": ({"branch": "next"}, {}),
        "ignore": ("/*", {}),
        "include": ([{"repository": {"name": "a"}}], {}),
        "recurseSubmodules": (True, {}),
        "sparseCheckout": (["apps"], {}),
        "secretRef": ({"name": "a"}, {}),
        "provider": ("azure", {}),
        "serviceAccountName": ("a", {}),
        "proxySecretRef": ({"name": "a"}, {}),
        "verify": ({"mode": "HEAD"}, {}),
        "interval": ("5m", {}),
        "timeout": ("5m", {}),
        "suspend": (True, {}),
    },
}
BASES = {
    "Argo CD: Application": {
        "source": {"repoURL": "https://git.example/a.git", "path": "apps/web", "targetRevision": "main"},
        "destination": {"namespace": "shop"},
    },
    "Flux: Kustomization": {"sourceRef": GIT, "path": "./apps/web"},
    "Flux: HelmRelease": {"chart": {"spec": {"sourceRef": GIT, "chart": "charts/web"}}},
    "Flux: GitRepository": {"url": "https://git.example/a.git"},
    "Flux: HelmRepository": {"url": "https://charts.example/a"},
    "Flux: HelmChart": {"chart": "web", "version": "1.x", "sourceRef": CHARTS},
    "Flux: OCIRepository": {"url": "oci://charts.example/web"},
}
# The reference to each source, and the resource that has it.
SOURCES = {
    "Flux: GitRepository": (GIT, {"sourceRef": GIT}, flux.KUSTOMIZATION),
    "Flux: HelmRepository": (CHARTS, {"chart": {"spec": {"sourceRef": CHARTS, "chart": "web"}}}, flux.HELM_RELEASE),
    "Flux: HelmChart": ({"name": "chart"}, {"chartRef": {"kind": "HelmChart", "name": "chart"}}, flux.HELM_RELEASE),
    "Flux: OCIRepository": ({"name": "oci"}, {"chartRef": {"kind": "OCIRepository", "name": "oci"}}, flux.HELM_RELEASE),
}


def documented():
    """What docs/conformance.md says about each field, by the title of the table; without tables of other things."""
    sections = re.split(r"^## ", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    rows = {
        section.partition("\n")[0]: {
            field: treatment for fields, treatment in ROW.findall(section) for field in re.findall(r"[\w.]+", fields)
        }
        for section in sections
    }
    return {title: fields for title, fields in rows.items() if fields}


def resource(title, fields):
    spec = copy.deepcopy(BASES[title])
    for path, value in fields.items():
        *parents, last = path.split(".")
        parent = spec
        for key in parents:
            parent = parent.setdefault(key, {})
        parent[last] = value
    if "ref" in spec.get("source", {}):
        spec["sources"] = [spec["source"], {**spec["source"], "ref": ""}]
    history = spec.pop("^history", [])
    return {"metadata": {"name": "web", "namespace": "a"}, "spec": spec, "status": {"history": history}}


def read(title, fields):
    """What discovery makes of a resource with these fields of its `spec`."""
    one = resource(title, fields)
    if title.startswith("Argo CD"):
        result = argocd.read_application(one, "prod")[-1]
    else:
        held = {flux.KUSTOMIZATION: [], flux.HELM_RELEASE: []}
        for kind, (reference, user, user_kind) in SOURCES.items():
            source = one if kind == title else resource(kind, {})
            source["metadata"]["name"] = reference["name"]
            held["source.toolkit.fluxcd.io", kind.removeprefix("Flux: ")] = [source]
            if kind == title:
                held[user_kind] = [{"metadata": {"name": "web", "namespace": "a"}, "spec": user}]
        if title not in SOURCES:
            held["kustomize.toolkit.fluxcd.io" if "Kust" in title else "helm.toolkit.fluxcd.io", title[6:]] = [one]
        (result,) = flux.read_resources(held, "prod", lambda *_: {"values.yaml": "b: 2"})
    if isinstance(result, DiscoveredApplication):
        return replace(result, source=replace(result.source, argocd=""))
    return result


@pytest.mark.parametrize(
    ("title", "path", "value", "others"),
    [
        pytest.param(title, path, value, others, id=f"{title}-{path}")
        for title, fields in FIELDS.items()
        for path, (value, others) in fields.items()
    ],
)
def test_each_field_is_treated_as_documented(title, path, value, others):
    rows = documented()[title]
    parts = path.split(".")
    treatments = (rows.get(".".join(parts[:length])) for length in range(len(parts), 0, -1))
    treatment = next(filter(None, treatments), None)
    without, with_field = read(title, others), read(title, {**others, path: value})
    if treatment == "unsupported":
        assert not isinstance(with_field, DiscoveredApplication)
    elif treatment == "irrelevant":
        assert with_field == without
    else:
        assert treatment == "supported", f"docs/conformance.md has no row for {path}"
        assert with_field != without


def test_each_row_is_about_a_field():
    for title, rows in documented().items():
        fields = {".".join(path.split(".")[:length]) for path in FIELDS[title] for length in range(1, 9)}
        assert set(rows) <= fields
