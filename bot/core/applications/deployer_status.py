"""What a deployer itself says of an application, and where that is not what the bot sees."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.core.applications.deployer import DeployerFailure
from bot.core.drift.model import Check, Status
from bot.i18n.catalogue import deployed as texts
from bot.i18n.language import LocalizedText


class SyncMode(StrEnum):
    """Why a deployer does not bring what is in git by itself."""

    SUSPENDED = "suspended"
    MANUAL = "manual"  # somebody starts each sync


@dataclass(frozen=True, slots=True)
class DeployerStatus:
    """What its resource says. `sync` and `health` are its own words, "" for none; `revision` is what it has applied.

    A revision is a full sha where the deployer says one. `failure` is what it complains of.
    """

    deployer: str
    sync: str = ""
    health: str = ""
    revision: str = ""
    sync_mode: SyncMode | None = None
    failure: DeployerFailure | None = None


# What a deployer calls being in sync, and being out of it.
_IN_SYNC = {"Synced": Status.SYNCED, "Ready": Status.SYNCED, "OutOfSync": Status.OUT_OF_SYNC}


def disagreement(status: DeployerStatus, check: Check | None, *, rolling_out: bool = False) -> str | None:
    """Where the deployer and the bot differ, in a sentence; None when they do not, or one of them does not know.

    `arriving` says that a merge is on its way: until it is there they differ by design.
    """
    said = _IN_SYNC.get(status.sync)
    if rolling_out or check is None or check.status is Status.UNKNOWN or check.revision is None or said is None:
        return None
    told: Mapping[str, str] = {"deployer": status.deployer, "applied": status.revision[:8], "head": check.revision[:8]}
    behind = bool(status.revision) and status.revision != check.revision
    if said is Status.SYNCED and check.drift:
        phrase = texts.SYNCED_AT_ANOTHER if behind else texts.SYNCED_BUT_DRIFT
        return LocalizedText(phrase, n=str(len(check.drift)), **told)
    if said is Status.OUT_OF_SYNC and check.status is Status.SYNCED:
        return LocalizedText(texts.DRIFT_BUT_SYNCED, **told)
    return LocalizedText(texts.BEHIND, **told) if behind else None
