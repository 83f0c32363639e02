"""Rendering: the official programs for Kustomize and Helm."""

from collections.abc import Sequence
from typing import Protocol

from bot.core.rendering.source import Capabilities, HelmParameters
from bot.ports.errors import PortError
from bot.ports.git import File


class RenderError(PortError):
    """The source is invalid or exceeds a limit; the same files will fail again."""


class RenderStoppedError(RenderError):
    """Rendering took too long; it may succeed on a less busy machine."""


class RenderPostponedError(PortError):
    """The tenant's renderings have taken too long recently, so this one was not run or was stopped early."""


class Renderer(Protocol):
    """The official programs, run only on files, without network or other programs, in bounded time and memory."""

    def without_cache(self) -> "Renderer":
        """The same renderer without a disk cache, for output that must not be stored."""
        ...

    def kustomize(self, files: Sequence[File], path: str, *, helm: Capabilities | None, plugins: bool) -> bytes:
        """The output of `kustomize build` for the kustomization at `path`.

        `helm` are the capabilities for its charts, None if it has none; `plugins` is whether it has generators,
        transformers or validators. Raises RenderError; RenderPostponedError; PortError if the program is missing,
        there is no writable directory, or charts or plugins need isolation that this machine does not offer.
        """
        ...

    def helm(self, files: Sequence[File], path: str, parameters: HelmParameters) -> bytes:
        """The output of `helm template` for the chart at `path`, with its dependencies and hooks.

        Of the parameters' values, only `inline_values` counts: see `core.rendering.helm_values`. Raises the same
        errors.
        """
        ...
