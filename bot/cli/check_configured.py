"""`gitops-bot check --config`: configured and discovered applications."""

import difflib
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from bot import build
from bot.config.model import Config
from bot.core.applications.application import Application
from bot.core.applications.discovery import UnsupportedResource, group_unsupported
from bot.core.drift.model import Check, NotFollowed, Status
from bot.handlers.cluster_audit.identify import ActorFinder
from bot.handlers.discovery.discover import Discoverer
from bot.handlers.drift.check import check, fetch_all
from bot.handlers.drift.comparison_cache import Caches
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.language import ENGLISH
from bot.messages.common import listed
from bot.ports.charts import Charts
from bot.ports.errors import PortError


def check_configured(
    config: Config, names: Sequence[str], *, explain: bool
) -> tuple[list[Check], Sequence[NotFollowed]]:
    """Check these applications, or all if `names` is empty, with one thread per cluster.

    When `names` is empty, also return the discovered applications that the bot cannot watch.
    """
    charts = build.charts(config)
    config, unsupported = _with_discovered(config, names, charts)
    if unsupported and not names and not config.applications:
        return [], group_unsupported(unsupported)
    applications = _select(config, names, unsupported)
    keys = {reference.key for application in applications for reference in application.repositories}
    repositories = {key: build.source(config, key, charts) for key in keys}
    revisions = fetch_all(repositories)
    now = datetime.now(tz=UTC)
    caches = Caches(ManifestCache(build.renderer(config), charts, build.bases(config)))

    def check_cluster(name: str) -> list[Check]:
        in_cluster = [application for application in applications if application.cluster == name]
        try:
            cluster = build.cluster(config, name)
        except PortError as error:  # a bad kubeconfig affects only its own cluster
            return [
                Check(application.name, name, None, Status.UNKNOWN, error.text, 0, now) for application in in_cluster
            ]
        return check(
            in_cluster,
            revisions=revisions,
            repositories=repositories,
            cluster=cluster,
            ignore=config.ignore,
            interactive=config.interactive,
            now=now,
            caches=caches,
            explain=explain,
        )

    clusters = {application.cluster for application in applications}
    with ThreadPoolExecutor(max_workers=len(clusters)) as pool:
        every_check = [check for checks in pool.map(check_cluster, clusters) for check in checks]
    checks = {check.application: check for check in _with_actors(config, every_check, now)}
    return [checks[application.name] for application in applications], group_unsupported(
        unsupported if not names else ()
    )


def _with_actors(config: Config, checks: Sequence[Check], now: datetime) -> Sequence[Check]:
    """The checks with who made the differences, from the running bot's records of the clusters' audit logs."""
    if not any(check.drift and check.cluster in config.audits for check in checks):
        return checks
    with suppress(PortError):  # a check works without a database
        store = build.store(config, upgrade=False)
        try:
            return ActorFinder(config.audits, store.cluster_writes).identify(checks, store.checks.latest(), now)
        finally:
            store.close()
    return checks


def _select(config: Config, names: Sequence[str], unsupported: Sequence[UnsupportedResource]) -> list[Application]:
    for name in names:
        if name not in config.applications:
            for resource in unsupported:
                if resource.name == name:
                    raise PortError(f"{resource.origin.title!s} is not watched: {resource.reason!s}")
            close = difflib.get_close_matches(name, config.applications, n=1)
            hint = f"; did you mean {close[0]}?" if close else "."
            applications = listed(ENGLISH, config.applications, 20) if config.applications else "none"
            raise PortError(f"Unknown application {name}{hint} Applications: {applications}.")
    if not config.applications:
        raise PortError(
            "There are no applications to check. Add one to the configuration, or make sure that the bot can"
            " discover one."
        )
    return [config.applications[name] for name in dict.fromkeys(names or config.applications)]


def _with_discovered(
    config: Config, names: Sequence[str], charts: Charts
) -> tuple[Config, Sequence[UnsupportedResource]]:
    """Add the discovered applications, if any are needed.

    PortError when a deployer cannot be read, or a cluster, which a discovered application may be on.
    """
    if names and set(names) <= set(config.applications):
        return config, ()
    if not any(settings.discover for settings in config.clusters.values()):
        return config, ()
    clusters, notes = {}, []
    for name in config.clusters:
        try:
            clusters[name] = build.cluster(config, name)
        except PortError as error:
            notes.append(str(error.text))
    repository = partial(build.repository, config)
    discoverer = Discoverer(config, clusters, repository, charts, wait_seconds=threading.TIMEOUT_MAX)
    if discoverer.polled_clusters:
        with ThreadPoolExecutor(max_workers=len(discoverer.polled_clusters)) as pool:
            list(pool.map(discoverer.poll, discoverer.polled_clusters))
    inventory = discoverer.inventory()
    notes += map(str, inventory.notes)
    if notes:  # a name may belong to an application on a cluster that can't be read
        raise PortError(" ".join(notes))
    return replace(config, applications=inventory.applications), inventory.unsupported
