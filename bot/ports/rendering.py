"""Rendering: the official programs for Kustomize and Helm."""

from collections.abc import Sequence
from typing import Protocol

from bot.core.rendering.source import HelmParameters
from bot.ports.errors import PortError
from bot.ports.git import File


class RenderError(PortError):
    """The source is at fault, or asks for too much: the same files fail the same way again."""


class RenderStoppedError(RenderError):
    """It took too long: on a machine that has less to do it may not."""


class Renderer(Protocol):
    """The official programs, run over files by themselves: no network, no other program, bounded time and memory."""

    def kustomize(self, files: Sequence[File], path: str, *, helm: bool) -> bytes:
        """What `kustomize build` prints of the kustomization at `path`; `helm` says that it has charts in it.

        RenderError; PortError when there is no such program, or no place to work in.
        """
        ...

    def helm(self, files: Sequence[File], path: str, parameters: HelmParameters) -> bytes:
        """What `helm template` prints of the chart at `path`, its dependencies and hooks included.

        The parameters' values files are paths from the repository's root. Errors as above.
        """
        ...
