"""Rendering: the official programs for Kustomize and Helm."""

from collections.abc import Sequence
from typing import Protocol

from bot.core.rendering.source import Capabilities, HelmParameters
from bot.ports.errors import PortError
from bot.ports.git import File


class RenderError(PortError):
    """The source is at fault or exceeds a limit: the same files fail the same way again."""


class RenderStoppedError(RenderError):
    """Rendering took too long; it may succeed on a less busy machine."""


class Renderer(Protocol):
    """The official programs, run only on files: no network, no other program, bounded time and memory."""

    def without_cache(self) -> "Renderer":
        """The same without a cache on disk, for what must not be kept there."""
        ...

    def kustomize(self, files: Sequence[File], path: str, *, helm: Capabilities | None, plugins: bool) -> bytes:
        """The output of `kustomize build` for the kustomization at `path`.

        `helm` is what its charts get, None if it contains none; `plugins` says that it has generators, transformers or
        validators. RenderError; PortError if the program is missing, there is no writable directory, or charts or
        plugins need isolation that this machine does not offer.
        """
        ...

    def helm(self, files: Sequence[File], path: str, parameters: HelmParameters) -> bytes:
        """The output of `helm template` for the chart at `path`, with its dependencies and hooks.

        Of the parameters' values only `inline_values` counts: see `core.rendering.helm_values`. Errors as above.
        """
        ...
