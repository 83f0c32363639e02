"""The official programs that make manifests: Kustomize. See confined.py for what they may do."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from bot.adapters.complaint import complaint
from bot.adapters.confined import Limits, private_copy, run
from bot.ports import File, PortError, RenderError


@dataclass(frozen=True, slots=True)
class Programs:
    """`ports.Renderer` by programs of this machine. `kustomize` is how its build command begins; () for none."""

    kustomize_command: tuple[str, ...] = ()
    helm_command: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def find(cls) -> Self:
        """What PATH has: kustomize, or else the one in kubectl."""
        kustomize, kubectl = shutil.which("kustomize"), shutil.which("kubectl")
        command = (kustomize, "build") if kustomize else (kubectl, "kustomize") if kubectl else ()
        return cls(kustomize_command=command)

    def kustomize(self, files: Sequence[File], path: str, *, helm: bool) -> bytes:
        """See ports.Renderer."""
        if not self.kustomize_command:
            raise PortError("Kustomize is needed to render this, and neither kustomize nor kubectl is on PATH.")
        if helm:
            raise RenderError(
                f"The kustomization {path or '.'} has charts in it, and Helm inside Kustomize is not rendered yet."
            )
        with private_copy(files) as folder:
            argv = (*self.kustomize_command, "--", path or ".")
            done = run(argv, folder=folder, what=f"kustomize build {path or '.'}", limits=self.limits)
            if done.status != 0:
                why = complaint(done.stderr, tree=folder / "tree", files=files, secret=_secrets(files))
                raise RenderError(f"kustomize build {path or '.'} failed: {why}")
            return done.stdout


def _secrets(files: Sequence[File]) -> list[bytes]:
    """The files that may hold values of Secrets: those that speak of them, and what a secretGenerator may read."""
    speaking = [file.content for file in files if b"secret" in file.content.lower()]
    generates = any(b"secretGenerator" in content for content in speaking)
    read = [file.content for file in files if not file.path.endswith((".yaml", ".yml"))] if generates else []
    return speaking + read
