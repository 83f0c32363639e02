"""Facts: what an on-call engineer reads in a title or on a lock screen."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.drift.fact import facts, most_important_first
from bot.core.drift.model import FieldDrift, ObjectDrift
from bot.core.drift.severity import Severity
from bot.i18n.language import ENGLISH, Language, Translator

T0 = datetime(2026, 3, 1, 13, 1, tzinfo=UTC)
SPANISH = Translator(Language.SPANISH)
POD = "spec.template.spec"
WEB = f"{POD}.containers[name=web]"
DIGESTS = "@sha256:" + "1a2b3c4d" * 8, "@sha256:" + "5e6f7a8b" * 8
READ = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
PROPERTIES = "color=blue\nretries=3\ndebug=false\n"


def changed(path, desired, live, kind="Deployment", name="web", change=None):
    change = change or ("added" if desired is None else "removed" if live is None else "changed")
    return ObjectDrift("v1", kind, "shop", name, "modified", (FieldDrift(change, path, desired, live, "kubectl", T0),))


# What differs, the facts in English, and in Spanish.
COMMON = {
    "replicas": (changed("spec.replicas", 3, 5), "web replicas 3 → 5", "web · réplicas 3 → 5"),
    "replicas-undeclared": (
        changed("spec.replicas", None, 5),
        "web replicas unset → 5",
        "web · réplicas sin definir → 5",
    ),
    "image-tag": (
        changed(f"{WEB}.image", "registry.example:5000/shop/web:4.7.2", "registry.example:5000/shop/web:latest"),
        "web image 4.7.2 → latest",
        "web · imagen 4.7.2 → latest",
    ),
    "image-repository": (
        changed(f"{WEB}.image", "ghcr.io/acme/web:4", "ghcr.io/eve/web:4"),
        "web image acme/web:4 → eve/web:4",
        "web · imagen acme/web:4 → eve/web:4",
    ),
    "image-digest": (
        changed(f"{WEB}.image", f"web{DIGESTS[0]}", f"web{DIGESTS[1]}"),
        "web image sha256:1a2b3c4d… → sha256:5e6f7a8b…",
        "web · imagen sha256:1a2b3c4d… → sha256:5e6f7a8b…",
    ),
    "image-of-sidecar": (
        changed(f"{POD}.containers[name=proxy].image", "envoy:1.30", "envoy:1.31"),
        "web (proxy) image 1.30 → 1.31",
        "web (proxy) · imagen 1.30 → 1.31",
    ),
    "memory-limit": (
        changed(f"{WEB}.resources.limits.memory", "512Mi", "64Mi"),
        "web memory limit 512Mi → 64Mi",
        "web · límite de memoria 512Mi → 64Mi",
    ),
    "limits-added": (
        changed(f"{WEB}.resources", None, {"limits": {"cpu": "2"}}),
        "web CPU limit unset → 2",
        "web · límite de CPU sin definir → 2",
    ),
    "env-added": (
        changed(f"{WEB}.env[name=DEBUG]", None, {"name": "DEBUG", "value": "1"}),
        "web env DEBUG=1 added",
        "web · variable DEBUG=1 solo en el clúster",
    ),
    "env-changed": (
        changed(f"{WEB}.env[name=LOG_LEVEL].value", "info", "debug"),
        "web env LOG_LEVEL info → debug",
        "web · variable LOG_LEVEL info → debug",
    ),
    "env-removed": (
        changed(f"{WEB}.env[name=REGION]", {"name": "REGION", "value": "eu"}, None),
        "web env REGION removed",
        "web · falta variable REGION",
    ),
    "arguments": (
        changed(f"{WEB}.args", ["serve", "--port=80"], ["serve", "--port=80", "--debug"]),
        "web arguments: + --debug",
        "web · argumentos: + --debug",
    ),
    "container-added": (
        changed(f"{POD}.containers[name=miner]", None, {"name": "miner", "image": "x/miner:1"}),
        "web container miner (x/miner:1) added",
        "web · contenedor miner (x/miner:1) solo en el clúster",
    ),
    "container-added-privileged": (
        changed(
            f"{POD}.containers[name=miner]",
            None,
            {"name": "miner", "image": "x/miner:1", "securityContext": {"privileged": True}},
        ),
        "web (miner) is now privileged",
        "web (miner) ahora es privilegiado",
    ),
    "privileged": (
        changed(f"{WEB}.securityContext", None, {"privileged": True}),
        "web is now privileged",
        "web ahora es privilegiado",
    ),
    "root": (
        changed(f"{POD}.securityContext.runAsUser", 1000, 0),
        "web now runs as root",
        "web ahora se ejecuta como root",
    ),
    "host-network": (
        changed(f"{POD}.hostNetwork", None, True),
        "web now uses the host network",
        "web ahora usa la red del nodo",
    ),
    "host-path": (
        changed(f"{POD}.volumes[name=sock]", None, {"name": "sock", "hostPath": {"path": "/var/run/docker.sock"}}),
        "web now mounts host path /var/run/docker.sock",
        "web ahora monta /var/run/docker.sock del nodo",
    ),
    "capability": (
        changed(f"{WEB}.securityContext.capabilities.add", ["CHOWN"], ["CHOWN", "NET_ADMIN"]),
        "web now adds capabilities: NET_ADMIN",
        "web ahora agrega capabilities: NET_ADMIN",
    ),
    "permission-gained": (
        changed("rules", [READ], [{**READ, "verbs": ["get", "list", "delete"]}], "ClusterRole", "reader"),
        "ClusterRole reader may now delete pods",
        "ClusterRole reader ahora permite delete en pods",
    ),
    "permission-lost": (
        changed("rules", [READ], [{**READ, "verbs": ["get"]}], "ClusterRole", "reader"),
        "ClusterRole reader may no longer list pods",
        "ClusterRole reader ya no permite list en pods",
    ),
    "permissions-all": (
        changed("rules", [READ], [READ, {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}], "Role", "reader"),
        "Role reader may now perform every action on all resources",
        "Role reader ahora permite todo en todos los recursos",
    ),
    "subject": (
        changed("subjects", [], [{"kind": "User", "name": "eve"}], "RoleBinding", "view", "changed"),
        "RoleBinding view now includes User eve",
        "RoleBinding view ahora incluye a User eve",
    ),
    "service-type": (
        changed("spec.type", None, "LoadBalancer", "Service"),
        "Service web type ClusterIP → LoadBalancer",
        "Service web · tipo ClusterIP → LoadBalancer",
    ),
    "service-port": (
        changed("spec.ports[port=53,protocol=UDP]", None, {"port": 53, "protocol": "UDP"}, "Service"),
        "Service web port 53/UDP added",
        "Service web · puerto 53/UDP solo en el clúster",
    ),
    "service-target-port": (
        changed("spec.ports[port=80,protocol=TCP].targetPort", 8080, 9090, "Service"),
        "Service web port 80 targetPort 8080 → 9090",
        "Service web · puerto 80 targetPort 8080 → 9090",
    ),
    "service-selector": (
        changed("spec.selector.app", "web", "canary", "Service"),
        "Service web selector app web → canary",
        "Service web · selector app web → canary",
    ),
    "ingress-host": (
        changed(
            "spec.rules",
            [{"host": "shop.example", "http": {"paths": []}}],
            [{"host": "evil.example", "http": {"paths": []}}],
            "Ingress",
        ),
        "Ingress web host shop.example → evil.example",
        "Ingress web · host shop.example → evil.example",
    ),
    "autoscaler": (
        changed("spec.maxReplicas", 10, 50, "HorizontalPodAutoscaler"),
        "HPA web maximum replicas 10 → 50",
        "HPA web · máximo de réplicas 10 → 50",
    ),
    "configmap-key": (
        changed("data.MODE", "prod", "debug", "ConfigMap", "settings"),
        "ConfigMap settings key “MODE” prod → debug",
        "ConfigMap settings · clave “MODE” prod → debug",
    ),
    "configmap-line": (
        changed(
            'data["app.properties"]',
            PROPERTIES,
            PROPERTIES.replace("debug=false", "debug=true"),
            "ConfigMap",
            "settings",
        ),
        "ConfigMap settings key “app.properties”: debug=false → debug=true",
        "ConfigMap settings · clave “app.properties”: debug=false → debug=true",
    ),
    "configmap-lines": (
        changed('data["app.properties"]', PROPERTIES, "color=red\nretries=9\ndebug=false\n", "ConfigMap", "settings"),
        "ConfigMap settings key “app.properties” differs in 2 lines",
        "ConfigMap settings · clave “app.properties” difiere en 2 líneas",
    ),
    "secret-key": (
        changed("data.password", "(hidden)", "(hidden)", "Secret", "db"),
        "Secret db key “password” changed",
        "Secret db · clave “password” cambió",
    ),
    "secret-key-added": (
        changed("data.token", None, "(hidden)", "Secret", "db"),
        "Secret db key “token” added",
        "Secret db · clave “token” solo en el clúster",
    ),
    "schedule": (
        changed("spec.schedule", "0 3 * * *", "* * * * *", "CronJob", "backup"),
        "CronJob backup schedule 0 3 * * * → * * * * *",
        "CronJob backup · programación 0 3 * * * → * * * * *",
    ),
    "suspended": (
        changed("spec.suspend", None, True, "CronJob", "backup"),
        "CronJob backup is now suspended",
        "CronJob backup ahora está suspendido",
    ),
    "probe": (
        changed(f"{WEB}.livenessProbe.httpGet.path", "/healthz", "/"),
        "web liveness probe path /healthz → /",
        "web · sonda liveness path /healthz → /",
    ),
    "label": (
        changed('metadata.labels["app.kubernetes.io/part-of"]', "shop", "x"),
        "web label app.kubernetes.io/part-of shop → x",
        "web · etiqueta app.kubernetes.io/part-of shop → x",
    ),
    "deleting": (
        changed("metadata.deletionTimestamp", None, "2026-03-01T13:00:00Z", "PersistentVolumeClaim", "data"),
        "PVC data is being deleted",
        "PVC data se está eliminando",
    ),
    "init-order": (
        changed(f"{POD}.initContainers", ["firewall", "fetch"], ["fetch", "firewall"]),
        "web init container order firewall, fetch → fetch, firewall",
        "web · orden de los init containers firewall, fetch → fetch, firewall",
    ),
    "missing": (
        ObjectDrift("v1", "ConfigMap", "shop", "settings", "missing"),
        "ConfigMap settings is missing",
        "falta ConfigMap settings",
    ),
    "path": (
        changed("spec.strategy.type", "RollingUpdate", "Recreate"),
        "web · strategy.type RollingUpdate → Recreate",
        "web · strategy.type RollingUpdate → Recreate",
    ),
    "path-in-a-list": (
        changed("spec.ingress", [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}], [{}], "NetworkPolicy", "db"),
        "NetworkPolicy db · ingress changed",
        "NetworkPolicy db · ingress cambió",
    ),
    "set-member": (
        changed("spec.tags[=green]", None, "green", "Widget", "w"),
        "Widget w · tags: + green",
        "Widget w · tags: + green",
    ),
}


def test_many_missing_objects_of_a_kind_are_one_fact():
    settings = [ObjectDrift("v1", "ConfigMap", "shop", f"item-{number}", "missing") for number in range(500)]
    texts = [str(fact.text) for fact in facts([*settings, ObjectDrift("v1", "Service", "shop", "web", "missing")])]
    assert sorted(texts) == ["500 ConfigMap objects are missing", "Service web is missing"]


@pytest.mark.parametrize("name", COMMON)
def test_a_common_drift_is_told_in_human_terms(name):
    drift, english, spanish = COMMON[name]
    fact = facts([drift])[0]
    assert (ENGLISH.localize(fact.text), SPANISH.localize(fact.text)) == (english, spanish)


def test_the_most_severe_comes_first_then_what_people_know_best():
    drift = [COMMON[name][0] for name in ("label", "replicas", "path", "env-added", "missing", "privileged")]
    assert [ENGLISH.localize(fact.text) for fact in facts(drift)] == [
        "web is now privileged",
        "ConfigMap settings is missing",
        "web env DEBUG=1 added",
        "web replicas 3 → 5",
        "web label app.kubernetes.io/part-of shop → x",
        "web · strategy.type RollingUpdate → Recreate",
    ]
    assert [fact.rating.severity for fact in facts(drift)][:2] == [Severity.CRITICAL, Severity.SERIOUS]


def test_objects_and_their_fields_are_in_the_order_of_their_facts():
    label, replicas, env = (COMMON[name][0].fields[0] for name in ("label", "replicas", "env-added"))
    both = replace(COMMON["label"][0], fields=(label, replicas, env))
    missing, privileged = COMMON["missing"][0], COMMON["privileged"][0]
    ordered = most_important_first([COMMON["path"][0], both, missing, privileged])
    assert ordered == (privileged, missing, replace(both, fields=(env, replicas, label)), COMMON["path"][0])


def test_objects_of_one_name_are_told_apart():
    drift = [
        changed("spec.replicas", 1, 2, kind="StatefulSet"),
        changed("spec.replicas", 1, 3),
        changed("spec.type", "ClusterIP", "NodePort", "Service"),
    ]
    assert {ENGLISH.localize(fact.text).split(" replicas")[0] for fact in facts(drift)} == {
        "StatefulSet web",
        "Deployment web",
        "Service web type ClusterIP → NodePort",
    }


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
    max_leaves=8,
)
PATHS = st.sampled_from([drift.fields[0].path for drift, *_ in COMMON.values() if drift.fields]) | st.text()
KINDS = st.sampled_from(sorted({drift.kind for drift, *_ in COMMON.values()})) | st.text()


@given(PATHS, ANY, ANY, KINDS, st.text(), st.sampled_from(["changed", "added", "removed"]))
def test_whatever_the_values_there_is_a_fact_of_one_short_line(path, desired, live, kind, name, change):
    desired, live = (None if change == "added" else desired), (None if change == "removed" else live)
    for fact in facts([changed(path, desired, live, kind, name, change)]):
        for text in (ENGLISH.localize(fact.text), SPANISH.localize(fact.text)):
            assert text.isprintable()
            assert 0 < len(text) < 450


@pytest.mark.parametrize("path", ["data.key", 'metadata.annotations["x/y"]', "data", "unknown.field"])
@pytest.mark.parametrize(("desired", "live"), [("(hidden)", "(hidden)"), (None, "(hidden)"), ("(hidden)", None)])
def test_a_hidden_value_is_not_shown(path, desired, live):
    assert "(hidden)" not in ENGLISH.localize(facts([changed(path, desired, live, "Secret", "db")])[0].text)
