"""The Web API's methods by name: https://docs.slack.dev/reference/methods."""

from collections.abc import Callable
from typing import Any, TypeAlias

from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.methods import chat, conversations, directory, files, views
from bot.sandbox.slack.services import Services

Method: TypeAlias = Callable[[Services, Arguments], dict[str, Any]]

METHODS: dict[str, Method] = {
    "apps.connections.open": directory.connections_open,
    "auth.test": directory.auth_test,
    "blocks.validate": chat.validate_blocks,
    "chat.delete": chat.delete,
    "chat.getPermalink": chat.get_permalink,
    "chat.postEphemeral": chat.post_ephemeral,
    "chat.postMessage": chat.post_message,
    "chat.update": chat.update,
    "conversations.history": conversations.history,
    "conversations.info": conversations.info,
    "conversations.list": conversations.list_all,
    "conversations.members": conversations.members,
    "conversations.replies": conversations.replies,
    "files.completeUploadExternal": files.complete_upload_external,
    "files.getUploadURLExternal": files.get_upload_url_external,
    "usergroups.users.list": directory.usergroups_users_list,
    "users.info": directory.users_info,
    "users.lookupByEmail": directory.users_lookup_by_email,
    "views.open": views.open_modal,
    "views.publish": views.publish,
    "views.push": views.push,
    "views.update": views.update,
}

# The bot token scope that each method needs; other methods need none.
SCOPES = {
    "chat.delete": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "conversations.history": "channels:history",
    "conversations.info": "channels:read",
    "conversations.list": "channels:read",
    "conversations.members": "channels:read",
    "conversations.replies": "channels:history",
    "files.completeUploadExternal": "files:write",
    "files.getUploadURLExternal": "files:write",
    "usergroups.users.list": "usergroups:read",
    "users.info": "users:read",
    "users.lookupByEmail": "users:read.email",
}
