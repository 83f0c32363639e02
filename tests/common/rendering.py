"""Rendering as in the bot, and fake renderers."""

import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bot.adapters.git.repository import GitRepository
from bot.adapters.rendering.programs import ProgramRenderer
from bot.core.objects.documents import ManifestError
from bot.core.objects.manifest import Manifest, read_manifests
from bot.core.rendering.source import Capabilities, HelmParameters, Source
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.ports.bases import Bases
from bot.ports.charts import Charts
from bot.ports.errors import PortError
from bot.ports.git import File
from bot.ports.rendering import Renderer, RenderStoppedError
from tests.common.git import SourceRepository
from tests.common.kubernetes import as_yaml, config_map
from tests.common.wait import DEADLINE

Files = Mapping[str, str | bytes | None]


class HangingRenderer(Renderer):
    """A renderer that does not answer until it is released, and then with an error."""

    def __init__(self) -> None:
        self._released = threading.Event()

    def release(self) -> None:
        self._released.set()

    def without_cache(self) -> Renderer:
        return self

    def kustomize(self, files: Sequence[File], path: str, *, helm: Capabilities | None, plugins: bool) -> bytes:
        assert self._released.wait(DEADLINE)
        raise RenderStoppedError("It took too long.")

    def helm(self, files: Sequence[File], path: str, parameters: HelmParameters) -> bytes:
        return self.kustomize(files, path, helm=None, plugins=False)


class Rendering:
    """Commits files, and renders a path as the bot does."""

    def __init__(self, source: SourceRepository, tmp_path: Path) -> None:
        self.source = source
        self.repository = GitRepository("platform", source.url, "main", tmp_path / "mirrors")
        self.use(ProgramRenderer.find())

    def use(self, programs: Renderer | None, bases: Bases | None = None, charts: Charts | None = None) -> None:
        """Render with these programs, remote bases and charts from now on, or without, starting with an empty cache."""
        self.programs = programs
        self.cache = ManifestCache(programs, charts, bases)

    def commit(self, files: Files) -> str:
        self.source.commit("change", files)
        return self.repository.fetch()

    def render(self, path: str | Source, sha: str | None = None) -> Sequence[Manifest]:
        """The manifests of a path or Source at a commit, by default the latest."""
        source = path if isinstance(path, Source) else Source(path)
        return self.cache.manifests(self.repository, sha or self.repository.head(), source)

    def error(
        self,
        files: Files,
        path: str | Source = "app",
        kind: type[Exception] | tuple[type[Exception], ...] = (ManifestError, PortError),
    ) -> str:
        """Commit these files next to a valid one, and return the error when the path is rendered."""
        self.commit({"app/one.yaml": as_yaml(config_map("one")), **files})
        with pytest.raises(kind) as raised:
            self.render(path)
        message = str(raised.value)
        assert "\n" not in message
        assert len(message) < 600
        return message

    def official(self, path: str) -> Sequence[Manifest]:
        """The official program's result for the work tree."""
        argv = [*ProgramRenderer.find().kustomize_command, path]
        process = subprocess.run(argv, cwd=self.source.path, capture_output=True, check=True)
        return read_manifests("official", process.stdout)
