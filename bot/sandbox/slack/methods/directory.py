"""auth.test, users.*, usergroups.*, and apps.connections.open for Socket Mode."""

from bot.sandbox.slack.arguments import Arguments
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.model import BOT_ID, BOT_USER, TEAM, Json, User
from bot.sandbox.slack.services import Services


def auth_test(services: Services, _args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/auth.test."""
    return {
        "url": f"{services.url}/",
        "team": TEAM["name"],
        "team_id": TEAM["id"],
        "user": services.workspace.users[BOT_USER].name,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def connections_open(services: Services, _args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/apps.connections.open."""
    return {"url": services.url.replace("http", "ws", 1) + services.sockets.ticket()}


def _user(user: User, *, email: bool) -> Json:
    profile = {"real_name": user.display, "display_name": user.name}
    if email and user.email:
        profile["email"] = user.email
    return {
        "id": user.id,
        "team_id": TEAM["id"],
        "name": user.name,
        "real_name": user.display,
        "tz": user.zone,
        "deleted": user.left,
        "is_bot": user.bot,
        "profile": profile,
    }


def users_info(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/users.info."""
    user = services.workspace.users.get(args.text("user"))
    if user is None:
        raise SlackError("user_not_found")
    return {"user": _user(user, email="users:read.email" in services.scopes)}


def users_lookup_by_email(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/users.lookupByEmail."""
    email = args.required("email").lower()
    for user in services.workspace.users.values():
        if user.email == email and not user.left:
            return {"user": _user(user, email=True)}
    raise SlackError("users_not_found")


def usergroups_users_list(services: Services, args: Arguments) -> Json:
    """https://docs.slack.dev/reference/methods/usergroups.users.list."""
    group = services.workspace.groups.get(args.text("usergroup"))
    if group is None:
        raise SlackError("no_such_subteam")
    return {"users": list(group.members)}
