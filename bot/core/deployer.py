"""Whether Argo CD or Flux says that it is at work on an application: until it is done, a difference is no news."""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from bot.core.application import Application

ARGO_APPLICATION = ("argoproj.io", "Application")
FLUX_KUSTOMIZATION = ("kustomize.toolkit.fluxcd.io", "Kustomization")
DEPLOYERS = (ARGO_APPLICATION, FLUX_KUSTOMIZATION)

Object = Mapping[str, Any]


def at_work(application: Application, argo: Iterable[Object], flux: Iterable[Object]) -> bool:
    """Whether a deployer's own object for the application's path says so.

    Argo CD: an operation is running (https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/). Flux: Reconciling
    is True, which it is from seeing a revision to having applied it
    (https://fluxcd.io/flux/components/kustomize/kustomizations/#conditions). Objects of any shape are read.
    """
    path = _path(application.path)
    return any(path in _argo_paths(each) and _syncing(each) for each in argo) or any(
        path == _path(_at(each, "spec", "path")) and _reconciling(each) for each in flux
    )


def _argo_paths(found: Object) -> set[PurePosixPath]:
    several = _at(found, "spec", "sources")
    sources = several if isinstance(several, list) else [_at(found, "spec", "source")]
    return {_path(_at(source, "path")) for source in sources}


def _syncing(found: Object) -> bool:
    return _at(found, "operation") is not None or _at(found, "status", "operationState", "phase") in {
        "Running",
        "Terminating",
    }


def _reconciling(found: Object) -> bool:
    if _at(found, "spec", "suspend") is True:
        return False
    conditions = _at(found, "status", "conditions")
    return any(
        _at(each, "type") == "Reconciling" and _at(each, "status") == "True"
        for each in (conditions if isinstance(conditions, list) else ())
    )


def _path(given: object) -> PurePosixPath:
    return PurePosixPath(str(given or "").strip("/") or ".")


def _at(found: object, *keys: str) -> object:
    for key in keys:
        if not isinstance(found, Mapping):
            return None
        found = found.get(key)
    return found
