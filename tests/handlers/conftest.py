"""What the tests of rendering share."""

import subprocess

import pytest

from bot.adapters.git.repository import GitRepository
from bot.adapters.rendering.programs import Programs
from bot.core.objects.manifest import ManifestError, read_manifests
from bot.core.rendering.source import Source
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports.errors import PortError

ONE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"


class RenderDesk:
    """A repository, its mirror, and the programs that render it."""

    def __init__(self, source, tmp_path):
        self.source = source
        self.repository = GitRepository("platform", str(source.path), "main", tmp_path / "mirrors")
        self.programs = Programs.find()
        self.rendered = ManifestCache(self.programs)

    def commit(self, files):
        self.source.commit("change", files)
        return self.repository.fetch()

    def render(self, path, sha=None):
        source = path if isinstance(path, Source) else Source(path)
        return self.rendered.manifests(self.repository, sha or self.repository.head(), source)

    def refused(self, files, path="app", error=(ManifestError, PortError)):
        """The one sentence that says why it is not rendered."""
        self.commit({"app/one.yaml": ONE, **files})
        with pytest.raises(error) as caught:
            self.render(path)
        said = str(caught.value)
        assert "\n" not in said
        assert len(said) < 600
        return said

    def official(self, path):
        """What the program prints of the work tree."""
        argv = [*self.programs.kustomize_command, path]
        done = subprocess.run(argv, cwd=self.source.path, capture_output=True, check=True)
        return read_manifests("official", done.stdout)

    @staticmethod
    def objects(manifests):
        return [manifest.object for manifest in manifests]


@pytest.fixture
def desk(source, tmp_path):
    return RenderDesk(source, tmp_path)
