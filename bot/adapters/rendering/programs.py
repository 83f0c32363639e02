"""`ports.Renderer` with the official programs, Kustomize and Helm. `confined.py` lists what they are allowed to do."""

import functools
import hashlib
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Final, Self

from bot.adapters.rendering.confined import CONCURRENT_RUNS, ProgramOutput, missing_isolation, run
from bot.adapters.rendering.launcher_process import PYTHON
from bot.adapters.rendering.private_copy import private_copy
from bot.adapters.rendering.slow_runs import SlowRuns
from bot.adapters.rendering.stderr import explain
from bot.core.rendering.limits import Limits
from bot.core.rendering.source import Capabilities, HelmParameters
from bot.i18n.catalogue import render as texts
from bot.i18n.language import LocalizedText
from bot.ports.errors import PortError
from bot.ports.git import File
from bot.ports.rendering import RenderError

_SDK: Final = Path(__file__).with_name("helm_sdk.py")
_HELM_COMMAND: Final = Path(__file__).with_name("helm_command.py")


@dataclass(frozen=True, slots=True)
class ProgramRenderer:
    """`ports.Renderer` with programs on this machine: each is the start of a command line, or () if not installed."""

    kustomize_command: tuple[str, ...] = ()
    helm_command: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    slow_runs: SlowRuns = field(default_factory=SlowRuns)

    @classmethod
    def find(cls, slow_runs: SlowRuns | None = None) -> Self:
        """Find the installed programs: kustomize, or else kubectl's; helm, or else the helm-python-sdk."""
        kustomize, kubectl, helm = (shutil.which(name) for name in ("kustomize", "kubectl", "helm"))
        return cls(
            kustomize_command=(kustomize, "build") if kustomize else (kubectl, "kustomize") if kubectl else (),
            helm_command=(helm,) if helm else sdk_command(),
            slow_runs=slow_runs or SlowRuns(),
        )

    def commands(self) -> dict[str, str]:
        """The command for each, to show; "" if it is not installed."""
        helm = ("helm-python-sdk",) if self.helm_command[1:] else self.helm_command
        return {"Kustomize": " ".join(self.kustomize_command), "Helm": " ".join(helm)}

    @property
    def version(self) -> str:
        """Identifies the programs by their content, since others may render different output."""
        return _version((*self.kustomize_command, *self.helm_command))

    def without_cache(self) -> Self:
        return self

    def kustomize(self, files: Sequence[File], path: str, *, helm: Capabilities | None, plugins: bool) -> bytes:
        if not self.kustomize_command:
            raise PortError(LocalizedText(texts.NO_KUSTOMIZE))
        if helm and not self.helm_command:
            raise PortError(LocalizedText(texts.NO_HELM))
        if (helm or plugins) and (reason := missing_isolation()):
            raise PortError(LocalizedText(texts.NOT_ISOLATED, reason=reason))
        what = f"kustomize build {path or '.'}"
        with CONCURRENT_RUNS, self.slow_runs.limited(self.limits, what) as limited, private_copy(files) as folder:
            options: tuple[str, ...] = ()
            if helm:
                command = ("--enable-helm", "--helm-command", str(self._helm_file(folder)))
                options = (*command, *_capabilities("--helm-kube-version", "--helm-api-versions", helm))
            argv = (*self.kustomize_command, *options, "--", path or ".")
            programs = [str(folder / "bin" / "helm"), PYTHON, self.helm_command[0]] if helm else []
            return _output(run(argv, folder=folder, what=what, limited=limited, programs=programs), what, path, files)

    def helm(self, files: Sequence[File], path: str, parameters: HelmParameters) -> bytes:
        if not self.helm_command:
            raise PortError(LocalizedText(texts.NO_HELM))
        what = f"helm template {path or '.'}"
        with CONCURRENT_RUNS, self.slow_runs.limited(self.limits, what) as limited, private_copy(files) as folder:
            capabilities = Capabilities(parameters.kube_version, parameters.api_versions)
            values = folder / "tmp" / "values.json"
            values.write_text(parameters.inline_values or "{}", encoding="utf-8")
            options = (
                *_repeated("--namespace", [parameters.namespace] if parameters.namespace else []),
                *_repeated("--values", [str(values)]),
                *_capabilities("--kube-version", "--api-versions", capabilities),
                *(("--is-upgrade",) if parameters.is_upgrade else ()),
                *(("--include-crds",) if parameters.include_crds else ("--skip-crds",)),
            )
            argv = (*self.helm_command, "template", *options, "--", parameters.release_name, f"./{path}")
            return _output(run(argv, folder=folder, what=what, limited=limited), what, path, files)

    def _helm_file(self, folder: Path) -> Path:
        """Helm as a single executable file, which Kustomize requires: `helm_command.py`, which checks its arguments."""
        script = folder / "bin" / "helm"
        command = [PYTHON, "-I", "-S", os.fspath(_HELM_COMMAND), str(folder), json.dumps(self.helm_command)]
        script.write_text(f"#!{PYTHON} -IS\nimport os, sys\nos.execv({PYTHON!r}, [*{command!r}, *sys.argv[1:]])\n")
        script.chmod(0o700)
        return script


def sdk_command() -> tuple[str, ...]:
    """How to run the SDK in place of helm; () if it is not installed."""
    # Not imported, since it loads a large library, which belongs in a process with limits.
    return (sys.executable, "-I", os.fspath(_SDK)) if importlib.util.find_spec("helm_python") else ()


def _output(output: ProgramOutput, what: str, path: str, files: Sequence[File]) -> bytes:
    if output.status == 0:
        return output.stdout
    reason = explain(output.stderr, path, {file.path for file in files})
    raise RenderError(LocalizedText(texts.FAILED, what=what, why=reason))


@functools.cache
def _version(words: Sequence[str]) -> str:
    """A hash of command-line words, and of the content of those that are files."""
    parts = [version("helm-python-sdk") for word in words if word == os.fspath(_SDK)]
    for word in words:
        try:
            with Path(word).open("rb") as file:
                parts.append(hashlib.file_digest(file, "sha256").hexdigest())
        except OSError:
            parts.append(word)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _capabilities(kube_version: str, api_versions: str, values: Capabilities) -> list[str]:
    """The arguments that pass these values, with these option names."""
    kube = _repeated(kube_version, [values.kube_version] if values.kube_version else [])
    return [*kube, *_repeated(api_versions, values.api_versions)]


def _repeated(option: str, values: Iterable[str]) -> list[str]:
    return [argument for value in values for argument in (option, value)]
