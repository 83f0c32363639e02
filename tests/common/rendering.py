"""Renderers that are not the official programs."""

import threading
from collections.abc import Sequence

from bot.core.rendering.source import HelmParameters
from bot.ports.git import File
from bot.ports.rendering import Renderer, RenderStoppedError
from tests.common.wait import DEADLINE


class HangingRenderer(Renderer):
    """A renderer that does not answer until it is released, and then with an error."""

    def __init__(self) -> None:
        self._released = threading.Event()

    def release(self) -> None:
        self._released.set()

    def kustomize(self, files: Sequence[File], path: str, *, helm: bool) -> bytes:
        assert self._released.wait(DEADLINE)
        raise RenderStoppedError("It took too long.")

    def helm(self, files: Sequence[File], path: str, parameters: HelmParameters) -> bytes:
        return self.kustomize(files, path, helm=True)
