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
from bot.adapters.kubernetes.cluster import KubernetesCluster, default_kubeconfig
from bot.adapters.rendering.directory import Directory
from bot.adapters.rendering.programs import Programs
from bot.config import Config
from bot.core.applications.application import Application
from bot.core.drift.model import Check, Status
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
    """Check the applications named, or all, each cluster apart. PortError for a name that is not known."""
    config = _with_discovered(config, names)
    for name in names:
        if name not in config.applications:
            close = difflib.get_close_matches(name, config.applications, n=1)
            hint = f"; did you mean {close[0]}?" if close else "."
            known = f" The applications are {listed(ENGLISH, config.applications, 20)}." if config.applications else ""
            place = "known here" if any(each.discover for each in config.clusters.values()) else "in the configuration"
            raise PortError(f"There is no application {name} {place}{hint}{known}")
    wanted = [config.applications[name] for name in dict.fromkeys(names)] or list(config.applications.values())
    if not wanted:
        raise PortError("No application is known; add one under applications:, or look at what discover finds.")
    repositories = {name: build.repository(config, name) for name in {each.repository for each in wanted}}
    revisions = fetch_all(repositories)
    now = datetime.now(tz=UTC)
    caches = Caches(ManifestCache(Programs.find()))

    def one_cluster(cluster: str) -> list[Check]:
        mine = [application for application in wanted if application.cluster == cluster]
        try:
            reader = build.cluster(config, cluster)
        except PortError as error:  # a bad kubeconfig is that cluster's trouble and no other's
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
        checks = {found.application: found for several in pool.map(one_cluster, named) for found in several}
    return [checks[application.name] for application in wanted]


def _with_discovered(config: Config, names: Sequence[str]) -> Config:
    """The same with what deployers know, as far as it is needed. PortError when a deployer that is cannot be asked."""
    if names and set(names) <= set(config.applications):
        return config
    clusters = {}
    for name in config.clusters:
        with suppress(PortError):  # its applications say so when they are checked
            clusters[name] = build.cluster(config, name)
    discoverer = Discoverer(config, clusters, partial(build.repository, config))
    if discoverer.wanted:
        with ThreadPoolExecutor(max_workers=len(discoverer.wanted)) as pool:
            list(pool.map(discoverer.look, discoverer.wanted))
    found = discoverer.catalogue()
    for each in found.unreadable:
        _log.warning("%s is not followed: %s", each.origin.title, each.why)
    if found.notes and not (names and set(names) <= set(found.applications)):
        raise PortError(" ".join(found.notes))
    return replace(config, applications=found.applications)


def directory(
    path: Path, *, context: str | None, namespace: str | None, rules: Config | None, explain: bool
) -> list[Check]:
    """Check a directory of manifests against a kubeconfig's cluster; UNKNOWN when either cannot be read.

    Of `rules` count what it says to ignore, and which field managers are people.
    """
    now = datetime.now(tz=UTC)
    application = Application(
        name=path.resolve().name or "/",
        repository="",
        path="",
        cluster=context or "current",
        namespace=namespace or "default",
        channel="",
    )
    try:
        place = Directory(path)
        files = place.own()
        cluster = KubernetesCluster(application.cluster, kubeconfig=default_kubeconfig(), context=context)
    except PortError as error:
        return [_unknown(application, str(error), now)]
    application = replace(application, path=place.path, namespace=namespace or cluster.default_namespace())
    renderer = Programs.find()
    checked = check_files(
        application,
        files,
        place,
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
