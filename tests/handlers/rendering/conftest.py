"""A repository, its mirror, and the programs that render what is committed there."""

import subprocess

import pytest

from bot.adapters.git.repository import GitRepository
from bot.adapters.rendering.programs import Programs
from bot.core.objects.manifest import ManifestError, read_manifests
from bot.core.rendering.source import Source
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports.errors import PortError
from tests.common.kubernetes import as_yaml, config_map


class Rendering:
    """Commits files, and renders a path of them as the bot does."""

    def __init__(self, source, tmp_path):
        self.source = source
        self.repository = GitRepository("platform", source.url, "main", tmp_path / "mirrors")
        self.use(Programs.find())

    def use(self, programs):
        """Render with these programs from now on, or with none; nothing is cached yet."""
        self.programs = programs
        self.cache = ManifestCache(programs)

    def commit(self, files):
        self.source.commit("change", files)
        return self.repository.fetch()

    def render(self, path, sha=None):
        """The manifests of a path or a Source at a commit, by default the latest."""
        source = path if isinstance(path, Source) else Source(path)
        return self.cache.manifests(self.repository, sha or self.repository.head(), source)

    def error(self, files, path="app", kind=(ManifestError, PortError)):
        """Commit these files beside a good one; the sentence that says why the path cannot be rendered."""
        self.commit({"app/one.yaml": as_yaml(config_map("one")), **files})
        with pytest.raises(kind) as raised:
            self.render(path)
        message = str(raised.value)
        assert "\n" not in message
        assert len(message) < 600
        return message

    def official(self, path):
        """What the official program renders from the work tree."""
        argv = [*Programs.find().kustomize_command, path]
        process = subprocess.run(argv, cwd=self.source.path, capture_output=True, check=True)
        return read_manifests("official", process.stdout)


@pytest.fixture
def rendering(source, tmp_path):
    return Rendering(source, tmp_path)
