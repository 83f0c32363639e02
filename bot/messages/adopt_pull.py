"""The branch, title, commit message and Markdown body of a pull request that adopts drift."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC

from bot.core.applications.application import Application
from bot.core.drift.model import Check, FieldDrift, ObjectDrift
from bot.messages.pull_request import MAX_TITLE, as_code

_MAX_LISTED = 100
_MAX_VALUE = 200


def branch_name(application: Application, drift: Sequence[ObjectDrift], attempt: int = 1) -> str:
    """The branch of this adoption: the same for everyone who asks, so that two requests share one pull request."""
    identity = json.dumps([_identity(object_drift) for object_drift in drift], default=str, sort_keys=True)
    digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
    name = "".join(letter if letter.isalnum() or letter == "-" else "-" for letter in application.name.lower())
    return f"gitops-bot/adopt-{name.strip('-')}-{digest}{'' if attempt == 1 else f'-{attempt}'}"


def title(application: Application, drift: Sequence[ObjectDrift]) -> str:
    """The title of the pull request and of the commit: it names what changes, to tell adoptions apart."""
    first = drift[0]
    what = f"{first.kind} {first.name}"
    if first.fields:
        what = f"{first.fields[0].path} of {what}"
    more = sum(max(1, len(object_drift.fields)) for object_drift in drift) - 1
    summary = f"{what} and {more} more" if more else what
    whole = f"Update {application.name} in git to match {application.cluster}: {summary}"
    return whole if len(whole) <= MAX_TITLE else f"{whole[: MAX_TITLE - 1]}…"


def body(check: Check, files: Iterable[str], who: str) -> str:
    """The Markdown body: who asked, what changes, which field manager wrote it, and the changed files."""
    at = f"{check.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    where = f"Cluster {as_code(check.cluster)} differed from git {check.revision} at {at}"
    lines = [f"Requested in Slack by {as_code(who)}.", f"{where}. Merging this updates git to match the cluster."]
    fields = [_object_line(object_drift) for object_drift in check.drift if object_drift.change == "missing"]
    fields += [_field_line(object_drift, field) for object_drift in check.drift for field in object_drift.fields]
    left = len(fields) - _MAX_LISTED
    listed = [*fields[:_MAX_LISTED], *([f"… and {left} more"] if left > 0 else [])]
    lines.append("\n".join(["### Adopts", "", *(f"- {line}" for line in listed)]))
    lines.append("\n".join(["### Changed files", "", *(f"- {as_code(file)}" for file in sorted(files))]))
    return "\n\n".join(lines) + "\n"


def commit_message(application: Application, check: Check, who: str) -> str:
    """The commit message."""
    origin = f"Live state at {check.at.isoformat()}, requested by {' '.join(who.split())}."
    return f"{title(application, check.drift)}\n\n{origin}\n"


def _identity(object_drift: ObjectDrift) -> list[object]:
    fields = [[field.path, field.live] for field in object_drift.fields]
    return [object_drift.kind, object_drift.namespace, object_drift.name, object_drift.change, fields]


def _object_line(object_drift: ObjectDrift) -> str:
    return f"{as_code(f'{object_drift.kind} {object_drift.name}')} is missing from the cluster and is removed from git"


def _field_line(object_drift: ObjectDrift, field: FieldDrift) -> str:
    by = f", by {as_code(field.manager)}" if field.manager else ""
    return (
        f"{as_code(f'{object_drift.kind} {object_drift.name}')} {as_code(field.path)}: git {_value(field.desired)} → "
        f"cluster {_value(field.live)}{by}"
    )


def _value(value: object) -> str:
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return as_code(text if len(text) <= _MAX_VALUE else f"{text[: _MAX_VALUE - 1]}…")
