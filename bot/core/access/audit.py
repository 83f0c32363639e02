"""The entries of the audit log: who did what, where, and with which result."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Origin(StrEnum):
    """Where the request came from; UNKNOWN in entries of versions that did not record it."""

    COMMAND = "command"
    MENTION = "mention"
    BUTTON = "button"
    MODAL = "modal"
    HOME = "home"
    QUEUE = "queue"
    CLI = "command line"
    UNKNOWN = ""

    @classmethod
    def _missing_(cls, _value: object) -> "Origin":
        return cls.UNKNOWN


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One request. `who` is a Slack user ID, `what` the request as a command.

    `applications` are names, `channel` a Slack channel ID or "". `result` is the name of the outcome and its link, or
    `denied` or `failed` with the reason.
    """

    at: datetime
    who: str
    what: str
    result: str
    origin: Origin = Origin.UNKNOWN
    channel: str = ""
    applications: tuple[str, ...] = ()


# Outcomes whose type names mean little to people. What the log says never changes, because programs read it.
_RESULTS = {
    "Changed": "Done",
    "AlreadyDone": "Already",
    "NotDone": "nobody has it",
    "AllResolved": "already resolved",
    "UnknownSubject": "no open incident",
    "Worsened": "drift got worse",
    "StaleButton": "button out of date",
}


def outcome_name(name: str) -> str:
    """An outcome for the log, from the name of its type: `AlreadyOpen` is `already open`; one word stays as it is."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return _RESULTS.get(name) or (words.lower() if " " in words else words)
