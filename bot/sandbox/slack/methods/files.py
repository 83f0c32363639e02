"""files.*: uploads in three steps (https://docs.slack.dev/messaging/working-with-files#uploading_files)."""

from typing import Any

from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.model import BOT_USER, File, Json, Message
from bot.sandbox.slack.services import Services

SNIPPET_BYTES = 1_000_000


def get_upload_url_external(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/files.getUploadURLExternal: the URL to POST the bytes to."""
    workspace = services.workspace
    name, length = args.required("filename"), args.number("length", 0)
    if length <= 0:
        raise SlackError("invalid_arguments", ["[ERROR] must be greater than 0 [json-pointer:/length]"])
    if "snippet_type" in args and length > SNIPPET_BYTES:
        raise SlackError("snippet_too_large")
    file = File(workspace.new_id("F"), name, length, workspace.new_id("u"), alt_text=args.text("alt_txt"))
    workspace.files[file.id] = file
    return {"upload_url": f"{services.url}/upload/v1/{file.ticket}", "file_id": file.id}


def complete_upload_external(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/files.completeUploadExternal: share the uploaded files."""
    workspace = services.workspace
    listed: Any = args.structure("files")
    if not isinstance(listed, list) or not listed:
        raise SlackError("invalid_arguments", ["[ERROR] missing required field: files"])
    files = []
    for item in listed:
        file = workspace.files.get(item.get("id", "")) if isinstance(item, dict) else None
        if file is None or file.content is None or file.shared:
            raise SlackError("file_not_found")
        file.title = item.get("title") or file.name
        files.append(file)
    channel = args.text("channel_id") or args.text("channels")
    if channel:
        target = workspace.bot_channel(channel)
        workspace.post(
            Message(
                target.id,
                workspace.ts(),
                BOT_USER,
                args.text("initial_comment"),
                thread_ts=args.text("thread_ts") or None,
                files=files,
            )
        )
    for file in files:
        file.shared = True
    return {"files": [{"id": file.id, "title": file.title} for file in files]}
