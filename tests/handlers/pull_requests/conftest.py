"""The revert of a change, on a real git repository with a forge in memory."""

import pytest

from bot.adapters.git.repository import GitRepository
from bot.core.access.permission import Granted
from bot.core.pull_requests.change_ref import parse_change_ref
from bot.core.pull_requests.revert import RevertRequest
from bot.handlers.mainline import Mainline
from bot.handlers.pull_requests.revert import revert
from bot.handlers.rendering.manifest_cache import ManifestCache
from tests.common.english import english
from tests.common.samples import RecordedParents, application


class Reverts:
    """A repository of the applications shop and api, and what opens pull requests there that revert changes."""

    def __init__(self, source, forge, tmp_path):
        self.source, self.forge = source, forge
        self.mirrors = tmp_path / "mirrors"
        self.repository = self.replica("one")
        self.manifest_cache = ManifestCache()
        self.permit = lambda _applications: Granted()
        self.recorded_parents = RecordedParents()
        self.applications = [application(name) for name in ("shop", "api")]

    def replica(self, name, kind=GitRepository):
        """The repository as another replica of the bot sees it."""
        return kind("platform", self.source.url, "main", self.mirrors / name)

    def request(self, text, repository=None, **answers):
        """Ask for a revert, as Ana; the outcome, in English."""
        repository = repository or self.repository
        outcome = revert(
            RevertRequest("Ana", parse_change_ref(text), **answers),
            repository=repository,
            forge=self.forge,
            applications=self.applications,
            permit=self.permit,
            manifest_cache=self.manifest_cache,
            mainline=Mainline(repository, self.recorded_parents, "platform"),
        )
        return english(outcome)

    @property
    def branches(self):
        """The bot's branches at the remote."""
        refs = self.source.git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/gitops-bot/")
        return refs.split()

    def body(self, opened):
        """The description of a pull request that was opened."""
        return self.forge.bodies[opened.pull.number]


@pytest.fixture
def reverts(source, forge, tmp_path):
    return Reverts(source, forge, tmp_path)
