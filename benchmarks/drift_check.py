"""A drift check of 10,000 objects, compared with the Kubernetes client's typed models. Run it with `make bench`.

The API server is the sandbox's, in its own process, and git is a real repository on disk. Every figure is from a new
process that does only that; CPU is user and system time. A repeated check follows a first one, which its CPU excludes
but its peak memory includes.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

NAMESPACES = 50
SETS = 66  # in each namespace, of a Deployment, a Service and a ConfigMap
OTHERS = ("ServiceAccount", "PodDisruptionBudget")  # one of each in each namespace
OBJECTS = NAMESPACES * (3 * SETS + len(OTHERS))
LARGE = (("apps/v1", "Deployment"), ("v1", "Service"), ("v1", "ConfigMap"))
PAGE = 500
BRANCH = "main"
SECONDS_TO_SERVE = 120

Object = dict[str, Any]

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  labels: &labels
    app.kubernetes.io/name: {name}
    app.kubernetes.io/part-of: {namespace}
    team: storefront
  annotations:
    example.org/runbook: "https://runbooks.example.org/{namespace}/{name}"
spec:
  replicas: 3
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  template:
    metadata:
      labels: *labels
    spec:
      serviceAccountName: runner
      containers:
        - name: app
          image: registry.example.org/{namespace}/{name}:1.{number}.0
          args: ["--listen=:8080", "--log-level=info"]
          ports:
            - name: http
              containerPort: 8080
            - name: metrics
              containerPort: 9090
          env:
            - name: LOG_FORMAT
              value: json
            - name: REGION
              value: eu-west
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
            - name: CACHE_BYTES
              value: "268435456"
          envFrom:
            - configMapRef:
                name: {name}
          resources:
            requests:
              cpu: 250m
              memory: 256Mi
            limits:
              memory: 512Mi
          readinessProbe:
            httpGet:
              path: /ready
              port: http
            periodSeconds: 5
          livenessProbe:
            httpGet:
              path: /live
              port: http
            initialDelaySeconds: 10
          volumeMounts:
            - name: settings
              mountPath: /etc/app
              readOnly: true
        - name: proxy
          image: registry.example.org/shared/proxy:2.4.1
          ports:
            - containerPort: 15001
          resources:
            requests:
              cpu: "0.1"
              memory: 64Mi
          securityContext:
            runAsNonRoot: true
            allowPrivilegeEscalation: false
      volumes:
        - name: settings
          configMap:
            name: {name}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: {name}
  labels:
    app.kubernetes.io/name: {name}
spec:
  selector:
    app.kubernetes.io/name: {name}
  ports:
    - name: http
      port: 80
      targetPort: http
    - name: metrics
      port: 9090
      targetPort: metrics
"""
CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}
  labels:
    app.kubernetes.io/name: {name}
data:
  number: "{number}"
  settings.properties: |
    cache.size=256
    http.timeout=30s
    http.retries=3
    feature.checkout=on
    upstream=https://{name}.{namespace}.example.org
"""
SHARED = """\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: runner
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: everything
spec:
  minAvailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/part-of: {namespace}
