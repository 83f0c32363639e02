"""Pushes to a branch, as the forge reports them, and who pushed which commit."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Push:
    """A push that moved a branch from `before` to `after`, full SHAs; `by` is a login."""

    before: str
    after: str
    by: str


def pushers(shas: Iterable[str], pushes: Iterable[Push]) -> dict[str, str]:
    """The login that pushed each of these commits (newest first) to their branch; without those of unknown pushes."""
    by_head = {push.after: push for push in pushes}
    result: dict[str, str] = {}
    push: Push | None = None
    for sha in shas:
        push = by_head.get(sha, None if push and push.before == sha else push)
        if push:
            result[sha] = push.by
    return result
