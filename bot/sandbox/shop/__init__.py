"""The manifest repository of a small shop: three applications, two environments, two weeks of history.

For the demo's story, there is also a catalog with many objects, and the last change is not merged yet.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from string import Template
from typing import NamedTuple

from bot.sandbox.forge import HostedRepository, SandboxForge
from bot.sandbox.forge.merge import Method
from bot.sandbox.stack import StackApplication

REPOSITORY = "acme/platform"
BRANCH = "main"
_FIRST_PULL = 118
_MANIFESTS = Path(__file__).with_name("manifests")
_PEOPLE = {"ana": "Ana Ferrer", "bo": "Bo Lindqvist", "chen": "Chen Wei", "dara": "Dara Okafor"}
_APPLICATIONS = ("shop", "payments", "search")
CATALOG = "catalog"
_CATALOG_SIZE = 500
CHECKOUT = "environments/production/checkout"  # the path that a scenario adds to Argo CD


@dataclass(frozen=True, slots=True)
class Shop:
    """The seeded repository.

    `bad_commit`, the merge of `bad_pull`, is the latest commit of `branch`; "" if the pull request is open.
    """

    repository: str
    branch: str
    applications: tuple[StackApplication, ...]
    bad_commit: str
    bad_pull: int
    open_pull: int


@dataclass(frozen=True, slots=True)
class _Environment:
    directory: str
    cluster: str
    suffix: str
    values: Mapping[str, str]

    def application(self, name: str) -> StackApplication:
        return StackApplication(
            name + self.suffix, f"environments/{self.directory}/{name}", self.cluster, name + self.suffix
        )


_PRODUCTION = _Environment(
    "production",
    "prod",
    "",
    {
        "web_replicas": "4",
        "shop_host": "shop.acme.example",
        "log_level": "info",
        "api_least": "3",
        "api_most": "8",
        "search_replicas": "3",
        "search_disk": "50Gi",
    },
)
_STAGING = _Environment(
    "staging",
    "staging",
    "-staging",
    {
        "web_replicas": "2",
        "shop_host": "shop.staging.acme.example",
        "log_level": "debug",
        "api_least": "1",
        "api_most": "2",
        "search_replicas": "1",
        "search_disk": "10Gi",
    },
)


class _Edit(NamedTuple):
    path: str  # below environments/
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class _Change:
    """One pull request, merged `hours` ago; with `method` None, still open."""

    hours: float
    branch: str
    title: str
    body: str
    author: str
    approver: str
    method: Method | None
    edits: tuple[_Edit, ...]


_WEB = "shop/deployment.yaml"
_API = "payments/deployment.yaml"
_SEARCH = "search/statefulset.yaml"

_HISTORY = (
    _Change(
        317,
        "web-4.6.0-staging",
        "Update shop web to 4.6.0 in staging",
        "Wishlists load three times faster. Staging first; production follows tomorrow.",
        "chen",
        "ana",
        Method.SQUASH,
        (_Edit(f"staging/{_WEB}", "web:4.5.3", "web:4.6.0"),),
    ),
    _Change(
        309,
        "web-4.6.0",
        "Update shop web to 4.6.0 in production",
        "It ran in staging for a day without errors.",
        "chen",
        "bo",
        Method.MERGE,
        (_Edit(f"production/{_WEB}", "web:4.5.3", "web:4.6.0"),),
    ),
    _Change(
        290,
        "payments-2.12.0-staging",
        "Update payments API to 2.12.0 in staging",
        "Refunds are booked on the day they are requested.",
        "dara",
        "ana",
        Method.SQUASH,
        (_Edit(f"staging/{_API}", "api:2.11.0", "api:2.12.0"),),
    ),
    _Change(
        283,
        "payments-two-pods",
        "Keep two payments pods during node upgrades",
        "During last Tuesday's node upgrade, one pod served all traffic for six minutes.",
        "bo",
        "dara",
        Method.MERGE,
        (_Edit("production/payments/pdb.yaml", "minAvailable: 1", "minAvailable: 2"),),
    ),
    _Change(
        262,
        "payments-2.12.0",
        "Update payments API to 2.12.0 in production",
        "Finance checked a day of refunds in staging.",
        "dara",
        "bo",
        Method.SQUASH,
        (_Edit(f"production/{_API}", "api:2.11.0", "api:2.12.0"),),
    ),
    _Change(
        245,
        "sale-capacity",
        "Add a shop web pod for the weekend sale",
        "We expect twice the carts of a normal weekend.",
        "ana",
        "chen",
        Method.REBASE,
        (_Edit(f"production/{_WEB}", "replicas: 4", "replicas: 5"),),
    ),
    _Change(
        217,
        "opensearch-2.19.1-staging",
        "Update OpenSearch to 2.19.1 in staging",
        "Security release. The index format doesn't change.",
        "bo",
        "chen",
        Method.SQUASH,
        (_Edit(f"staging/{_SEARCH}", "opensearch:2.18.0", "opensearch:2.19.1"),),
    ),
    _Change(
        195,
        "quieter-logs",
        "Log only warnings from the shop in production",
        "Info logs are 80% of the log bill, and nobody reads them.",
        "chen",
        "ana",
        Method.MERGE,
        (_Edit("production/shop/configmap.yaml", "LOG_LEVEL: info", "LOG_LEVEL: warning"),),
    ),
    _Change(
        176,
        "opensearch-2.19.1",
        "Update OpenSearch to 2.19.1 in production",
        "It ran in staging for two days. Pods restart one at a time, so search stays available.",
        "bo",
        "ana",
        Method.MERGE,
        (_Edit(f"production/{_SEARCH}", "opensearch:2.18.0", "opensearch:2.19.1"),),
    ),
    _Change(
        149,
        "web-4.7.0-staging",
        "Update shop web to 4.7.0 in staging",
        "Adds guest checkout.",
        "ana",
        "chen",
        Method.SQUASH,
        (_Edit(f"staging/{_WEB}", "web:4.6.0", "web:4.7.0"),),
    ),
    _Change(
        141,
        "payments-autoscaler",
        "Let payments scale to 12 pods",
        "It ran at its limit for 20 minutes on Saturday.",
        "dara",
        "chen",
        Method.SQUASH,
        (_Edit("production/payments/hpa.yaml", "maxReplicas: 8", "maxReplicas: 12"),),
    ),
    _Change(
        122,
        "web-4.7.0",
        "Update shop web to 4.7.0 in production",
        "Guest checkout for everyone.",
        "ana",
        "bo",
        Method.MERGE,
        (_Edit(f"production/{_WEB}", "web:4.6.0", "web:4.7.0"),),
    ),
    _Change(
        101,
        "larger-uploads",
        "Accept uploads of up to 20 MB in the shop",
        "Uploading photos to a review failed with a 413.",
        "ana",
        "bo",
        Method.SQUASH,
        tuple(
            _Edit(f"{environment}/shop/ingress.yaml", "proxy-body-size: 8m", "proxy-body-size: 20m")
            for environment in ("production", "staging")
        ),
    ),
    _Change(
        75,
        "card-network-timeout",
        "Raise the card network timeout to 10 s",
        "- p99 of the network has been 6.2 s since Monday\n- 0.4% of payments time out at 5 s",
        "chen",
        "dara",
        Method.MERGE,
        tuple(
            _Edit(f"{environment}/payments/configmap.yaml", "TIMEOUT: 5s", "TIMEOUT: 10s")
            for environment in ("production", "staging")
        ),
    ),
    _Change(
        52,
        "web-4.7.2-staging",
        "Update shop web to 4.7.2 in staging",
        "Fixes the empty cart after a currency change.",
        "chen",
        "ana",
        Method.SQUASH,
        (_Edit(f"staging/{_WEB}", "web:4.7.0", "web:4.7.2"),),
    ),
    _Change(
        44,
        "web-4.7.2",
        "Update shop web to 4.7.2 in production",
        "Fixes the empty cart after a currency change.",
        "chen",
        "bo",
        Method.MERGE,
        (_Edit(f"production/{_WEB}", "web:4.7.0", "web:4.7.2"),),
    ),
    _Change(
        23,
        "search-cpu",
        "Request half a CPU for search",
        "The pods are throttled while they merge segments.",
        "bo",
        "chen",
        Method.SQUASH,
        (_Edit(f"production/{_SEARCH}", "cpu: 250m", "cpu: 500m"),),
    ),
)
_OPEN = _Change(
    4,
    "search-heap",
    "Raise the search heap to 1 GiB",
    "At noon, garbage collection takes 9% of the time.\n\n- raise `-Xmx` from 512m to 1g\n- keep the limit of 2Gi",
    "dara",
    "bo",
    None,
    (_Edit(f"production/{_SEARCH}", "-Xms512m -Xmx512m", "-Xms1g -Xmx1g"),),
)
_BAD = _Change(
    1.2,
    "web-memory",
    "Lower the memory limit of shop web to 64Mi",
    "The dashboard shows 48Mi in use at night. This frees 2 GiB on the nodes.",
    "chen",
    "ana",
    Method.MERGE,
    (
        _Edit(f"production/{_WEB}", "memory: 256Mi", "memory: 64Mi"),
        _Edit(f"production/{_WEB}", "memory: 512Mi", "memory: 64Mi"),
    ),
)


def seed(forge: SandboxForge, now: datetime, *, story: bool = False) -> Shop:
    """Create acme/platform in the forge, with a history that ends just before `now`. The forge may be stopped.

    With `story`, the bad pull request is approved but still open, and there is more for scenarios.
    """
    for login, name in _PEOPLE.items():
        forge.add_person(login, name, f"{login}@acme.example")
    repository = forge.create_repository(REPOSITORY, branch=BRANCH, first_number=_FIRST_PULL)
    files = dict(_first_files())
    begin = now - timedelta(days=14)
    applications = [environment.application(name) for environment in (_PRODUCTION, _STAGING) for name in _APPLICATIONS]
    if story:
        applications.append(_PRODUCTION.application(CATALOG))
        files |= _more_files(applications[-1])
    repository.commit(BRANCH, files, "Add manifests for shop, payments and search\n", "dara", begin)
    for change in _HISTORY:
        _propose(repository, change, files, now)
    opened = _propose(repository, _OPEN, dict(files), now)
    repository.comment(
        opened, _OPEN.approver, "What is the p95 search latency in staging with this change?", now - timedelta(hours=3)
    )
    bad = _propose(repository, replace(_BAD, method=None) if story else _BAD, files, now)
    if story:
        repository.review(bad, _BAD.approver, at=now - timedelta(minutes=50))
    return Shop(
        repository=REPOSITORY,
        branch=BRANCH,
        applications=tuple(applications),
        bad_commit=repository.pull(bad).merge_sha or "",
        bad_pull=bad,
        open_pull=opened,
    )


def _first_files() -> Iterator[tuple[str, str]]:
    yield (
        "README.md",
        "# platform\n\nThe manifests of everything that runs at Acme. Open a pull request to change them.\n",
    )
    for environment in (_PRODUCTION, _STAGING):
        namespaces = {f"{name}_namespace": name + environment.suffix for name in _APPLICATIONS}
        for name in _APPLICATIONS:
            application = environment.application(name)
            for manifest in sorted((_MANIFESTS / name).iterdir()):
                text = Template(manifest.read_text("utf-8")).substitute(
                    environment.values, namespace=application.namespace, **namespaces
                )
                yield f"{application.path}/{manifest.name}", text


def _more_files(catalog: StackApplication) -> dict[str, str]:
    """The catalog's many ConfigMaps, and the application that a scenario adds to Argo CD."""
    items = (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: item-{number:03}\ndata:\n  price: '{number}.90'\n"
        for number in range(_CATALOG_SIZE)
    )
    web = Template((_MANIFESTS / "payments" / "deployment.yaml").read_text("utf-8"))
    checkout = web.substitute(_PRODUCTION.values, namespace="checkout", payments_namespace="checkout")
    return {f"{catalog.path}/items.yaml": "---\n".join(items), f"{CHECKOUT}/deployment.yaml": checkout}


def _propose(repository: HostedRepository, change: _Change, files: dict[str, str], now: datetime) -> int:
    """Edit `files` in a pull request, approve and merge it unless it stays open, and return its number."""
    merged_at = now - timedelta(hours=change.hours)
    edited = {}
    for edit in change.edits:
        path = f"environments/{edit.path}"
        if edit.old not in files[path]:
            raise ValueError(f"{path} has no {edit.old!r} to change")
        edited[path] = files[path] = files[path].replace(edit.old, edit.new)
    repository.commit(change.branch, edited, f"{change.title}\n", change.author, merged_at - timedelta(minutes=95))
    pull = repository.open_pull(
        head=change.branch,
        base=BRANCH,
        title=change.title,
        body=change.body,
        by=change.author,
        at=merged_at - timedelta(minutes=90),
    )
    if change.method:
        repository.review(pull.number, change.approver, at=merged_at - timedelta(minutes=20))
        repository.merge(pull.number, change.author, change.method, delete_branch=True, at=merged_at)
    return pull.number
