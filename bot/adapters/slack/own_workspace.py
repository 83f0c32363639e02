"""Whether a payload comes from a member of the workspace that the bot is installed in.

In a channel shared with other companies (Slack Connect), their people can mention the bot and click its buttons. Their
payloads come through the bot's own workspace, and say only in these fields where the person belongs:
https://docs.slack.dev/apis/slack-connect
"""

from collections.abc import Mapping
from typing import Any

Payload = Mapping[str, Any]


def is_from_own_workspace(body: Payload, team: str | None, enterprise: str | None) -> bool:
    """`team` and `enterprise` are the bot's own, as auth.test returns them.

    False for a payload that does not name the person's workspace, and for other workspaces of the same organization.
    """
    stated = [id_ for id_ in _event_teams(body) if id_] or [body.get("team_id")]
    stated += [_mapping(body.get(part)).get(key) for part, key in (("team", "id"), ("user", "team_id"))]
    teams = {str(id_) for id_ in stated if id_}
    # Slack can name a person's organization (E…) where it would otherwise name the workspace (T…).
    return bool(teams) and bool(team) and teams <= {team, enterprise}


def _event_teams(body: Payload) -> list[object]:
    """The outer `team_id` of an event in a shared channel can be that of the channel's owner instead."""
    event = _mapping(body.get("event"))
    return [event.get(key) for key in ("user_team", "team", "source_team")]


def _mapping(value: object) -> Payload:
    return value if isinstance(value, Mapping) else {}
