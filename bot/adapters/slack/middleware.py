"""Bolt middleware that serves only the bot's own workspace, and an error handler that logs one line.

In a channel shared with other companies (Slack Connect), their people can mention the bot and click its buttons. Their
payloads come through the bot's own workspace, and only a few fields show which workspace the person is from:
https://docs.slack.dev/apis/slack-connect
"""

import logging
from collections.abc import Callable, Mapping
from http.client import HTTPException
from threading import BoundedSemaphore, Thread
from typing import Any

from slack_bolt import Ack, BoltContext, BoltResponse, Respond
from slack_sdk.errors import SlackClientError

from bot.adapters.slack.chat import unreachable

_log = logging.getLogger(__name__)

Payload = Mapping[str, Any]

_MAX_REFUSALS = 4  # to clicks at the same time; more clicks get none, so that they don't use up threads


def serve_only_own_workspace(refusal: Callable[[str], str]) -> Callable[..., BoltResponse]:
    """A middleware that acknowledges payloads from members of other workspaces without handling them.

    Commands and clicks are answered with `refusal(channel ID)`, which is in the language of that channel.
    """
    free = BoundedSemaphore(_MAX_REFUSALS)

    def refuse(respond: Respond, text: str) -> None:
        try:
            respond(text=text, response_type="ephemeral", replace_original=False)
        except (SlackClientError, HTTPException, OSError) as error:
            _log.info("could not answer a member of another workspace: %s", unreachable(error))
        finally:
            free.release()

    def serve(
        body: Payload,
        context: BoltContext,
        ack: Ack,
        respond: Respond,
        next: Callable[[], BoltResponse],  # noqa: A002  Bolt's name
    ) -> BoltResponse:
        bot_identity = context.authorize_result
        if bot_identity and is_from_own_workspace(body, bot_identity.team_id, bot_identity.enterprise_id):
            return next()
        kind = body.get("type", "command")
        _log.warning("ignored a payload (%s) of %s, who is not in the bot's workspace", kind, context.user_id)
        if "command" in body:
            return ack(text=refusal(str(body.get("channel_id", ""))), response_type="ephemeral")
        if body.get("response_url") and free.acquire(blocking=False):
            text = refusal(str(_mapping(body.get("channel")).get("id", "")))
            Thread(target=refuse, args=(respond, text), name="refusal", daemon=True).start()
        return ack()

    return serve


def log_error(error: Exception) -> None:
    """Log why Bolt could not serve a payload: its auth.test call or a listener failed."""
    if isinstance(error, SlackClientError | HTTPException | OSError):
        _log.warning("cannot serve a request from Slack: %s", unreachable(error))
    else:
        _log.error("cannot serve a request from Slack", exc_info=error)


def is_from_own_workspace(body: Payload, team: str | None, enterprise: str | None) -> bool:
    """`team` and `enterprise` are the bot's own, as auth.test returns them.

    False for a payload without the person's workspace, and for other workspaces of the same organization.
    """
    stated = [id_ for id_ in _event_teams(body) if id_] or [body.get("team_id")]
    stated += [_mapping(body.get(part)).get(key) for part, key in (("team", "id"), ("user", "team_id"))]
    teams = {str(id_) for id_ in stated if id_}
    # Slack may send a person's organization (E…) in place of the workspace (T…).
    return bool(teams) and bool(team) and teams <= {team, enterprise}


def _event_teams(body: Payload) -> list[object]:
    """The teams in an event. In a shared channel, the outer `team_id` may be that of the channel's owner."""
    event = _mapping(body.get("event"))
    return [event.get(key) for key in ("user_team", "team", "source_team")]


def _mapping(value: object) -> Payload:
    return value if isinstance(value, Mapping) else {}