"""


def namespaces() -> list[str]:
    return [f"shop-{number:02}" for number in range(NAMESPACES)]


def files() -> Iterator[tuple[str, str]]:
    """Path and text of every manifest file: one for each set, and one for the shared objects of each namespace."""
    for namespace in namespaces():
        yield f"apps/{namespace}/shared.yaml", SHARED.format(namespace=namespace)
        for number in range(SETS):
            names = {"namespace": namespace, "name": f"service-{number:02}", "number": number}
            text = "---\n".join(part.format(**names) for part in (DEPLOYMENT, SERVICE, CONFIG_MAP))
            yield f"apps/{namespace}/{names['name']}.yaml", text


def git(*argv: str, cwd: Path) -> str:
    identity = ("-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *argv], cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def make_remote(remote: Path) -> None:
    """The repository with every manifest."""
    for path, text in files():
        file = remote / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    git("init", "-q", "-b", BRANCH, cwd=remote)
    git("add", "-A", cwd=remote)
    git("commit", "-qm", "Everything", cwd=remote)
    git("repack", "-adq", cwd=remote)  # as on a forge, whose packing is not measured here


# ---------------------------------------------------------------- the cluster, in its own process


def filled_cluster() -> Any:
    """A sandbox cluster with everything in git."""
    from bot.core.objects.manifest import read_manifests  # noqa: PLC0415  each process loads only what it measures
    from bot.sandbox.cluster import SandboxCluster  # noqa: PLC0415

    sandbox = SandboxCluster(rollout=0)
    for path, text in files():
        for manifest in read_manifests(path, text.encode()):
            sandbox.api.apply(dict(manifest.object), manager="kustomize-controller", namespace=path.split("/")[1])
    sandbox.controllers.reconcile()
    return sandbox


def serve(home: Path) -> None:
    """Serve a filled cluster and print its URL, until standard input closes."""
    from bot.sandbox.cluster import write_kubeconfig  # noqa: PLC0415
    from bot.sandbox.server import Server  # noqa: PLC0415

    with Server(filled_cluster().app) as server:
        write_kubeconfig(home / "kubeconfig", server.url, identity="bot")
        print(server.url, flush=True)
        sys.stdin.read()


@contextmanager
def cluster(home: Path, script: str = __file__) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """The URL of the sandbox cluster, filled, and the process of a script that serves it."""
    argv = [sys.executable, script, "--serve", str(home)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        if not url:
            raise SystemExit("The sandbox cluster did not start.")
        try:
            yield url, server
        finally:
            server.communicate()  # closes stdin, which ends it


def patch(url: str, path: str, change: Object) -> None:
    """Send a person's `kubectl patch`."""
    request = urllib.request.Request(  # noqa: S310  our own server's address
        f"{url}/as/admin{path}?fieldManager=kubectl-patch",
        json.dumps(change).encode(),
        {"Content-Type": "application/merge-patch+json"},
        method="PATCH",
    )
    with urllib.request.urlopen(request):  # noqa: S310
        pass


# ---------------------------------------------------------------- measurements, each in its own process


