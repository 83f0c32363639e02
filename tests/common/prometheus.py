"""A real Prometheus, from Debian's package."""

import math
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3
import yaml

from tests.common.wait import wait_for

_CHECKOUT = Path(__file__).parents[2]


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`."""
    path = shutil.which(name) or str(_CHECKOUT / ".cache/prometheus" / name)
    assert os.access(path, os.X_OK), f"{name} is not installed: run scripts/need-prometheus"
    return path


class Prometheus:
    """Answers queries about what it has scraped."""

    def __init__(self, host: str) -> None:
        self.url = f"http://{host}"

    def get(self, path: str, **fields: str) -> Any:
        """The data in a response of its API."""
        answer = urllib3.request("GET", f"{self.url}/api/v1/{path}", fields=fields, timeout=5, retries=False).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def values(self, query: str) -> list[tuple[Mapping[str, str], float]]:
        """The labels and values of the series that the query returns now, except NaN."""
        series = self.get("query", query=query)["result"]
        values = [(entry["metric"], float(entry["value"][1])) for entry in series]
        return [(labels, value) for labels, value in values if not math.isnan(value)]


@contextmanager
def running_prometheus(folder: Path, target: str, groups: Sequence[Any]) -> Iterator[Prometheus]:
    """A Prometheus that scrapes `target` (HOST:PORT) and evaluates these groups of rules, both twice a second."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    rules, config = folder / "rules.yaml", folder / "prometheus.yaml"
    rules.write_text(yaml.safe_dump({"groups": groups}))
    settings = {
        "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": "gitops-bot", "static_configs": [{"targets": [target]}]}],
    }
    config.write_text(yaml.safe_dump(settings))
    options = ("--config.file", config, "--storage.tsdb.path", folder / "data", "--web.listen-address", host)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program("prometheus"), *options], stdout=log, stderr=log)
    prometheus = Prometheus(host)

    def answers() -> bool:
        assert process.poll() is None, (folder / "log").read_text()
        try:
            is_ready = urllib3.request("GET", f"{prometheus.url}/-/ready", timeout=5, retries=False).status == 200
        except urllib3.exceptions.HTTPError:
            return False
        return is_ready and bool(prometheus.values("up == 1"))

    try:
        wait_for(answers, failure=(folder / "log").read_text)
        yield prometheus
    finally:
        process.kill()
        process.wait()
