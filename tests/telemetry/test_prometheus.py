"""The metrics, the alerts and the dashboard, with a real Prometheus that scrapes the running bot."""

import itertools
import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from bot.ports.telemetry import METRICS, Kind
from bot.sandbox.cluster.person import Person as ClusterPerson
from tests.common.demo import remote
from tests.common.prometheus import program, running_prometheus
from tests.common.slack import Person
from tests.common.wait import wait_for

COMPONENT = Path(__file__).parents[2] / "manifests" / "components" / "prometheus"
GROUPS = yaml.safe_load((COMPONENT / "alerts.yaml").read_text())["spec"]["groups"]
PANELS = json.loads((COMPONENT / "gitops-bot.json").read_text())["panels"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]
# What may distinguish time series. Everything but applications and clusters is a closed set.
ATTRIBUTES = {"application", "cluster"} | {
    *("cache", "command", "method", "outcome", "result", "severity", "state", "version"),
}


@pytest.fixture(scope="module")
def prometheus(demo, tmp_path_factory):
    target = f"127.0.0.1:{demo.bot.web.health_port}"
    with running_prometheus(tmp_path_factory.mktemp("prometheus"), target, GROUPS) as prometheus:
        yield prometheus


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return answer.read()


def test_every_query_of_the_dashboard_returns_data_and_every_metric_is_scraped(demo, prometheus):
    person, hosted, path = Person(demo.slack), remote(demo), demo.shop.applications[0].path
    numbers = itertools.count()
    without_data = [query.replace("$__rate_interval", "20s").replace("$__range", "1m") for query in QUERIES]

    def every_query_has_had_data():
        text = (
            f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: extra-{next(numbers)}}}\n"  # nothing is rendered twice
        )
        hosted.commit(hosted.branch, {f"{path}/extra.yaml": text}, "Change a ConfigMap\n", "mira")
        person.type("drift shop")
        without_data[:] = [query for query in without_data if not prometheus.values(query)]
        return not without_data

    wait_for(every_query_has_had_data, failure=lambda: without_data)
    scraped = {name.removesuffix("_bucket") for name in prometheus.get("label/__name__/values")}
    expected = {metric.prometheus_name for metric in METRICS if metric.name != "gitops_bot.event.delivery.duration"}
    assert expected <= scraped


def test_the_alerts_are_valid_and_drift_raises_one(demo, prometheus, tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text(yaml.safe_dump({"groups": GROUPS}))
    subprocess.run([program("promtool"), "check", "rules", "--lint-fatal", rules], check=True, capture_output=True)
    ClusterPerson(demo.cluster.api, "payments").do("image")

    wait_for(lambda: prometheus.values('ALERTS{alertname="GitOpsApplicationDrifted", application="payments"}'))
    evaluated = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"]: rule["health"] for rule in evaluated} == {rule["alert"]: "ok" for rule in GROUPS[0]["rules"]}


def test_promtool_finds_nothing_wrong_with_the_metrics(demo):
    text = get(demo.bot.web.health_port, "/metrics")
    subprocess.run([program("promtool"), "check", "metrics"], input=text, check=True, capture_output=True)


def test_the_public_listener_has_no_metrics_and_no_details(demo):
    assert get(demo.bot.web.port, "/readyz") == b"ok"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(demo.bot.web.port, "/metrics")


def test_no_metric_has_an_attribute_with_unbounded_values():
    assert {attribute for metric in METRICS for attribute in metric.attributes} == ATTRIBUTES
    assert all(metric.span and metric.unit == "s" for metric in METRICS if metric.kind is Kind.HISTOGRAM)
