"""A repository of 1,000 applications, rendered at one commit after the other. Run it with `make bench`.

700 kustomizations on 7 shared bases, 200 of plain manifests, 100 Helm charts. Beside it stands the naive way: the same
programs on every application of a work tree again, one after the other. CPU is user and system time, the programs' too.
"""

import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bot.adapters.git.repository import GitRepository
from bot.adapters.rendering.programs import ProgramRenderer
from bot.core.applications.application import Application
from bot.core.git.repository_ref import RepositoryRef
from bot.core.objects.manifest import read_manifests
from bot.core.rendering.source import HelmParameters
from bot.handlers.rendering.manifest_cache import ManifestCache

KUSTOMIZED, PLAIN, CHARTS, BASES = 700, 200, 100, 7
NAIVELY = 10  # one in ten is run the naive way, and the sum is ten times that

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, labels: {app: NAME}}
spec:
  replicas: REPLICAS
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      containers:
        - name: app
          image: registry.example.org/NAME:1.0.0
          ports: [{containerPort: 8080}]
          envFrom: [{configMapRef: {name: NAME}}]
---
apiVersion: v1
kind: Service
metadata: {name: NAME}
spec: {selector: {app: NAME}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: NAME}
data: {level: info}
"""
OVERLAY = """\
resources: [../../bases/BASE]
namePrefix: NAME-
labels: [{pairs: {team: storefront}}]
replicas: [{name: web, count: 3}]
"""


def files() -> dict[str, str]:
    plain = DEPLOYMENT.replace("REPLICAS", "2")
    made = {}
    for number in range(BASES):
        made[f"bases/{number}/kustomization.yaml"] = "resources: [all.yaml]\n"
        made[f"bases/{number}/all.yaml"] = plain.replace("NAME", "web")
    for number in range(KUSTOMIZED):
        overlay = OVERLAY.replace("BASE", str(number % BASES)).replace("NAME", f"k{number}")
        made[f"apps/k{number}/kustomization.yaml"] = overlay
    for number in range(PLAIN):
        made[f"apps/p{number}/all.yaml"] = plain.replace("NAME", f"p{number}")
    for number in range(CHARTS):
        made[f"apps/h{number}/Chart.yaml"] = f"apiVersion: v2\nname: h{number}\nversion: 1.0.0\n"
        made[f"apps/h{number}/values.yaml"] = "replicas: 2\n"
        text = DEPLOYMENT.replace("REPLICAS", "{{ .Values.replicas }}").replace("NAME", "{{ .Release.Name }}")
        made[f"apps/h{number}/templates/all.yaml"] = text
    return made


def applications() -> list[Application]:
    kinds = {"k": KUSTOMIZED, "p": PLAIN, "h": CHARTS}
    names = [f"{kind}{number}" for kind, count in kinds.items() for number in range(count)]
    helm = HelmParameters()
    return [
        Application(
            name, RepositoryRef("platform"), f"apps/{name}", "prod", "shop", "C1", helm=helm if name[0] == "h" else None
        )
        for name in names
    ]


def git(*argv: str, cwd: Path) -> None:
    identity = ("-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *argv], cwd=cwd, check=True, capture_output=True)


def commit(remote: Path, texts: dict[str, str]) -> None:
    for path, text in texts.items():
        file = remote / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    git("add", "-A", cwd=remote)
    git("commit", "-q", "-m", "change", cwd=remote)


def cpu() -> float:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def measured(run: Callable[[], int]) -> tuple[float, float, int]:
    """Wall and CPU seconds of a run, and what it returned: how many objects there were."""
    began, spent = time.perf_counter(), cpu()
    count = run()
    return time.perf_counter() - began, cpu() - spent, count


def naive(remote: Path, programs: ProgramRenderer) -> int:
    """Every tenth application of the work tree by its program, and what it prints read."""
    count = 0
    for application in applications()[::NAIVELY]:
        path = f"./{application.path}"
        argv = {
            "k": [*programs.kustomize_command, path],
            "p": ["cat", f"{path}/all.yaml"],
            "h": [*programs.helm_command, "template", application.name, path],
        }[application.name[0]]
        printed = subprocess.run(argv, cwd=remote, check=True, capture_output=True).stdout
        count += len(read_manifests(path, printed))
    return count * NAIVELY


def main() -> None:
    programs = ProgramRenderer.find()
    if not programs.kustomize_command or not programs.helm_command:
        raise SystemExit("This needs kustomize or kubectl, and helm or the helm-python-sdk.")
    with tempfile.TemporaryDirectory() as home:
        remote = Path(home) / "remote"
        remote.mkdir()
        git("init", "-q", "-b", "main", cwd=remote)
        commit(remote, files())
        repository = GitRepository("platform", str(remote), "main", Path(home) / "mirrors")
        rendered, sources = ManifestCache(programs), [application.source for application in applications()]

        def render() -> int:
            head = repository.fetch()
            rendered.prepare(repository, head, sources)
            return sum(len(rendered.manifests(repository, head, source)) for source in sources)

        steps: list[tuple[str, dict[str, str]]] = [
            ("a commit that touches no application", {"README.md": "hello\n"}),
            ("a commit that touches one application", {"apps/k7/kustomization.yaml": "resources: [../../bases/0]\n"}),
            ("a commit that touches a base of 100", {"bases/3/kustomization.yaml": "resources: [./all.yaml]\n"}),
        ]
        rows = [("the first render of all", measured(render))]
        for title, texts in steps:
            commit(remote, texts)
            rows.append((title, measured(render)))
        wall, spent, count = measured(lambda: naive(remote, programs))
        rows.append(("the naive way, at every commit", (wall * NAIVELY, spent * NAIVELY, count)))
    assert {count for _, (_, _, count) in rows} == {3 * (KUSTOMIZED + PLAIN + CHARTS)}

    total = KUSTOMIZED + PLAIN + CHARTS
    print(f"{total:,} applications in one repository: {KUSTOMIZED} Kustomize, {PLAIN} plain, {CHARTS} Helm\n")
    print(f"{'':44}{'wall':>10}{'CPU':>10}{'naive/this':>14}")
    naively = rows[-1][1][0]
    for title, (wall, spent, _) in rows:
        print(f"{title:44}{wall:>8.2f} s{spent:>8.2f} s{naively / wall:>14,.1f}")
    kustomize, helm = (
        " ".join(Path(word).name for word in command) for command in (programs.kustomize_command, programs.helm_command)
    )
    print(f"\n{os.cpu_count()} cores, {platform.platform()}, Python {sys.version.split()[0]}, {kustomize}, {helm}")


if __name__ == "__main__":
    main()
