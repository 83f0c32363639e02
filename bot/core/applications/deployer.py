"""Whether Argo CD or Flux says that it is at work on an application: until it is done, a difference is no news."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from bot.core.applications.application import Application

ARGO_APPLICATION = ("argoproj.io", "Application")
FLUX_KUSTOMIZATION = ("kustomize.toolkit.fluxcd.io", "Kustomization")
DEPLOYERS = (ARGO_APPLICATION, FLUX_KUSTOMIZATION)

Object = Mapping[str, Any]
_MOST_SAID = 300
_SUSPENDED = "Suspended"


@dataclass(frozen=True, slots=True)
class DeployerFailure:
    """What a deployer says of its own failing: which one it is, its word for it, and what it adds, on one line."""

    deployer: str
    reason: str
    message: str = ""


def is_syncing(application: Application, argo: Iterable[Object], flux: Iterable[Object]) -> bool:
    """Whether a deployer's own object for the application's path says so.

    Argo CD: an operation is running (https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/). Flux: Reconciling
    is True, which it is from seeing a revision to having applied it
    (https://fluxcd.io/flux/components/kustomize/kustomizations/#conditions). Objects of any shape are read.
    """
    path = _path(application.path)
    return any(path in _argo_paths(each) and _syncing(each) for each in argo) or any(
        path == _path(_at(each, "spec", "path")) and _reconciling(each) for each in flux
    )


def deployer_failure(
    application: Application, argo: Iterable[Object], flux: Iterable[Object]
) -> DeployerFailure | None:
    """Why a deployer says that it could not deploy the application's path; None when it does not say so.

    Argo CD: the latest operation failed, or could not be compared. Flux: Ready is False, and it is not at work.
    """
    path = _path(application.path)
    said = (
        *(each for found in argo if path in _argo_paths(found) for each in _argo_failures(found)),
        *(each for found in flux if path == _path(_at(found, "spec", "path")) for each in _flux_failures(found)),
    )
    return said[0] if said else None


def argo_failure(found: Object) -> DeployerFailure | None:
    """Why Argo CD says that it could not deploy an Application."""
    return next(_argo_failures(found), None)


def _argo_failures(found: Object) -> Iterator[DeployerFailure]:
    phase = _at(found, "status", "operationState", "phase")
    if phase in {"Failed", "Error"}:
        yield _failure("Argo CD", f"Sync{phase}", _at(found, "status", "operationState", "message"))
    for each in _conditions(found):
        kind = _at(each, "type")
        if isinstance(kind, str) and kind.endswith("Error"):
            yield _failure("Argo CD", kind, _at(each, "message"))


def flux_failure(found: Object) -> DeployerFailure | None:
    """Why Flux says that it could not deploy; being suspended is no failure."""
    return next((each for each in _flux_failures(found) if each.reason != _SUSPENDED), None)


def _flux_failures(found: Object) -> Iterator[DeployerFailure]:
    if _at(found, "spec", "suspend") is True:
        yield DeployerFailure("Flux", _SUSPENDED)
    for each in _conditions(found):
        if _at(each, "type") == "Ready" and _at(each, "status") == "False" and not _reconciling(found):
            yield _failure("Flux", str(_at(each, "reason") or "NotReady"), _at(each, "message"))


def _failure(deployer: str, reason: str, message: object) -> DeployerFailure:
    """What is said of a Secret is left out: an API server may repeat what it refuses."""
    text = " ".join(message.split()) if isinstance(message, str) else ""
    return DeployerFailure(deployer, reason[:_MOST_SAID], "" if "secret" in text.lower() else text[:_MOST_SAID])


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
    return any(_at(each, "type") == "Reconciling" and _at(each, "status") == "True" for each in _conditions(found))


def _conditions(found: Object) -> list[object]:
    conditions = _at(found, "status", "conditions")
    return conditions if isinstance(conditions, list) else []


def _path(given: object) -> PurePosixPath:
    return PurePosixPath(str(given or "").strip("/") or ".")


def _at(found: object, *keys: str) -> object:
    for key in keys:
        if not isinstance(found, Mapping):
            return None
        found = found.get(key)
    return found
