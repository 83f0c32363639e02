"""`gitops-bot check`: one drift check now, of configured applications or of a directory."""

import difflib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from bot import build
from bot.adapters.cluster import KubernetesCluster, default_kubeconfig
from bot.adapters.directory import read_directory
from bot.config import Config
from bot.core.application import Application
from bot.core.drift import Check
from bot.handlers.drift_check import check, check_files
from bot.ports import PortError


def configured(config: Config, names: Sequence[str]) -> list[Check]:
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

    def one_cluster(cluster: str) -> list[Check]:
        mine = [application for application in wanted if application.cluster == cluster]
        return check(
            mine,
            repositories=repositories,
            cluster=build.cluster(config, cluster),
            ignore=config.ignore,
            interactive=config.interactive,
            now=now,
        )

    named = list(dict.fromkeys(application.cluster for application in wanted))
    with ThreadPoolExecutor(max_workers=len(named)) as pool:
        checks = {found.application: found for several in pool.map(one_cluster, named) for found in several}
    return [checks[application.name] for application in wanted]


def directory(path: Path, *, context: str | None, namespace: str | None) -> list[Check]:
    """Check a directory of manifests against a kubeconfig's cluster. PortError when either cannot be read at all."""
    cluster = KubernetesCluster(context or "current", kubeconfig=default_kubeconfig(), context=context)
    application = Application(
        name=path.resolve().name or "/",
        repository="",
        path="",
        cluster=cluster.name,
        namespace=namespace or cluster.default_namespace(),
        channel="",
    )
    files = read_directory(path)
    return [check_files(application, files, cluster=cluster, ignore=(), now=datetime.now(tz=UTC))]
