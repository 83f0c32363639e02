"""`gitops-bot check --path`: a directory of manifests against a cluster, without a configuration."""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.adapters.kubernetes.cluster import KubernetesCluster
from bot.adapters.kubernetes.kubeconfig import current_context, default_kubeconfig
from bot.adapters.rendering.directory import Directory
from bot.adapters.rendering.programs import ProgramRenderer
from bot.cli.errors import CommandError
from bot.config.environment import malformed
from bot.core.applications.application import Application
from bot.core.drift.ignore_rules import IgnoreRule
from bot.core.drift.model import Check, Status
from bot.core.git.repository_ref import RepositoryRef
from bot.core.objects.managed_fields import INTERACTIVE
from bot.handlers.drift.check import check_files
from bot.ports.errors import PortError


def check_directory(
    path: Path, *, context: str | None, namespace: str | None, ignore: Path | None, explain: bool
) -> Check:
    """Check a directory against a kubeconfig's cluster; UNKNOWN if either cannot be read.

    `ignore` and `interactive` come from the configuration file `ignore`, if there is one. Raises CommandError if it is
    invalid, or the environment is.
    """
    if sentences := tuple(malformed(os.environ)):
        raise CommandError(*sentences)
    rules: Sequence[IgnoreRule] = ()
    interactive: Sequence[str] = INTERACTIVE
    if ignore is not None:
        from bot.cli.load_config import load_config  # noqa: PLC0415  few checks of a directory need it

        config = load_config(ignore)
        rules, interactive = config.ignore, config.interactive
    now = datetime.now(tz=UTC)
    application = Application(
        name=path.resolve().name or "/",
        repository=RepositoryRef(""),
        path="",
        cluster=context or current_context(default_kubeconfig()) or "current",
        namespace=namespace or "default",
        channel="",
    )
    try:
        directory = Directory(path)
        files = directory.own_files()
        cluster = KubernetesCluster(application.cluster, kubeconfig=default_kubeconfig(), context=context)
    except PortError as error:
        return Check(application.name, application.cluster, None, Status.UNKNOWN, error.text, 0, now)
    application = replace(application, path=directory.path, namespace=namespace or cluster.default_namespace())
    return check_files(
        application,
        files,
        directory,
        ProgramRenderer.find(),
        cluster=cluster,
        ignore=rules,
        interactive=interactive,
        now=now,
        explain=explain,
    )
