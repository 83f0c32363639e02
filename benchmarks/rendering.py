"""Renders repositories at one commit after another, and after a restart. Run it with `make bench`.

One has 300 kustomizations on 5 shared bases; the other, 700 on 7 bases, 200 applications with plain manifests and 100
Helm charts. Each is compared with the naive way: one process for each application in a work tree, one after another.
CPU is user and system time, including the programs'.
"""

import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.git.repository import GitRepository
from bot.adapters.rendering.disk_cache import CachedRenderer
from bot.adapters.rendering.launcher_process import close_idle
from bot.adapters.rendering.programs import ProgramRenderer
from bot.core.applications.application import Application
from bot.core.git.repository_ref import RepositoryRef
from bot.core.objects.manifest import read_manifests
from bot.core.rendering.source import HelmParameters
from bot.handlers.rendering.manifest_cache import ManifestCache

NAIVELY = 10  # one application in this many is run the naive way, and the result is multiplied

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


@dataclass(frozen=True)
class Size:
    """The number of applications of each kind in a repository, and of bases that the overlays share."""

    overlays: int
    bases: int
    plain: int = 0
    charts: int = 0

    @property
    def total(self) -> int:
        """The number of applications."""
        return self.overlays + self.plain + self.charts

    def files(self) -> dict[str, str]:
        """The content of every file by its path."""
        plain = DEPLOYMENT.replace("REPLICAS", "2")
        made = {}
        for number in range(self.bases):
            made[f"bases/{number}/kustomization.yaml"] = "resources: [all.yaml]\n"
            made[f"bases/{number}/all.yaml"] = plain.replace("NAME", "web")
        for number in range(self.overlays):
            overlay = OVERLAY.replace("BASE", str(number % self.bases)).replace("NAME", f"k{number}")
            made[f"apps/k{number}/kustomization.yaml"] = overlay
        for number in range(self.plain):
            made[f"apps/p{number}/all.yaml"] = plain.replace("NAME", f"p{number}")
        for number in range(self.charts):
            made[f"apps/h{number}/Chart.yaml"] = f"apiVersion: v2\nname: h{number}\nversion: 1.0.0\n"
            made[f"apps/h{number}/values.yaml"] = "replicas: 2\n"
            text = DEPLOYMENT.replace("REPLICAS", "{{ .Values.replicas }}").replace("NAME", "{{ .Release.Name }}")
            made[f"apps/h{number}/templates/all.yaml"] = text
        return made

    def applications(self) -> list[Application]:
        """The applications, as configured."""
        kinds = {"k": self.overlays, "p": self.plain, "h": self.charts}
        names = [f"{kind}{number}" for kind, count in kinds.items() for number in range(count)]
        helm = HelmParameters()
        return [
            Application(
                name,
                RepositoryRef("platform"),
                f"apps/{name}",
                "prod",
                "shop",
                "C1",
                helm=helm if name[0] == "h" else None,
            )
            for name in names
        ]


SIZES = (Size(overlays=300, bases=5), Size(overlays=700, bases=7, plain=200, charts=100))


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
    close_idle()  # their children's time counts once they end
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measured(run: Callable[[], int]) -> tuple[float, float, int]:
    """Wall and CPU seconds of a run, and its result, the number of objects."""
    spent, began = cpu(), time.perf_counter()
    count = run()
    return time.perf_counter() - began, cpu() - spent, count


def naive(size: Size, remote: Path, programs: ProgramRenderer) -> int:
    """Render every tenth application of the work tree with its program, and parse the output."""
    count = 0
    for application in size.applications()[::NAIVELY]:
        path = f"./{application.path}"
        argv = {
            "k": [*programs.kustomize_command, path],
            "p": ["cat", f"{path}/all.yaml"],
            "h": [*programs.helm_command, "template", application.name, path],
        }[application.name[0]]
        printed = subprocess.run(argv, cwd=remote, check=True, capture_output=True).stdout
        count += len(read_manifests(path, printed))
    return count * NAIVELY


def compare(size: Size, programs: ProgramRenderer, home: Path) -> None:
    remote = home / "remote"
    remote.mkdir(parents=True)
    git("init", "-q", "-b", "main", cwd=remote)
    commit(remote, size.files())
    repository = GitRepository("platform", str(remote), "main", home / "mirrors")
    sources = [application.source for application in size.applications()]

    def started() -> ManifestCache:
        return ManifestCache(CachedRenderer(programs, home / "rendered"))

    def render(cache: ManifestCache) -> int:
        head = repository.fetch()
        cache.prepare(repository, head, sources)
        return sum(len(cache.manifests(repository, head, source)) for source in sources)

    cache = started()
    rows = [("first render of all", measured(lambda: render(cache)))]
    cache = started()
    rows.append(("the same after a restart", measured(lambda: render(cache))))
    steps: list[tuple[str, dict[str, str]]] = [
        ("a commit that affects no application", {"README.md": "hello\n"}),
        ("a commit that affects one application", {"apps/k7/kustomization.yaml": "resources: [../../bases/0]\n"}),
        (
            f"a commit to a base of {size.overlays // size.bases}",
            {"bases/3/kustomization.yaml": "resources: [./all.yaml]\n"},
        ),
    ]
    for title, texts in steps:
        commit(remote, texts)
        rows.append((title, measured(lambda: render(cache))))
    wall, spent, count = measured(lambda: naive(size, remote, programs))
    rows.append(("one process each, at every commit", (wall * NAIVELY, spent * NAIVELY, count)))
    assert {count for _, (_, _, count) in rows} == {3 * size.total}

    print(f"{size.total:,} applications in one repository: {size.overlays} overlays on {size.bases} bases, ", end="")
    print(f"{size.plain} plain, {size.charts} Helm\n")
    print(f"{'':44}{'wall':>10}{'CPU':>10}{'naive/this':>14}")
    naively = rows[-1][1][0]
    for title, (wall, spent, _) in rows:
        print(f"{title:44}{wall:>8.2f} s{spent:>8.2f} s{naively / wall:>14,.1f}")
    print()


def main() -> None:
    programs = ProgramRenderer.find()
    if not programs.kustomize_command or not programs.helm_command:
        raise SystemExit("This needs kustomize or kubectl, and helm or the helm-python-sdk.")
    with tempfile.TemporaryDirectory() as home:
        for number, size in enumerate(SIZES):
            compare(size, programs, Path(home) / str(number))
    kustomize, helm = (
        " ".join(Path(word).name for word in command) for command in (programs.kustomize_command, programs.helm_command)
    )
    print(f"{os.cpu_count()} cores, {platform.platform()}, Python {sys.version.split()[0]}, {kustomize}, {helm}")


if __name__ == "__main__":
    main()