class Meter:
    """Time, CPU, requests and bytes of a `with` block; the peak is the whole process's."""

    def __init__(self) -> None:
        import urllib3  # noqa: PLC0415

        self.requests = self.received = 0
        send = urllib3.HTTPConnectionPool.urlopen

        def counted(*args: Any, **kwargs: Any) -> Any:
            response = send(*args, **kwargs)
            self.requests += 1
            self.received += int(response.headers["Content-Length"])  # as sent, compressed if requested
            return response

        urllib3.HTTPConnectionPool.urlopen = counted  # type: ignore[method-assign]

    @staticmethod
    def _cpu(who: int) -> float:
        usage = resource.getrusage(who)
        return usage.ru_utime + usage.ru_stime

    def __enter__(self) -> Self:
        self.requests = self.received = 0
        self._began = time.perf_counter(), self._cpu(resource.RUSAGE_SELF), self._cpu(resource.RUSAGE_CHILDREN)
        return self

    def __exit__(self, *_: object) -> None:
        now = time.perf_counter(), self._cpu(resource.RUSAGE_SELF), self._cpu(resource.RUSAGE_CHILDREN)
        self.wall, self.cpu, self.git = (after - before for after, before in zip(now, self._began, strict=True))

    def figures(self) -> Object:
        """Seconds, and bytes."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return {
            "wall": self.wall,
            "cpu": self.cpu,
            "git": self.git,
            "peak": peak,
            "requests": self.requests,
            "received": self.received,
        }


Drift = list[tuple[str, str]]


def checked(home: Path, cluster: Any = None) -> Callable[[], Drift]:
    """A repeatable check that returns the differences as (name, path). Fails if an object was not seen."""
    from bot.adapters.git.repository import GitRepository  # noqa: PLC0415
    from bot.adapters.kubernetes.cluster import KubernetesCluster  # noqa: PLC0415
    from bot.core.applications.application import Application  # noqa: PLC0415
    from bot.core.git.repository_ref import RepositoryRef  # noqa: PLC0415
    from bot.handlers.drift.check import check, fetch_all  # noqa: PLC0415
    from bot.handlers.drift.comparison_cache import Caches  # noqa: PLC0415

    platform = RepositoryRef("platform")
    applications = [Application(name, platform, f"apps/{name}", "prod", name, "C1") for name in namespaces()]
    mirrors = Path(tempfile.mkdtemp(dir=home))
    repositories = {"platform": GitRepository("platform", str(home / "remote"), BRANCH, mirrors)}
    prod = cluster or KubernetesCluster("prod", kubeconfig=home / "kubeconfig")
    caches = Caches()

    def run() -> Drift:
        now = datetime.now(UTC)
        checks = check(
            applications,
            revisions=fetch_all(repositories),
            repositories=repositories,
            cluster=prod,
            ignore=(),
            now=now,
            caches=caches,
        )
        assert [check.error for check in checks if check.error] == []
        assert sum(check.objects for check in checks) == OBJECTS
        return [(drift.name, field.path) for check in checks for drift in check.drift for field in drift.fields]

    return run


def first(home: Path, _: str) -> Object:
    run = checked(home)
    with Meter() as meter:
        assert run() == []
    return meter.figures()


def unchanged(home: Path, _: str) -> Object:
    run, meter = checked(home), Meter()
    run()
    with meter:
        assert run() == []
    return meter.figures()


def one_object(home: Path, url: str) -> Object:
    run, meter = checked(home), Meter()
    run()
    path = "/api/v1/namespaces/shop-07/configmaps/service-07"
    patch(url, path, {"data": {"number": "8"}})
    with meter:
        assert run() == [("service-07", "data.number")]
    patch(url, path, {"data": {"number": "7"}})
    return meter.figures()


def one_commit(home: Path, _: str) -> Object:
    run, meter = checked(home), Meter()
    run()
    remote = home / "remote"
    file = remote / "apps/shop-07/service-07.yaml"
    file.write_text(file.read_text().replace("replicas: 3", "replicas: 4"))
    git("commit", "-qam", "More of service-07", cwd=remote)
    with meter:
        assert run() == [("service-07", "spec.replicas")]
    git("revert", "--no-edit", "HEAD", cwd=remote)
    return meter.figures()


def raw_lists(home: Path, _: str) -> Object:
    """The large lists as read by the bot, all kept in memory."""
    from bot.adapters.kubernetes.cluster import KubernetesCluster  # noqa: PLC0415

    prod, meter = KubernetesCluster("prod", kubeconfig=home / "kubeconfig"), Meter()
    kinds = prod.discover().kinds
    with meter:
        kept: list[Sized] = [prod.list(kinds[version, kind], None) for version, kind in LARGE]
        assert sum(map(len, kept)) == NAMESPACES * SETS * len(LARGE)
    return meter.figures()


def typed_list(api: Any, kind: str) -> Iterator[Object]:
    """A list through the client's typed models, page by page, and back to JSON so that it can be compared."""
    token = None
    while token != "":
        page = getattr(api, f"list_{kind}_for_all_namespaces")(limit=PAGE, _continue=token)
        yield from api.api_client.sanitize_for_serialization(page.items)
        token = page.metadata._continue or ""  # noqa: SLF001  the client's own name for it


def typed_lists(home: Path, _: str) -> Object:
    apis, meter = typed_apis(home), Meter()
    with meter:
        kept = [list(typed_list(*apis[key])) for key in LARGE]
        assert sum(map(len, kept)) == NAMESPACES * SETS * len(LARGE)
    return meter.figures()


