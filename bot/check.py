"""`gitops-bot check`: one drift check now, of configured applications or of a directory."""

import difflib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot import build
from bot.adapters.cluster import KubernetesCluster, default_kubeconfig
from bot.adapters.directory import Directory
from bot.adapters.programs import Programs
from bot.config import Config
from bot.core.application import Application
from bot.core.drift import Check, Status
from bot.handlers.drift_check import check, check_files
from bot.handlers.memory import Memory
from bot.handlers.rendered import Rendered
from bot.ports import PortError


def configured(config: Config, names: Sequence[str], *, explain: bool) -> list[Check]:
    """Check the applications named, or all, each cluster apart. PortError for a name that is not configured."""
    for name in names:
        if name not in config.applications:
            close = difflib.get_close_matches(name, config.applications, n=1)
            hint = f"; did you mean {close[0]}?" if close else "."
            raise PortError(f"There is no application {name} in the configuration{hint}")
    wanted = [config.applications[name] for name in dict.fromkeys(names)] or list(config.applications.values())
    if not wanted:
        raise PortError("The configuration names no application; add one under applications:.")
    repositories = {name: build.repository(config, name) for name in {each.repository for each in wanted}}
    now = datetime.now(tz=UTC)
    memory = Memory(Rendered(Programs.find()))

    def one_cluster(cluster: str) -> list[Check]:
        mine = [application for application in wanted if application.cluster == cluster]
        try:
            reader = build.cluster(config, cluster)
        except PortError as error:  # a bad kubeconfig is that cluster's trouble and no other's
            return [_unknown(application, str(error), now) for application in mine]
        return check(
            mine,
            repositories=repositories,
            cluster=reader,
            ignore=config.ignore,
            interactive=config.interactive,
            now=now,
            memory=memory,
            explain=explain,
        )

    named = list(dict.fromkeys(application.cluster for application in wanted))
    with ThreadPoolExecutor(max_workers=len(named)) as pool:
        checks = {found.application: found for several in pool.map(one_cluster, named) for found in several}
    return [checks[application.name] for application in wanted]


def directory(path: Path, *, context: str | None, namespace: str | None, explain: bool) -> list[Check]:
    """Check a directory of manifests against a kubeconfig's cluster; UNKNOWN when either cannot be read."""
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
    return [check_files(application, files, place, renderer, cluster=cluster, ignore=(), now=now, explain=explain)]


def _unknown(application: Application, error: str, now: datetime) -> Check:
    return Check(application.name, application.cluster, None, Status.UNKNOWN, error, 0, now)
