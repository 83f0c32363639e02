"""Actions of people in the client: commands, mentions, buttons, forms and the Home tab, and the results they see."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.sandbox.slack import limits
from bot.sandbox.slack.entered_value import elements, entered, input_error, state
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.interactions import Interaction, ResponseUrl
from bot.sandbox.slack.methods.views import MAX_STACKED, new_view, replace
from bot.sandbox.slack.model import APP_ID, BOT_USER, COMMAND, SLACKBOT, TEAM, Json, Message, View
from bot.sandbox.slack.services import Services

_TROUBLE = "We had some trouble connecting. Try again?"


class People:
    """`send` starts delivering an interaction and returns at once; its second argument handles the outcome."""

    def __init__(self, services: Services, send: Callable[[Interaction, Callable[[Interaction], None]], None]) -> None:
        self._services = services
        self._workspace = services.workspace
        self._send = send

    def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Message:
        """Post as a person; `@gitops` mentions the bot. Raises SlackError is_archived or channel_not_found."""
        workspace = self._workspace
        room = workspace.channel(channel)
        if room.archived:
            raise SlackError("is_archived")
        bot = workspace.users[BOT_USER]
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        escaped = escaped.replace(f"&lt;@{BOT_USER}&gt;", f"<@{BOT_USER}>").replace(f"@{bot.name}", f"<@{BOT_USER}>")
        message = workspace.post(Message(room.id, workspace.ts(), user, escaped, thread_ts=thread_ts))
        notifies = BOT_USER in room.members and "app_mentions:read" in self._services.scopes
        if notifies and f"<@{BOT_USER}>" in escaped:
            event: Json = {"type": "app_mention", "user": user, "text": escaped, "ts": message.ts, "channel": room.id}
            event["team"] = TEAM["id"]
            if message.thread_ts:
                event["thread_ts"] = message.thread_ts
            self._event(user, room.id, event)
        return message

    def open_home(self, user: str) -> Interaction:
        """Open the app's Home tab."""
        event: Json = {"type": "app_home_opened", "user": user, "channel": f"D{user[1:]}", "tab": "home"}
        home = self._workspace.homes.get(user)
        return self._event(user, None, event | ({"view": home.api()} if home else {}))

    def command(self, user: str, channel: str, text: str) -> Interaction:
        """Send a slash command, with or without `/gitops`. Raises SlackError is_archived or channel_not_found."""
        room = self._workspace.channel(channel)
        if room.archived:
            raise SlackError("is_archived")
        interaction = Interaction("slash_commands", user, room.id, {})
        self._reply_to(interaction, None)
        interaction.payload |= {
            "token": "sandbox",
            "team_id": TEAM["id"],
            "team_domain": TEAM["domain"],
            "channel_id": room.id,
            "channel_name": room.name,
            "user_id": user,
            "user_name": self._workspace.users[user].name,
            "command": COMMAND,
            "text": text.strip().removeprefix(COMMAND).strip(),
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": interaction.response_url,
            "trigger_id": interaction.trigger_id,
        }
        self._send(interaction, self._command_answered)
        return interaction

    def click(
        self,
        user: str,
        target: Message | View,
        action_id: str,
        submitted: Any = None,
        block_id: str | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> Interaction:
        """Click a button or select an option. Raises LookupError if it does not exist.

        `values` are the current values of a view's other elements, as for `submit`.
        """
        view = target if isinstance(target, View) else None
        message = target if isinstance(target, Message) else None
        if message is not None and message.deleted:
            raise LookupError("the message is deleted")
        block, element = _find(target.blocks, action_id, submitted, block_id)
        interaction = Interaction("interactive", user, message.channel if message else None, {})
        interaction.payload |= self._who(user) | {"type": "block_actions"}
        action: Json = {"action_id": action_id, "block_id": block["block_id"], "action_ts": self._workspace.ts()}
        if element["type"] == "button":
            action |= {key: element[key] for key in ("value", "text", "style") if key in element} | {"type": "button"}
        else:
            action |= entered(element, submitted)
        if view is not None:
            now = {block["block_id"]: {action_id: submitted}} if submitted is not None else {}
            view.values = state(view.blocks, view.values, values or {}, now)
        interaction.payload["actions"] = [action]
        self._reply_to(interaction, message, view)
        interaction.payload["trigger_id"] = interaction.trigger_id
        if message is not None:
            interaction.payload |= self._of_message(message, block, action) | {"response_url": interaction.response_url}
        elif view is not None:
            interaction.payload |= {"container": {"type": "view", "view_id": view.id}, "view": view.api()}
        self._send(interaction, self._clicked)
        return interaction

    def submit(self, user: str, view: View, values: Mapping[str, Any]) -> Interaction:
        """Submit a modal.

        `values` are by action_id, by block_id, or nested as in view.state. Errors that Slack's client finds itself,
        such as an empty required field, are shown at the input and nothing is sent: `error` is then `invalid_input`.
        """
        interaction = Interaction("interactive", user, None, {})
        complaints = {}
        view.values = state(view.blocks, view.values, values)
        for block in view.blocks:
            if block["type"] != "input":
                continue
            element = block["element"]
            value = view.values[block["block_id"]][element["action_id"]]
            if (wrong := input_error(block, element, value)) is not None:
                complaints[block["block_id"]] = wrong
        if complaints:
            interaction.error = "invalid_input"
            self._show_errors(view, complaints)
            return interaction
        self._reply_to(interaction, None, view)
        interaction.payload |= self._who(user) | {
            "type": "view_submission",
            "view": view.api(),
            "trigger_id": interaction.trigger_id,
            "response_urls": [],
        }
        self._send(interaction, lambda done: self._submitted(done, view))
        return interaction

    def close(self, user: str, view: View, *, cleared: bool = False) -> Interaction | None:
        """Close a modal, or with `cleared` its whole stack. Notifies the app if it asked for that."""
        stack = list(self._workspace.modals[user])
        cleared = cleared or bool(view.content.get("clear_on_close"))
        self._workspace.close_modals(reversed(stack) if cleared else [view])
        if not view.content.get("notify_on_close"):
            return None
        payload = self._who(user) | {"type": "view_closed", "view": view.api(), "is_cleared": cleared}
        interaction = Interaction("interactive", user, None, payload)
        self._send(interaction, lambda _done: None)
        return interaction

    def respond(self, url: ResponseUrl, body: Mapping[str, Any]) -> None:
        """Handle a POST to a response URL, or a command's immediate response. Raises SlackError."""
        workspace = self._workspace
        with workspace.changed:
            # A command's URL replaces its immediate response.
            origin = url.origin or next(iter(url.interaction.responses), None)
            if body.get("delete_original"):
                if origin is not None:
                    workspace.delete(origin, BOT_USER)
                return
            text = limits.check_text(str(body.get("text") or ""), limits.POST_TEXT)
            unsupported = self._services.faults.unsupported_blocks
            blocks = limits.check_blocks(body.get("blocks") or [], weigh=False, unsupported=unsupported)
            if not text and not blocks:
                raise SlackError("no_text")
            if body.get("replace_original") and origin is not None and not origin.deleted:
                workspace.edit(origin, text, blocks)
                url.interaction.responses.append(origin)
                return
            user, channel = url.interaction.user, url.interaction.channel or ""
            seen_by = None if body.get("response_type") == "in_channel" else user
            thread = body.get("thread_ts")
            message = Message(channel, workspace.ts(), BOT_USER, text, blocks, thread_ts=thread, ephemeral_for=seen_by)
            url.interaction.responses.append(message)
            workspace.post(message)

    def _who(self, user: str) -> Json:
        name = self._workspace.users[user].name
        return {
            "user": {"id": user, "username": name, "name": name, "team_id": TEAM["id"]},
            "team": {"id": TEAM["id"], "domain": TEAM["domain"]},
            "api_app_id": APP_ID,
            "token": "sandbox",
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _of_message(self, message: Message, block: Json, action: Json) -> Json:
        container: Json = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": message.channel,
            "is_ephemeral": bool(message.ephemeral_for),
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        picked = {} if action["type"] == "button" else {block["block_id"]: {action["action_id"]: action}}
        payload: Json = {
            "container": container,
            "channel": {"id": message.channel, "name": self._workspace.channels[message.channel].name},
            "state": {"values": state(message.blocks, picked)},
        }
        # Slack doesn't send ephemeral messages back.
        return payload if message.ephemeral_for else payload | {"message": message.api()}

    def _reply_to(self, interaction: Interaction, origin: Message | None, view: View | None = None) -> None:
        interaction.trigger_id = self._services.triggers.issue(interaction.user, view.id if view else None)
        if interaction.channel:
            interaction.response_url = self._services.url + self._services.response_urls.issue(interaction, origin)

    def _event(self, user: str, channel: str | None, event: Json) -> Interaction:
        payload: Json = {
            "type": "event_callback",
            "token": "sandbox",
            "team_id": TEAM["id"],
            "api_app_id": APP_ID,
            "event": event | {"event_ts": self._workspace.ts()},
            "event_id": self._workspace.new_id("Ev"),
            "event_time": int(self._workspace.clock()),
            "authorizations": [{"team_id": TEAM["id"], "user_id": BOT_USER, "is_bot": True}],
        }
        interaction = Interaction("events_api", user, channel, payload)
        self._send(interaction, lambda _done: None)
        return interaction

    def _toast(self, user: str, text: str) -> None:
        self._workspace.publish({"type": "toast", "user": user, "text": text})

    def _command_answered(self, interaction: Interaction) -> None:
        if interaction.error:
            text = f"{COMMAND} failed with the error “{interaction.error}”"
            channel = interaction.channel or ""
            self._workspace.post(Message(channel, self._workspace.ts(), SLACKBOT, text, ephemeral_for=interaction.user))
        elif interaction.ack:
            url = ResponseUrl(interaction, 0, None)
            try:
                self.respond(url, interaction.ack)
            except SlackError as refused:
                self._toast(interaction.user, f"Slack rejected the response to {COMMAND}: {refused.code}")

    def _clicked(self, interaction: Interaction) -> None:
        if interaction.error:
            self._toast(interaction.user, _TROUBLE)

    def _show_errors(self, view: View, errors: dict[str, str]) -> None:
        view.errors = errors
        self._workspace.publish({"type": "modal", "user": view.user, "view": view.page()})

    def _submitted(self, interaction: Interaction, view: View) -> None:
        if interaction.error:
            self._toast(interaction.user, _TROUBLE)
            return
        try:
            self._react(view, interaction.ack or {})
        except SlackError as refused:
            interaction.error = refused.code
            self._toast(interaction.user, _TROUBLE)

    def _react(self, view: View, ack: Json) -> None:
        """https://docs.slack.dev/surfaces/modals#response_actions."""
        workspace = self._workspace
        stack = workspace.modals.get(view.user, [])
        match ack.get("response_action"):
            case None if view in stack:
                workspace.close_modals([view])
            case "clear":
                workspace.close_modals(reversed(stack))
            case "errors":
                errors = ack.get("errors") or {}
                if not errors or not {block["block_id"] for block in view.blocks}.issuperset(errors):
                    raise SlackError("invalid_arguments")
                self._show_errors(view, errors)
            case "update" if view in stack:
                replace(workspace, view, limits.check_view(ack.get("view"), "modal"))
            case "push" if len(stack) < MAX_STACKED:
                workspace.show_modal(new_view(workspace, view.user, limits.check_view(ack.get("view"), "modal"), view))
            case _:
                raise SlackError("invalid_arguments")


def _find(blocks: list[Json], action_id: str, submitted: Any, block_id: str | None) -> tuple[Json, Json]:
    for block in blocks:
        if block_id not in {None, block["block_id"]}:
            continue
        for element in elements(block):
            if element.get("action_id") != action_id:
                continue
            if element["type"] == "button" and submitted not in {None, element.get("value")}:
                continue
            return block, element
    raise LookupError(f"no element has the action_id {action_id}")
