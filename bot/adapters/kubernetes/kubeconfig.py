"""The API server to use and how to authenticate: from a kubeconfig, or the pod's service account."""

import logging
import os
import re
import stat
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import urllib3
import yaml
from kubernetes.client import Configuration
from kubernetes.config import ConfigException, load_incluster_config
from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger
from urllib3.exceptions import InsecureRequestWarning

from bot.adapters.kubernetes import bounds, run_exec_plugin
from bot.ports.cluster import ClusterError

_log = logging.getLogger(__name__)

_POD_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class ClusterConfigError(ClusterError):
    """The kubeconfig, its context or its credentials cannot be used. Nothing was sent."""


def default_kubeconfig() -> str | None:
    """The default of kubectl: KUBECONFIG (which may be several paths) if set, or else ~/.kube/config if it exists."""
    if variable := os.environ.get("KUBECONFIG"):
        return variable
    default = Path("~/.kube/config").expanduser()
    return None if _is_missing(default) else str(default)


def current_context(kubeconfig: str | None) -> str | None:
    """The name of a kubeconfig's current context, if it can be read."""
    if kubeconfig is None or any(map(_problem, _paths(kubeconfig))):
        return None
    try:
        name = KubeConfigMerger(kubeconfig).config.value.get("current-context")  # type: ignore[no-untyped-call]
    except (ConfigException, OSError, ValueError, TypeError, AttributeError, yaml.YAMLError):
        return None
    return str(name) if name else None


def load_configuration(name: str, kubeconfig: Path | str | None, context: str | None) -> tuple[Configuration, str]:
    """The client's configuration for cluster `name`, and the default namespace. Raises ClusterConfigError."""
    if kubeconfig is None and context is not None:
        kubeconfig = default_kubeconfig()
        if kubeconfig is None:
            raise ClusterConfigError(
                f"Cluster {name}: no kubeconfig was found for context {context}. "
                "Set KUBECONFIG, or set kubeconfig in the configuration."
            )
    return _in_cluster(name) if kubeconfig is None else _from_file(name, str(kubeconfig), context)


def _from_file(name: str, kubeconfig: str, context: str | None) -> tuple[Configuration, str]:
    paths = _paths(kubeconfig)
    if not paths:
        raise ClusterConfigError(f"Cluster {name}: there is no kubeconfig at {kubeconfig}.")
    _require_readable(name, paths)
    configuration = Configuration()
    try:
        merged = KubeConfigMerger(kubeconfig).config  # type: ignore[no-untyped-call]
        contexts = {entry["name"]: entry for entry in merged.value["contexts"]}
        active = context or merged["current-context"]
        if active not in contexts:
            names = ", ".join(sorted(contexts)) or "none"
            raise ClusterConfigError(f"Cluster {name}: {kubeconfig} has no context {active}. Its contexts: {names}.")
        namespace = contexts[active]["context"].safe_get("namespace")
        user, folder = _user(merged.value, contexts[active]["context"].safe_get("user"))
        token_file = folder / user["tokenFile"] if "token" not in user and user.get("tokenFile") else None
        if token_file:
            _require_readable(name, [token_file])
        if isinstance(plugin := user.get("exec"), dict):
            user["exec"] = _bounded(plugin)
        # Don't write a renewed token back to the file.
        loader = KubeConfigLoader(merged, active_context=active, config_base_path=None)  # type: ignore[no-untyped-call]
        loader.load_and_set(configuration)  # type: ignore[no-untyped-call]
        if "exec" in user and not (configuration.api_key or configuration.cert_file):
            _log_in_later(configuration, loader)
        elif token_file and not hasattr(loader, "expiry"):  # else, an exec plugin or a provider gives the token
            _read_again(configuration, name, token_file)
    except ConfigException as error:
        # The library's other messages may quote a whole user entry with its token.
        missing = re.fullmatch(r"File does not exist: (.+)", str(error))
        why = f"refers to {missing[1]}, which does not exist" if missing else "is not a complete kubeconfig"
        raise ClusterConfigError(f"Cluster {name}: {kubeconfig} {why}. Try `kubectl config view`.") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError):
        raise ClusterConfigError(
            f"Cluster {name}: {kubeconfig} is not a kubeconfig. Try `kubectl config view`."
        ) from None
    if not configuration.verify_ssl:
        _log.warning("Cluster %s: TLS certificates are not verified, as %s asks for.", name, kubeconfig)
        urllib3.disable_warnings(InsecureRequestWarning)  # it would warn for each request
    return configuration, str(namespace or "default")


