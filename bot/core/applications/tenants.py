"""Which tenant a repository is fetched for."""

from collections import Counter
from collections.abc import Iterable, Mapping

from bot.core.applications.application import Application


def tenants_by_repository(applications: Iterable[Application]) -> Mapping[str, str]:
    """The tenant that each repository is fetched for, by the repository's key.

    If several tenants use it, it is the one with the fewest repositories, so that the others can't delay it.
    """
    uses = {
        (reference.key, application.tenant) for application in applications for reference in application.repositories
    }
    repositories = Counter(tenant for _, tenant in uses)
    return dict(sorted(uses, key=lambda use: repositories[use[1]], reverse=True))
