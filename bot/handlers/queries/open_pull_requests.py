"""Finds the open pull requests that change one application, with git: the forge lists those of the whole repository."""

import time
from collections.abc import Sequence

from bot.core.applications.application import Application
from bot.core.git.commit import PullRequest
from bot.core.objects.documents import ManifestError
from bot.handlers.rendering.affected import affected_applications
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports import Ports
from bot.ports.errors import PortError
from bot.ports.git import Repository
from bot.ports.isolation import unexpected_as_port_error

MAX_READ = 30  # the newest; each takes one merge in the mirror, and one from a fork a fetch
MAX_SECONDS = 30.0  # after which no other is read


def changing(
    ports: Ports, manifest_cache: ManifestCache, application: Application, pulls: Sequence[PullRequest]
) -> list[PullRequest]:
    """The newest pull requests to the application's branch that would change its inputs if merged now.

    Includes one whose commits git can't read, or not in time, since it may change them. Raises PortError.
    """
    deadline = time.monotonic() + MAX_SECONDS
    repository = ports.repositories[application.repository.key]
    branch, head = repository.branch, repository.head()
    into_branch = [pull for pull in pulls if pull.base == branch][:MAX_READ]
    return [
        pull
        for pull in into_branch
        if time.monotonic() >= deadline or _may_change(repository, head, pull, application, manifest_cache)
    ]


def _may_change(
    repository: Repository, head: str, pull: PullRequest, application: Application, manifest_cache: ManifestCache
) -> bool:
    try:
        with unexpected_as_port_error(f"what #{pull.number} changes"):
            if not repository.fetch_commit(pull.head_sha):
                return True
            after = repository.merge(head, pull.head_sha).tree  # files with conflicts differ too
            return bool(affected_applications(repository, head, after, [application], manifest_cache))
    except (PortError, ManifestError):
        return True