def typed_check(home: Path, _: str) -> Object:
    """The bot's own check, with the large lists read through typed models."""
    from bot.adapters.kubernetes.cluster import KubernetesCluster  # noqa: PLC0415

    apis = typed_apis(home)

    class Typed(KubernetesCluster):
        def list(self, kind: Any, namespace: Any, read: Any) -> Any:  # type: ignore[override]
            if (kind.api_version, kind.kind) not in LARGE:
                return super().list(kind, namespace, read)
            found = {}
            for item in typed_list(*apis[kind.api_version, kind.kind]):
                item |= {"apiVersion": kind.api_version, "kind": kind.kind}
                found[item["metadata"]["namespace"], item["metadata"]["name"]] = read(item)
            return found

    run, meter = checked(home, Typed("prod", kubeconfig=home / "kubeconfig")), Meter()
    with meter:
        assert run() == []
    return meter.figures()


def typed_apis(home: Path) -> dict[tuple[str, str], tuple[Any, str]]:
    from kubernetes import client, config  # noqa: PLC0415

    config.load_kube_config(str(home / "kubeconfig"))  # type: ignore[no-untyped-call]
    core = client.CoreV1Api()
    return dict(zip(LARGE, ((client.AppsV1Api(), "deployment"), (core, "service"), (core, "config_map")), strict=True))


SCENARIOS = {
    "first check": first,
    "again, nothing changed": unchanged,
    "again, one object edited": one_object,
    "again, one commit": one_commit,
    "typed models: a check": typed_check,
    "its lists alone": raw_lists,
    "typed models: its lists alone": typed_lists,
}
# The comparisons: with typed models nothing is cached, so each check is like a first one.
RATIOS = (
    ("first check", "typed models: a check"),
    ("again, nothing changed", "typed models: a check"),
    ("its lists alone", "typed models: its lists alone"),
)


def measured(scenario: str, home: Path, url: str) -> Object:
    argv = [sys.executable, __file__, "--measure", scenario, str(home), url]
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise SystemExit(f"{scenario}: failed, see above.")
    figures: Object = json.loads(done.stdout)
    return figures


# ---------------------------------------------------------------- output


def machine() -> Iterator[str]:
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = (line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line)
        model = next(names, model)
    folder = Path(__file__).parent
    changed = " and uncommitted changes" if git("status", "--porcelain", cwd=folder) else ""
    yield f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    yield f"Python {platform.python_version()}, " + ", ".join(
        f"{name} {version(name)}" for name in ("kubernetes", "orjson", "PyYAML", "urllib3", "GitPython")
    )
    yield f"{git('version', cwd=folder)}; commit {git('rev-parse', '--short', 'HEAD', cwd=folder)}{changed}"
    yield f"{OBJECTS:,} objects in {NAMESPACES} applications, each with a namespace of its own"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", metavar="HOME", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--measure", metavar=("SCENARIO", "HOME", "URL"), nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--only", metavar="SCENARIO", choices=SCENARIOS, help="measure this alone")
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
    elif options.measure:
        scenario, home, url = options.measure
        print(json.dumps(SCENARIOS[scenario](Path(home), url)))
    else:
        report([options.only] if options.only else list(SCENARIOS))


def report(scenarios: list[str]) -> None:
    print("\n".join(machine()))
    print(f"\n{'':34}{'wall':>8}{'CPU':>9}{'git CPU':>9}{'peak':>9}{'requests':>10}{'received':>11}")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        make_remote(home / "remote")
        results = {}
        with cluster(home) as (url, _):
            for scenario in scenarios:
                figures = results[scenario] = measured(scenario, home, url)
                print(
                    f"{scenario:34}{figures['wall']:6.2f} s{figures['cpu']:7.2f} s{figures['git']:7.2f} s"
                    f"{figures['peak'] / 2**20:6.0f} MB{figures['requests']:10}{figures['received'] / 1e6:8.1f} MB",
                    flush=True,
                )
    print()
    for scenario, baseline in RATIOS:
        if scenario in results and baseline in results:
            ours, theirs = results[scenario], results[baseline]
            cpu = (theirs["cpu"] + theirs["git"]) / (ours["cpu"] + ours["git"])
            memory = theirs["peak"] / ours["peak"]
            print(f"{baseline}: {cpu:.1f} times the CPU and {memory:.1f} times the memory of {scenario}")


if __name__ == "__main__":
    main()
