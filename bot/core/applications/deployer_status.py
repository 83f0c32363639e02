"""What a deployer (Argo CD or Flux) reports about an application, and where that contradicts the bot's own check."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.core.drift.model import Check, Status
from bot.core.objects.credentials import redact_error
from bot.i18n.catalogue import deployer as texts
from bot.i18n.language import LocalizedText, Text

_MAX_LENGTH: Final = 300  # characters of a reason or message


class SyncMode(StrEnum):
    """Whether a deployer applies changes in git by itself; if MANUAL, someone starts each sync."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class DeployerFailure:
    """An error that a deployer reports: the deployer's name, its reason, and its message on one line, if any.

    `waits_for` are the resources, as `NAMESPACE/NAME`, that are not ready and that the deployer waits for.
    """

    deployer: str
    reason: str
    message: str = ""
    waits_for: tuple[str, ...] = ()

    @classmethod
    def reported(cls, deployer: str, reason: str, *messages: object) -> "DeployerFailure":
        """A failure from a resource's status, with the first message that isn't about a Secret, without credentials.

        An API server may quote the object it rejects in its error, and Argo CD the command that failed.
        """
        harmless = (
            text for text in messages if isinstance(text, str) and text.strip() and "secret" not in text.lower()
        )
        return cls(deployer, reason[:_MAX_LENGTH], redact_error(next(harmless, ""))[:_MAX_LENGTH])


@dataclass(frozen=True, slots=True)
class DeployerStatus:
    """The status of an application's Argo CD or Flux resource.

    `sync` and `health` are the deployer's own words, or "". `revision` is what it has applied, a full SHA if the
    deployer reports one, or "". `page` is the URL of the resource in the deployer's UI, or "".
    """

    deployer: str
    sync: str = ""
    health: str = ""
    revision: str = ""
    sync_mode: SyncMode = SyncMode.AUTOMATIC
    failure: DeployerFailure | None = None
    page: str = ""


_SYNC_STATUSES: Final = {"Synced": Status.SYNCED, "Ready": Status.SYNCED, "OutOfSync": Status.OUT_OF_SYNC}


def disagreement(status: DeployerStatus, check: Check | None, *, rolling_out: bool = False) -> Text | None:
    """Where the deployer's status contradicts the bot's check, in a sentence; None if they agree or one is unknown.

    During a rollout (`rolling_out`) they differ by design.
    """
    sync = _SYNC_STATUSES.get(status.sync)
    if rolling_out or check is None or check.status is Status.UNKNOWN or check.revision is None or sync is None:
        return None
    arguments: Mapping[str, str] = {
        "deployer": status.deployer,
        "applied": status.revision[:8] or check.chart,
        "head": check.chart or check.revision[:8],
    }
    behind = bool(status.revision) and status.revision != check.revision
    if sync is Status.SYNCED and check.drift:
        phrase = texts.SYNCED_AT_ANOTHER if behind else texts.SYNCED_BUT_DRIFT
        if not arguments["applied"]:  # Flux reports no commit for a chart in git
            phrase = texts.SYNCED_WITHOUT_REVISION
        return LocalizedText(phrase, n=str(len(check.drift)), **arguments)
    if sync is Status.OUT_OF_SYNC and check.status is Status.SYNCED:
        return LocalizedText(texts.DRIFT_BUT_SYNCED, **arguments)
    return LocalizedText(texts.BEHIND, **arguments) if behind else None
