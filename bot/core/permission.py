"""Who may ask for what. Decided by Slack user id at every command and click, never by what a button carries."""

from collections.abc import Collection, Sequence

EVERYBODY = "*"


def groups_to_ask(user: str, allowed: Sequence[str]) -> list[str]:
    """The user groups (`S…`) whose members decide; none when the answer is known without asking Slack."""
    if EVERYBODY in allowed or user in allowed:
        return []
    return [entry for entry in allowed if entry.startswith("S")]


def permitted(user: str, allowed: Sequence[str], members: Collection[str] = ()) -> bool:
    """Whether a user may: everybody, by id, or as one of the `members` of the groups that may."""
    return EVERYBODY in allowed or user in allowed or user in members