def _paths(kubeconfig: str) -> list[Path]:
    """The files that a value of KUBECONFIG names, without missing ones."""
    paths = (Path(path).expanduser() for path in kubeconfig.split(os.pathsep) if path)
    return [path for path in paths if not _is_missing(path)]


def _is_missing(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False  # such as a path in a directory that can't be searched
    return False


def _require_readable(name: str, paths: Iterable[Path]) -> None:
    """ClusterConfigError for a path that isn't a readable regular file: reading a pipe or a device may never end."""
    for path in paths:
        if problem := _problem(path):
            raise ClusterConfigError(f"Cluster {name}: {path} {problem}.")


def _problem(path: Path) -> str | None:
    try:
        status = path.stat()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    return "is larger than 5 MiB" if status.st_size > bounds.KUBECONFIG_BYTES else None


def _user(kubeconfig: dict[str, Any], name: str | None) -> tuple[dict[str, Any], Path]:
    """The entry of a user, to change in place, empty if there is none; and the folder of its file."""
    entries = (entry["user"] for entry in kubeconfig.get("users") or () if entry["name"] == name)
    user = next(entries, None)
    return getattr(user, "value", user) or {}, Path(getattr(user, "path", None) or "").parent


def _bounded(plugin: dict[str, Any]) -> dict[str, Any]:
    """The exec plugin, run by the program that bounds its time and its environment."""
    names = ",".join(variable["name"] for variable in plugin.get("env") or ())
    bounded = ["-I", run_exec_plugin.__file__, str(bounds.LOGIN_SECONDS), names]
    return {**plugin, "command": sys.executable, "args": [*bounded, plugin["command"], *(plugin.get("args") or ())]}


def _log_in_later(configuration: Configuration, loader: Any) -> None:
    """Run the failed exec plugin again before each request until it succeeds."""

    def log_in(configuration: Configuration) -> None:
        loader.load_and_set(configuration)  # it replaces this hook once there is a token
        if not configuration.api_key["BearerToken"]:
            raise ConfigException("the exec plugin failed again")

    configuration.api_key["BearerToken"] = ""
    configuration.refresh_api_key_hook = log_in  # type: ignore[assignment]


def _read_again(configuration: Configuration, name: str, token_file: Path) -> None:
    """Read the token from its file again once a minute. While it can't be read, the old token stays."""
    read_at = time.monotonic()

    def refresh(configuration: Configuration) -> None:
        nonlocal read_at
        if time.monotonic() - read_at < bounds.TOKEN_FILE_SECONDS:
            return
        read_at = time.monotonic()
        try:
            _require_readable(name, [token_file])
            token = token_file.read_text().strip()
        except ClusterConfigError as error:
            _log.warning("%s The bot goes on with the old token.", error)
        except (OSError, ValueError):
            _log.warning("Cluster %s: %s cannot be read. The bot goes on with the old token.", name, token_file)
        else:
            if token:
                configuration.api_key["BearerToken"] = f"Bearer {token}"

    configuration.api_key.setdefault("BearerToken", "")  # without a key, the hook doesn't run
    for key, token in configuration.api_key.items():
        configuration.api_key[key] = token.strip()  # the client keeps a newline at the end of the file
    configuration.refresh_api_key_hook = refresh  # type: ignore[assignment]


def _in_cluster(name: str) -> tuple[Configuration, str]:
    configuration = Configuration()
    try:
        load_incluster_config(configuration)  # type: ignore[no-untyped-call]
        return configuration, _POD_NAMESPACE.read_text().strip()
    except (ConfigException, OSError) as error:
        raise ClusterConfigError(
            f"Cluster {name}: no kubeconfig is configured, and the bot is not running in a pod with a service account. "
            "Set KUBECONFIG, or set kubeconfig in the configuration."
        ) from error
