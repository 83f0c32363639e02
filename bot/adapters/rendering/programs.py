"""`ports.Renderer` by the official programs, Kustomize and Helm. `confined.py` has what they are allowed to do."""

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from bot.adapters.rendering.confined import Limits, ProgramOutput, private_copy, run
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
    """`ports.Renderer` by programs on this machine: each is the start of a command line, or () when not installed."""

    kustomize_command: tuple[str, ...] = ()
    helm_command: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def find(cls) -> Self:
        """What is installed: kustomize, else the one in kubectl; helm, else the helm-python-sdk."""
        kustomize, kubectl, helm = (shutil.which(name) for name in ("kustomize", "kubectl", "helm"))
        return cls(
            kustomize_command=(kustomize, "build") if kustomize else (kubectl, "kustomize") if kubectl else (),
            helm_command=(helm,) if helm else sdk_command(),
        )

    def commands(self) -> dict[str, str]:
        """Which program runs each, as people write it; "" when none is installed."""
        helm = ("helm-python-sdk",) if self.helm_command[1:] else self.helm_command
        return {"Kustomize": " ".join(self.kustomize_command), "Helm": " ".join(helm)}

    def kustomize(self, files: Sequence[File], path: str, *, helm: bool) -> bytes:
        if not self.kustomize_command:
            raise PortError(LocalizedText(texts.NO_KUSTOMIZE))
        if helm and not self.helm_command:
            raise PortError(LocalizedText(texts.NO_HELM))
        with private_copy(files) as folder:
            options = ("--enable-helm", "--helm-command", str(self._helm_file(folder))) if helm else ()
            what = f"kustomize build {path or '.'}"
            argv = (*self.kustomize_command, *options, "--", path or ".")
            output = run(argv, folder=folder, what=what, limits=self.limits)
            return _stdout(output, what, folder, files, _contents_with_secrets(files))

    def helm(self, files: Sequence[File], path: str, parameters: HelmParameters) -> bytes:
        if not self.helm_command:
            raise PortError(LocalizedText(texts.NO_HELM))
        with private_copy(files) as folder:
            values = [f"./{file}" for file in parameters.values_files]
            if parameters.inline_values:
                inline = folder / "tmp" / "values.yaml"
                inline.write_text(parameters.inline_values, encoding="utf-8")
                values.append(str(inline))
            options = (
                *_repeated("--namespace", [parameters.namespace] if parameters.namespace else []),
                *_repeated("--values", values),
                *_repeated("--set", (f"{name}={_escaped(value)}" for name, value in parameters.set)),
                *_repeated("--set-string", (f"{name}={_escaped(value)}" for name, value in parameters.set_string)),
                *_repeated("--set-file", (f"{name}=./{path}" for name, path in parameters.set_file)),
                *_repeated("--api-versions", parameters.api_versions),
                *_repeated("--kube-version", [parameters.kube_version] if parameters.kube_version else []),
                *(("--include-crds",) if parameters.include_crds else ("--skip-crds",)),
            )
            what = f"helm template {path or '.'}"
            argv = (*self.helm_command, "template", *options, "--", parameters.release_name, f"./{path}")
            output = run(argv, folder=folder, what=what, limits=self.limits)
            settings = [*parameters.set, *parameters.set_string]
            inline_values = [
                parameters.inline_values.encode(),
                *(f"{name}: {value}".encode() for name, value in settings),
            ]
            return _stdout(output, what, folder, files, [*_values_files(files, parameters), *inline_values])

    def _helm_file(self, folder: Path) -> Path:
        """Helm as a single executable file, which Kustomize requires."""
        if len(self.helm_command) == 1:
            return Path(self.helm_command[0])
        python, *arguments = self.helm_command
        script = folder / "bin" / "helm"
        command = ", ".join(repr(argument) for argument in (python, *arguments))
        script.write_text(f"#!{python} -I\nimport os, sys\nos.execv({python!r}, [{command}, *sys.argv[1:]])\n")
        script.chmod(0o700)
        return script


def sdk_command() -> tuple[str, ...]:
    """How to run the SDK in place of helm; () when it is not installed."""
    # Not imported: it loads a large library, which belongs in a process with limits.
    return (sys.executable, "-I", os.fspath(_SDK)) if importlib.util.find_spec("helm_python") else ()


def _repeated(option: str, values: Iterable[str]) -> list[str]:
    return [argument for value in values for argument in (option, value)]


def _escaped(value: str) -> str:
    """A value for `--set`, in which a comma would start the next one; lists in braces keep theirs, as in Argo CD."""
    return value if value.startswith("{") else re.sub(r"(?<!\\),", r"\,", value)


def _stdout(output: ProgramOutput, what: str, folder: Path, files: Sequence[File], secrets: Sequence[bytes]) -> bytes:
    if output.status == 0:
        return output.stdout
    why = sanitize_stderr(output.stderr, tree=folder / "tree", files=files, secrets=secrets)
    raise RenderError(LocalizedText(texts.FAILED, what=what, why=why))


def _contents_with_secrets(files: Sequence[File]) -> list[bytes]:
    """The files that may hold values of Secrets: those that mention them, and what a secretGenerator may read."""
    mentioning = [file.content for file in files if b"secret" in file.content.lower()]
    if not any(b"secretGenerator" in content for content in mentioning):
        return mentioning
    return mentioning + [file.content for file in files if not file.path.endswith((".yaml", ".yml"))]


def _values_files(files: Sequence[File], parameters: HelmParameters) -> list[bytes]:
    """Every values file that Helm may quote: those it is given, those of the chart, and those of its subcharts."""
    return [
        file.content
        for file in files
        if file.path in parameters.values_files
        or file.path in dict(parameters.set_file).values()
        or file.path.rsplit("/", 1)[-1].startswith("values")
    ]
