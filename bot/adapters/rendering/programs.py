"""The official programs that make manifests: Kustomize and Helm. See confined.py for what they may do."""

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from bot.adapters.rendering.confined import Done, Limits, private_copy, run
from bot.adapters.rendering.stderr import sanitize_stderr
from bot.core.rendering.source import HelmParameters
from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText
from bot.ports.errors import PortError
from bot.ports.git import File
from bot.ports.rendering import RenderError

_SDK: Final = Path(__file__).with_name("helm_sdk.py")


@dataclass(frozen=True, slots=True)
class Programs:
    """`ports.Renderer` by programs of this machine, each given as its command line begins; () for none."""

    kustomize_command: tuple[str, ...] = ()
    helm_command: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def find(cls) -> Self:
        """What there is: kustomize, or else the one in kubectl; helm, or else the helm-python-sdk."""
        kustomize, kubectl, helm = (shutil.which(name) for name in ("kustomize", "kubectl", "helm"))
        return cls(
            kustomize_command=(kustomize, "build") if kustomize else (kubectl, "kustomize") if kubectl else (),
            helm_command=(helm,) if helm else sdk_command(),
        )

    def commands(self) -> dict[str, str]:
        """What each is run by, as people write it; "" for nothing."""
        helm = ("helm-python-sdk",) if self.helm_command[1:] else self.helm_command
        return {"Kustomize": " ".join(self.kustomize_command), "Helm": " ".join(helm)}

    def kustomize(self, files: Sequence[File], path: str, *, helm: bool) -> bytes:
        """See ports.Renderer."""
        if not self.kustomize_command:
            raise PortError(LocalizedText(texts.NO_KUSTOMIZE))
        if helm and not self.helm_command:
            raise PortError(LocalizedText(texts.NO_HELM))
        with private_copy(files) as folder:
            options = ("--enable-helm", "--helm-command", str(self._helm_file(folder))) if helm else ()
            what = f"kustomize build {path or '.'}"
            done = run(
                (*self.kustomize_command, *options, "--", path or "."), folder=folder, what=what, limits=self.limits
            )
            return _output(done, what, folder, files, _speaking_of_secrets(files))

    def helm(self, files: Sequence[File], path: str, parameters: HelmParameters) -> bytes:
        """See ports.Renderer."""
        if not self.helm_command:
            raise PortError(LocalizedText(texts.NO_HELM))
        with private_copy(files) as folder:
            values = [f"./{file}" for file in parameters.values]
            if parameters.inline:
                inline = folder / "tmp" / "values.yaml"
                inline.write_text(parameters.inline, encoding="utf-8")
                values.append(str(inline))
            options = (
                *_each("--namespace", [parameters.namespace] if parameters.namespace else []),
                *_each("--values", values),
                *_each("--set", (f"{name}={_escaped(value)}" for name, value in parameters.set)),
                *_each("--set-string", (f"{name}={_escaped(value)}" for name, value in parameters.set_string)),
                *_each("--api-versions", parameters.api_versions),
                *_each("--kube-version", [parameters.kube_version] if parameters.kube_version else []),
                *(("--include-crds",) if parameters.crds else ("--skip-crds",)),
            )
            what = f"helm template {path or '.'}"
            argv = (*self.helm_command, "template", *options, "--", parameters.release, f"./{path}")
            done = run(argv, folder=folder, what=what, limits=self.limits)
            told = [*parameters.set, *parameters.set_string]
            secret = [parameters.inline.encode(), *(f"{name}: {value}".encode() for name, value in told)]
            return _output(done, what, folder, files, [*_values_files(files, parameters), *secret])

    def _helm_file(self, folder: Path) -> Path:
        """Helm as one executable file, as Kustomize wants it."""
        if len(self.helm_command) == 1:
            return Path(self.helm_command[0])
        python, *arguments = self.helm_command
        script = folder / "bin" / "helm"
        words = ", ".join(repr(word) for word in (python, *arguments))
        script.write_text(f"#!{python} -I\nimport os, sys\nos.execv({python!r}, [{words}, *sys.argv[1:]])\n")
        script.chmod(0o700)
        return script


def sdk_command() -> tuple[str, ...]:
    """How to run the SDK in place of helm; () when it is not installed."""
    # Found and not imported: it loads a large library, which belongs into a process with bounds.
    return (sys.executable, "-I", os.fspath(_SDK)) if importlib.util.find_spec("helm_python") else ()


def _each(option: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _escaped(value: str) -> str:
    """A value for `--set`, where a comma begins the next one; lists in braces keep theirs, as with Argo CD."""
    return value if value.startswith("{") else re.sub(r"(?<!\\),", r"\,", value)


def _output(done: Done, what: str, folder: Path, files: Sequence[File], secret: Sequence[bytes]) -> bytes:
    if done.status == 0:
        return done.stdout
    why = sanitize_stderr(done.stderr, tree=folder / "tree", files=files, secret=secret)
    raise RenderError(LocalizedText(texts.FAILED, what=what, why=why))


def _speaking_of_secrets(files: Sequence[File]) -> list[bytes]:
    """The files that may hold values of Secrets: those that speak of them, and what a secretGenerator may read."""
    speaking = [file.content for file in files if b"secret" in file.content.lower()]
    generates = any(b"secretGenerator" in content for content in speaking)
    read = [file.content for file in files if not file.path.endswith((".yaml", ".yml"))] if generates else []
    return speaking + read


def _values_files(files: Sequence[File], parameters: HelmParameters) -> list[bytes]:
    """Every file of values that Helm may quote: those it is given, and those of the chart and of the charts in it."""
    return [
        file.content
        for file in files
        if file.path in parameters.values or file.path.rsplit("/", 1)[-1].startswith("values")
    ]
