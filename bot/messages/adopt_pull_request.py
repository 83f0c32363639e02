"""The branch, title, Markdown body and commit message of a pull request that adopts drift."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC
from itertools import chain

from bot.core.applications.application import Application
from bot.core.changes.effect import Effect
from bot.core.drift.fact import facts, most_important_first
from bot.core.drift.model import Check, FieldDrift, ObjectDrift
from bot.messages.blocks import clip
from bot.messages.revert_pull_request import MAX_TITLE, application_effect, as_code

_MAX_LISTED = 100
_MAX_VALUE = 200


def branch_name(application: Application, drift: Sequence[ObjectDrift], attempt: int = 1) -> str:
    """The branch for this drift. The same drift gives the same name, so that two requests share one pull request."""
    safe_name = "".join(letter if letter.isalnum() or letter == "-" else "-" for letter in application.name.lower())
    return f"gitops-bot/adopt-{safe_name.strip('-')}-{drift_digest(drift)}{'' if attempt == 1 else f'-{attempt}'}"


def drift_digest(drift: Sequence[ObjectDrift]) -> str:
    """A digest of the differences and their live values."""
    differences = json.dumps([_identity(object_drift) for object_drift in drift], default=str, sort_keys=True)
    return hashlib.sha256(differences.encode()).hexdigest()[:40]


def title(application: Application, drift: Sequence[ObjectDrift]) -> str:
    """The title of the pull request and the commit: `Adopt shop from prod: web image 4.7.2 → latest and 1 more`."""
    drift_facts = facts(drift)
    more = f" and {len(drift_facts) - 1} more" if len(drift_facts) > 1 else ""
    where = f"Adopt {application.name} from {application.cluster}: "
    return f"{where}{clip(str(drift_facts[0].text), max(40, MAX_TITLE - len(where) - len(more)))}{more}"


def body(check: Check, files: Iterable[str], others: Sequence[Effect], who: str) -> str:
    """The Markdown body: the requester, what changes where, and which field manager wrote it.

    `others` are the effects on other applications that use these files.
    """
    time = f"{check.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    where = f"Cluster {as_code(check.cluster)} differed from git {check.revision} at {time}"
    lines = [f"Requested in Slack by {as_code(who)}.", f"{where}. Merging this updates git to match the cluster."]
    differences = most_important_first(chain.from_iterable(map(_differences, check.drift)))
    omitted = len(differences) - _MAX_LISTED
    listed = [*map(_line, differences[:_MAX_LISTED]), *([f"… and {omitted} more"] if omitted > 0 else [])]
    lines.append("\n".join(["### Adopts", "", *(f"- {line}" for line in listed)]))
    lines.append("\n".join(["### Changed files", "", *(f"- {as_code(file)}" for file in sorted(files))]))
    if others:
        lines += ["### Other applications that use these files", *map(application_effect, others)]
    return "\n\n".join(lines) + "\n"


def commit_message(application: Application, check: Check, who: str) -> str:
    """The title, the time that the live state was read, and the requester."""
    source = f"Live state at {check.at.isoformat()}, requested by {' '.join(who.split())}."
    return f"{title(application, check.drift)}\n\n{source}\n"


def _identity(object_drift: ObjectDrift) -> list[object]:
    return [
        object_drift.kind,
        object_drift.namespace,
        object_drift.name,
        object_drift.change,
        [[field.path, field.live] for field in object_drift.fields],
    ]


def _differences(object_drift: ObjectDrift) -> Sequence[ObjectDrift]:
    return [replace(object_drift, fields=(field,)) for field in object_drift.fields] or [object_drift]


def _line(difference: ObjectDrift) -> str:
    return _field_line(difference, difference.fields[0]) if difference.fields else _object_line(difference)


def _object_line(object_drift: ObjectDrift) -> str:
    return f"{as_code(f'{object_drift.kind} {object_drift.name}')} is missing from the cluster and is removed from git"


def _field_line(object_drift: ObjectDrift, field: FieldDrift) -> str:
    manager = f", by {as_code(field.manager)}" if field.manager else ""
    return (
        f"{as_code(f'{object_drift.kind} {object_drift.name}')} {as_code(field.path)}: git {_value(field.desired)} → "
        f"cluster {_value(field.live)}{manager}"
    )


def _value(value: object) -> str:
    if value is None:
        return "nothing"
    return as_code(clip(json.dumps(value, ensure_ascii=False, default=str), _MAX_VALUE))
