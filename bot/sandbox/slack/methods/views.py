"""views.*: modals and Home tabs."""

import contextlib
from typing import Any

from bot.sandbox.slack import limits
from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.entered_value import elements, entered, state
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.model import Json, View
from bot.sandbox.slack.services import Services
from bot.sandbox.slack.state import Workspace

MAX_STACKED = 3


def new_view(workspace: Workspace, user: str, content: Json, below: View | None = None) -> View:
    """A view with checked content, not shown yet; `below` is the modal that it goes on top of."""
    view_id = workspace.new_id("V")
    named = content | {"blocks": workspace.named(content["blocks"])}
    root = below.root_id if below else view_id
    view = View(view_id, user, named, workspace.new_id("h"), root, below.id if below else None)
    view.values = state(view.blocks, {})
    return view


def _still_there(view: View) -> Json:
    """The values of elements whose type has not changed, without options that no longer exist."""
    kept: Json = {}
    for block in view.blocks:
        for element in elements(block):
            value = view.values.get(block["block_id"], {}).get(element.get("action_id"))
            if value is None or value["type"] != element["type"]:
                continue
            with contextlib.suppress(LookupError):
                kept.setdefault(block["block_id"], {})[element["action_id"]] = entered(element, value)
    return kept


def replace(workspace: Workspace, view: View, content: Json) -> None:
    """Replace a view's content. Values entered under the same IDs stay, as in Slack."""
    with workspace.changed:
        view.content = content | {"blocks": workspace.named(content["blocks"])}
        view.hash = workspace.new_id("h")
        view.errors = {}
        view.values = state(view.blocks, _still_there(view))
        if view.content["type"] == "home":
            workspace.publish({"type": "home", "user": view.user, "view": view.page()})
        else:
            workspace.publish({"type": "modal", "user": view.user, "view": view.page()})


def _view(args: Arguments, kind: str) -> Json:
    view: Any = args.structure("view")
    return limits.check_view(view, kind)


def _unused(workspace: Workspace, content: Json) -> None:
    name = content.get("external_id")
    views = [*workspace.homes.values(), *(view for stack in workspace.modals.values() for view in stack)]
    if name and any(view.content.get("external_id") == name for view in views):
        raise SlackError("duplicate_external_id")


def open_modal(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/views.open."""
    workspace = services.workspace
    content = _view(args, "modal")
    _unused(workspace, content)
    trigger = services.triggers.exchange(args.required("trigger_id"))
    view = new_view(workspace, trigger.user, content)
    workspace.close_modals(workspace.modals.get(trigger.user, []))
    workspace.show_modal(view)
    return {"view": view.api()}


def push(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/views.push."""
    workspace = services.workspace
    content = _view(args, "modal")
    _unused(workspace, content)
    trigger = services.triggers.exchange(args.required("trigger_id"))
    below = workspace.modal(trigger.view_id) if trigger.view_id else None
    if below is None:
        raise SlackError("not_found")
    if len(workspace.modals[trigger.user]) >= MAX_STACKED:
        raise SlackError("push_limit_reached")
    view = new_view(workspace, trigger.user, content, below)
    workspace.show_modal(view)
    return {"view": view.api()}


def update(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/views.update."""
    workspace = services.workspace
    name, external = args.text("view_id"), args.text("external_id")
    views = [view for stack in workspace.modals.values() for view in stack]
    matching = [view for view in views if view.id == name or (external and view.content.get("external_id") == external)]
    if not matching:
        raise SlackError("not_found")
    content = _view(args, "modal")
    if "hash" in args and args.text("hash") != matching[0].hash:
        raise SlackError("hash_conflict")
    replace(workspace, matching[0], content)
    return {"view": matching[0].api()}


def publish(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/views.publish."""
    workspace = services.workspace
    content = _view(args, "home")
    user = args.required("user_id")
    if user not in workspace.users:
        raise SlackError("invalid_arguments", ["[ERROR] invalid user_id [json-pointer:/user_id]"])
    home = workspace.homes.get(user)
    if home is None:
        home = workspace.homes[user] = new_view(workspace, user, content)
    elif "hash" in args and args.text("hash") != home.hash:
        raise SlackError("hash_conflict")
    replace(workspace, home, content)
    return {"view": home.api()}
