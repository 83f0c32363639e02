"""A small shop's manifest repository: three applications in two environments, with two weeks of history."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Shop:
    """What was seeded. `bad_commit` is the newest commit of `branch`, the merge of `bad_pull`: to be reverted."""

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
    """One pull request: merged so many hours before now, or (`method` None) still open."""

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
        "Shop web 4.6.0 in staging",
        "Wishlists load three times faster. In staging first; production follows tomorrow.",
        "chen",
        "ana",
        Method.SQUASH,
        (_Edit(f"staging/{_WEB}", "web:4.5.3", "web:4.6.0"),),
    ),
    _Change(
        309,
        "web-4.6.0",
        "Shop web 4.6.0 in production",
        "A day in staging without an error.",
        "chen",
        "bo",
        Method.MERGE,
        (_Edit(f"production/{_WEB}", "web:4.5.3", "web:4.6.0"),),
    ),
    _Change(
        290,
        "payments-2.12.0-staging",
        "Payments api 2.12.0 in staging",
        "Refunds are booked on the day they are asked for.",
        "dara",
        "ana",
        Method.SQUASH,
        (_Edit(f"staging/{_API}", "api:2.11.0", "api:2.12.0"),),
    ),
    _Change(
        283,
        "payments-two-pods",
        "Payments: keep two pods through node upgrades",
        "Last Tuesday's node upgrade left one pod to serve everybody for six minutes.",
        "bo",
        "dara",
        Method.MERGE,
        (_Edit("production/payments/pdb.yaml", "minAvailable: 1", "minAvailable: 2"),),
    ),
    _Change(
        262,
        "payments-2.12.0",
        "Payments api 2.12.0 in production",
        "Finance has checked a day of refunds in staging.",
        "dara",
        "bo",
        Method.SQUASH,
        (_Edit(f"production/{_API}", "api:2.11.0", "api:2.12.0"),),
    ),
    _Change(
        245,
        "sale-capacity",
        "Shop: room for the weekend sale",
        "One pod more. We expect twice the carts of a normal weekend.",
        "ana",
        "chen",
        Method.REBASE,
        (_Edit(f"production/{_WEB}", "replicas: 4", "replicas: 5"),),
    ),
    _Change(
        217,
        "opensearch-2.19.1-staging",
        "Search: OpenSearch 2.19.1 in staging",
        "Security release. The index format stays the same.",
        "bo",
        "chen",
        Method.SQUASH,
        (_Edit(f"staging/{_SEARCH}", "opensearch:2.18.0", "opensearch:2.19.1"),),
    ),
    _Change(
        195,
        "quieter-logs",
        "Shop: log warnings only in production",
        "Info lines were 80% of the log bill and nobody reads them.",
        "chen",
        "ana",
        Method.MERGE,
        (_Edit("production/shop/configmap.yaml", "LOG_LEVEL: info", "LOG_LEVEL: warning"),),
    ),
    _Change(
        176,
        "opensearch-2.19.1",
        "Search: OpenSearch 2.19.1 in production",
        "Two days in staging. Pods restart one by one, so searches go on.",
        "bo",
        "ana",
        Method.MERGE,
        (_Edit(f"production/{_SEARCH}", "opensearch:2.18.0", "opensearch:2.19.1"),),
    ),
    _Change(
        149,
        "web-4.7.0-staging",
        "Shop web 4.7.0 in staging",
        "Guest checkout.",
        "ana",
        "chen",
        Method.SQUASH,
        (_Edit(f"staging/{_WEB}", "web:4.6.0", "web:4.7.0"),),
    ),
    _Change(
        141,
        "payments-autoscaler",
        "Payments: let the autoscaler go to 12 pods",
        "It stood at its limit for twenty minutes on Saturday.",
        "dara",
        "chen",
        Method.SQUASH,
        (_Edit("production/payments/hpa.yaml", "maxReplicas: 8", "maxReplicas: 12"),),
    ),
    _Change(
        122,
        "web-4.7.0",
        "Shop web 4.7.0 in production",
        "Guest checkout for everybody.",
        "ana",
        "bo",
        Method.MERGE,
        (_Edit(f"production/{_WEB}", "web:4.6.0", "web:4.7.0"),),
    ),
    _Change(
        101,
        "larger-uploads",
        "Shop: take uploads of up to 20 MB",
        "Photos in reviews were cut off with a 413.",
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
        "Payments: give the card network ten seconds",
        "- p99 of the network is 6.2 s since Monday\n- five seconds gave up on 0.4% of the payments",
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
        "Shop web 4.7.2 in staging",
        "Fixes the empty cart after a currency change.",
        "chen",
        "ana",
        Method.SQUASH,
        (_Edit(f"staging/{_WEB}", "web:4.7.0", "web:4.7.2"),),
    ),
    _Change(
        44,
        "web-4.7.2",
        "Shop web 4.7.2 in production",
        "Fixes the empty cart after a currency change.",
        "chen",
        "bo",
        Method.MERGE,
        (_Edit(f"production/{_WEB}", "web:4.7.0", "web:4.7.2"),),
    ),
    _Change(
        23,
        "search-cpu",
        "Search: ask for half a CPU",
        "The pods were throttled while they merged segments.",
        "bo",
        "chen",
        Method.SQUASH,
        (_Edit(f"production/{_SEARCH}", "cpu: 250m", "cpu: 500m"),),
    ),
)
_OPEN = _Change(
    4,
    "search-heap",
    "Search: 1 GiB of heap",
    "Garbage collection takes 9% of the time at noon.\n\n- `-Xmx` goes from 512m to 1g\n- the limit of 2Gi stays",
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


def seed(forge: SandboxForge, now: datetime) -> Shop:
    """Create acme/platform in the forge, its history ending shortly before `now`. The forge need not be running."""
    for login, name in _PEOPLE.items():
        forge.add_person(login, name, f"{login}@acme.example")
    repository = forge.create_repository(REPOSITORY, branch=BRANCH, first_number=_FIRST_PULL)
    files = dict(_first_files())
    begin = now - timedelta(days=14)
    repository.commit(BRANCH, files, "Describe shop, payments and search in plain YAML\n", "dara", begin)
    for change in _HISTORY:
        _propose(repository, change, files, now)
    opened = _propose(repository, _OPEN, dict(files), now)
    repository.comment(
        opened, _OPEN.approver, "What does the p95 of a search look like with it in staging?", now - timedelta(hours=3)
    )
    bad = _propose(repository, _BAD, files, now)
    return Shop(
        repository=REPOSITORY,
        branch=BRANCH,
        applications=tuple(
            environment.application(name) for environment in (_PRODUCTION, _STAGING) for name in _APPLICATIONS
        ),
        bad_commit=repository.pull(bad).merge_sha or "",
        bad_pull=bad,
        open_pull=opened,
    )


def _first_files() -> Iterator[tuple[str, str]]:
    yield "README.md", "# platform\n\nEverything that runs at Acme, as it should be. Change it by pull request.\n"
    for environment in (_PRODUCTION, _STAGING):
        namespaces = {f"{name}_namespace": name + environment.suffix for name in _APPLICATIONS}
        for name in _APPLICATIONS:
            application = environment.application(name)
            for manifest in sorted((_MANIFESTS / name).iterdir()):
                text = Template(manifest.read_text("utf-8")).substitute(
                    environment.values, namespace=application.namespace, **namespaces
                )
                yield f"{application.path}/{manifest.name}", text


def _propose(repository: HostedRepository, change: _Change, files: dict[str, str], now: datetime) -> int:
    """Edit `files` and bring the result as a pull request, approved and merged unless it stays open; its number."""
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
