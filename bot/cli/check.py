"""`gitops-bot check`: one drift check now, of configured applications or of a directory."""

import difflib
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bot import build
from bot.adapters.kubernetes.cluster import KubernetesCluster
from bot.adapters.kubernetes.kubeconfig import default_kubeconfig
from bot.adapters.rendering.directory import Directory
from bot.adapters.rendering.programs import Programs
from bot.config.model import Config
from bot.core.applications.application import Application
from bot.core.drift.model import Check, Status
from bot.core.git.repository_ref import RepositoryRef
from bot.core.objects.ownership import INTERACTIVE
from bot.handlers.discovery.discover import Discoverer
from bot.handlers.drift.check import check, check_files, fetch_all
from bot.handlers.drift.comparison_cache import Caches
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.language import ENGLISH
from bot.messages.wording import listed
from bot.ports.errors import PortError

_log = logging.getLogger(__name__)


def configured(config: Config, names: Sequence[str], *, explain: bool) -> list[Check]:
    """Check these applications, or all when `names` is empty, one thread per cluster. PortError for an unknown name."""
    config = _with_discovered(config, names)
    for name in names:
        if name not in config.applications:
            close = difflib.get_close_matches(name, config.applications, n=1)
            hint = f"; did you mean {close[0]}?" if close else "."
            known_names = listed(ENGLISH, config.applications, 20) if config.applications else "none"
            raise PortError(f"Unknown application {name}{hint} Applications: {known_names}.")
    wanted = [config.applications[name] for name in dict.fromkeys(names)] or list(config.applications.values())
    if not wanted:
        raise PortError(
            "There are no applications to check. Add one under applications:, or check that discover finds one."
        )
    keys = {application.repository.key for application in wanted}
    repositories = {key: build.repository(config, key) for key in keys}
    revisions = fetch_all(repositories)
    now = datetime.now(tz=UTC)
    caches = Caches(ManifestCache(Programs.find()))

    def one_cluster(cluster: str) -> list[Check]:
        mine = [application for application in wanted if application.cluster == cluster]
        try:
            reader = build.cluster(config, cluster)
        except PortError as error:  # a bad kubeconfig affects only its own cluster
            return [_unknown(application, str(error), now) for application in mine]
        return check(
            mine,
            revisions=revisions,
            repositories=repositories,
            cluster=reader,
            ignore=config.ignore,
            interactive=config.interactive,
            now=now,
            caches=caches,
            explain=explain,
        )

    named = list(dict.fromkeys(application.cluster for application in wanted))
    with ThreadPoolExecutor(max_workers=len(named)) as pool:
        checks = {done.application: done for of_cluster in pool.map(one_cluster, named) for done in of_cluster}
    return [checks[application.name] for application in wanted]


def _with_discovered(config: Config, names: Sequence[str]) -> Config:
    """Add the applications that deployers know, if any are needed. PortError when a deployer cannot be read."""
    if names and set(names) <= set(config.applications):
        return config
    clusters = {}
    for name in config.clusters:
        with suppress(PortError):  # reported when its applications are checked
            clusters[name] = build.cluster(config, name)
    discoverer = Discoverer(config, clusters, partial(build.repository, config))
    if discoverer.wanted:
        with ThreadPoolExecutor(max_workers=len(discoverer.wanted)) as pool:
            list(pool.map(discoverer.look, discoverer.wanted))
    catalogue = discoverer.catalogue()
    for unreadable in catalogue.unreadable:
        _log.warning("skipping %s: %s", unreadable.origin.title, unreadable.why)
    if catalogue.notes and not (names and set(names) <= set(catalogue.applications)):
        raise PortError(" ".join(catalogue.notes))
    return replace(config, applications=catalogue.applications)


def directory(
    path: Path, *, context: str | None, namespace: str | None, rules: Config | None, explain: bool
) -> list[Check]:
    """Check a directory of manifests against a kubeconfig's cluster; UNKNOWN when either cannot be read.

    Only `ignore` and `interactive` of `rules` are used.
    """
    now = datetime.now(tz=UTC)
    application = Application(
        name=path.resolve().name or "/",
        repository=RepositoryRef(""),
        path="",
        cluster=context or "current",
        namespace=namespace or "default",
        channel="",
    )
    try:
        source = Directory(path)
        files = source.own_files()
        cluster = KubernetesCluster(application.cluster, kubeconfig=default_kubeconfig(), context=context)
    except PortError as error:
        return [_unknown(application, str(error), now)]
    application = replace(application, path=source.path, namespace=namespace or cluster.default_namespace())
    renderer = Programs.find()
    checked = check_files(
        application,
        files,
        source,
        renderer,
        cluster=cluster,
        ignore=rules.ignore if rules else (),
        interactive=rules.interactive if rules else INTERACTIVE,
        now=now,
        explain=explain,
    )
    return [checked]


def _unknown(application: Application, error: str, now: datetime) -> Check:
    return Check(application.name, application.cluster, None, Status.UNKNOWN, error, 0, now)
