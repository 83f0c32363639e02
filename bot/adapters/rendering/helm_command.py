"""What Kustomize runs as helm: `version` and `template` with safe options. A separate program, not part of the bot.

Kustomize builds helm's command line from a kustomization without checking it, so a release name such as
`--post-renderer=/bin/sh` is an option to helm (api/types/helmchartargs.go). It also lets a kustomization choose the
directory that helm loads plugins from. Here only known arguments are accepted, paths stay in the private copy, and helm
gets its own empty directories.

It is run by its path in an isolated interpreter, so it imports nothing from the bot. Its arguments are the folder of
the private copy, helm's command line as JSON, and Kustomize's arguments.
"""

import ctypes
import json
import os
import signal
import sys
from typing import Final, NoReturn

REFUSED: Final = "gitops-bot refuses to run helm with "
_VERSION: Final = ("version", "--short", "-c", "--client")
_FLAGS: Final = frozenset({"--include-crds", "--skip-crds", "--no-hooks", "--skip-tests", "--generate-name"})
_IGNORED: Final = frozenset({"--debug", "--devel"})  # they only change what helm logs and may download
_OPTIONS: Final = frozenset({"--namespace", "--name-template", "--api-versions", "--kube-version"})
_FILES: Final = frozenset({"--values", "-f"})
_LIST_CHARACTERS: Final = frozenset(",\"'\r\n")  # pflag reads the values of these options as CSV


def main(argv: list[str]) -> NoReturn:
    """Become helm, or exit with 1 if an argument is unknown."""
    folder, helm, *arguments = argv
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG: die with Kustomize
    try:
        command = [*json.loads(helm), *helm_arguments(os.path.realpath(folder), arguments)]
    except ValueError as error:
        sys.stderr.write(f"Error: {REFUSED}{error}\n")
        sys.exit(1)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HELM_", "KUBE"))}
    os.execve(command[0], command, environment | helm_environment(folder))  # noqa: S606  there is no shell


def helm_environment(folder: str) -> dict[str, str]:
    """Variables that keep helm from configuration, plugins and clusters: empty directories, and missing files."""
    home = f"{folder}/home/helm"
    return {
        "KUBECONFIG": os.devnull,
        "HELM_NO_PLUGINS": "1",
        **{f"HELM_{name}": f"{home}/{name.lower()}" for name in ("CACHE_HOME", "CONFIG_HOME", "DATA_HOME", "PLUGINS")},
        **{f"HELM_{name}": f"{home}/{name.lower()}" for name in ("REPOSITORY_CACHE", "REPOSITORY_CONFIG")},
        "HELM_REGISTRY_CONFIG": f"{home}/registry_config",
    }


def helm_arguments(folder: str, arguments: list[str]) -> list[str]:
    """Kustomize's arguments with the positional ones after `--`. Raises ValueError for an unknown one."""
    if arguments[:1] == ["version"] and set(arguments) <= set(_VERSION):
        return arguments
    if arguments[:1] != ["template"]:
        raise ValueError("a command other than version and template")
    options, positional, rest = ["template"], [], iter(arguments[1:])
    for argument in rest:
        if argument in _FLAGS:
            options.append(argument)
        elif argument in _OPTIONS or argument in _FILES:
            value = next(rest, "")
            if not value or value.startswith("-"):
                raise ValueError("an option as a value")
            options += [argument, _in_folder(folder, value) if argument in _FILES else value]
        elif argument.startswith("-"):
            if argument not in _IGNORED:
                raise ValueError("an unknown option")
        else:
            positional.append(argument)
    if len(positional) != (1 if "--generate-name" in options else 2):
        raise ValueError("the wrong number of arguments")
    return [*options, "--", *positional[:-1], _in_folder(folder, positional[-1])]


def _in_folder(folder: str, path: str) -> str:
    real = os.path.realpath(path)
    if not real.startswith(f"{folder}/") or _LIST_CHARACTERS.intersection(real):
        raise ValueError("a file outside the repository, or one with a comma or quote in its name")
    return real


if __name__ == "__main__":
    main(sys.argv[1:])
