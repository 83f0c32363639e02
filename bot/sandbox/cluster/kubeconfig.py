"""Kubeconfigs for the sandbox, one per identity."""

from pathlib import Path

import yaml

from bot.sandbox.cluster.api import BOT


def write_kubeconfig(
    path: Path, url: str, *, identity: str, context: str = "sandbox", namespace: str = "default"
) -> Path:
    """Write a kubeconfig for the cluster at `url` as `identity` ("admin", "bot" or "deployer") and return its path.

    The bot authenticates with a token. kubectl sends no token over plain HTTP: for people, the URL has the identity.
    """
    server = url if identity == BOT else f"{url}/as/{identity}"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": context, "cluster": {"server": server}}],
        "users": [{"name": identity, "user": {"token": identity}}],
        "contexts": [
            {"name": context, "context": {"cluster": context, "user": identity, "namespace": namespace}},
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    path.chmod(0o600)
    return path
