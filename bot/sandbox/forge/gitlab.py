"""The part of GitLab's REST API that the bot calls. https://docs.gitlab.com/api/rest/"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from bot.sandbox.forge.dialect import Answer, Call, Dialect, HookStyle, Json, Limit, Route
from bot.sandbox.forge.hosting import RefusedError
from bot.sandbox.forge.merge import Method
from bot.sandbox.forge.pull import Pull, Retarget

_PREFIX = "/api/v4"
_SHA = re.compile(r"[0-9a-f]{40}", re.ASCII)
_DEVELOPER = {"access_level": 30, "notification_level": 3}


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z" if at else None


def _number(text: str) -> int:
    return sum(text.encode()) + len(text)


def _user(login: str, root: str) -> Json:
    return {
        "id": _number(login),
        "username": login,
        "name": login.title(),
        "state": "active",
        "locked": False,
        "avatar_url": None,
        "web_url": f"{root}/{login}",
    }


def _web(call: Call) -> str:
    return f"{call.root}/{call.repository.full_name}"


def _project(call: Call) -> Json:
    repository = call.repository
    return {
        "id": repository.id,
        "name": repository.name,
        "path": repository.name,
        "path_with_namespace": repository.full_name,
        "default_branch": repository.branch,
        "visibility": "private",
        "archived": repository.archived,
        "web_url": _web(call),
        "http_url_to_repo": f"{_web(call)}.git",
        "ssh_url_to_repo": f"git@forge:{repository.full_name}.git",
        "permissions": {"project_access": _DEVELOPER, "group_access": None},
    }


def _state(pull: Pull) -> str:
    return "merged" if pull.merged_at else {"open": "opened"}.get(pull.state, pull.state)


def _heads(pull: Pull) -> list[tuple[str, datetime]]:
    """The heads of a pull request, one for each version: a change of the target branch creates one too.

    To rebase, GitLab rewrites the branch and fast-forwards the target to it.
    """
    retargeted = [(retarget.head_sha, retarget.at) for retarget in pull.retargets]
    heads = sorted([*pull.heads, *retargeted], key=lambda dated: dated[1])
    if pull.method is Method.REBASE and pull.merge_sha and pull.merged_at:
        return [*heads, (pull.merge_sha, pull.merged_at)]
    return heads


def _brief(call: Call, pull: Pull) -> Json:
    merged = _user(pull.merged_by, call.root) if pull.merged_by else None
    project = call.repository.id
    return {
        "id": 90_000 + pull.number,
        "iid": pull.number,
        "project_id": project,
        "source_project_id": project,
        "target_project_id": project,
        "title": pull.title,
        "description": pull.body,
        "state": _state(pull),
        "draft": False,
        "author": _user(pull.author, call.root),
        "source_branch": pull.head,
        "target_branch": pull.base,
        "sha": _heads(pull)[-1][0],
        # A fast-forward creates no commit, and a squash without a merge commit has its own field.
        "merge_commit_sha": pull.merge_sha if pull.method is Method.MERGE else None,
        "squash_commit_sha": pull.merge_sha if pull.method is Method.SQUASH else None,
        "created_at": _time(pull.created_at),
        "updated_at": _time(pull.updated_at),
        "closed_at": _time(pull.closed_at) if not pull.merged_at else None,
        "merged_at": _time(pull.merged_at),
        "merge_user": merged,
        "merged_by": merged,
        "web_url": f"{_web(call)}/-/merge_requests/{pull.number}",
    }


def _pulls(call: Call) -> list[Json]:
    state, head, base = call.parameter("state", "all"), call.parameter("source_branch"), call.parameter("target_branch")
    pulls = [
        pull
        for pull in call.repository.listed()
        if state in ("all", _state(pull)) and head in ("", pull.head) and base in ("", pull.base)
    ]
    if call.parameter("sort", "desc") == "asc":
        pulls.reverse()
    return [_brief(call, pull) for pull in pulls]


def _create_pull(call: Call) -> Json:
    head, base, title = (call.text(name) for name in ("source_branch", "target_branch", "title"))
    if head == base:
        raise RefusedError(422, "", reason="same")
    pull = call.repository.open_pull(head=head, base=base, title=title, body=call.text("description"), by=call.login)
    return _brief(call, pull)


def _approvals(call: Call) -> Json:
    pull = call.repository.pull(call.number)
    approvals = [review for review in pull.verdicts.values() if review.state == "APPROVED"]
    return {
        "user_has_approved": any(review.by == call.login for review in approvals),
        "user_can_approve": call.login != pull.author,
        "approved": bool(approvals),
        "approved_by": [{"user": _user(review.by, call.root), "approved_at": _time(review.at)} for review in approvals],
    }


def _versions(call: Call) -> list[Json]:
    pull = call.repository.pull(call.number)
    versions = [
        {
            "id": number,
            "head_commit_sha": sha,
            "base_commit_sha": pull.base_sha,
            "start_commit_sha": pull.base_sha,
            "created_at": _time(at),
            "merge_request_id": 90_000 + pull.number,
            "state": "collected",
        }
        for number, (sha, at) in enumerate(_heads(pull), 1)
    ]
    return versions[::-1]


def _notes(call: Call) -> list[Json]:
    """https://docs.gitlab.com/api/notes/#list-all-merge-request-notes"""
    pull = call.repository.pull(call.number)
    notes = [(comment.at, comment.by, comment.body, False) for comment in pull.comments]
    notes += [(retarget.at, retarget.by, _retargeted(retarget), True) for retarget in pull.retargets]
    notes.sort(key=lambda note: note[0], reverse=call.parameter("sort", "desc") == "desc")
    return [
        {"id": number, "body": body, "author": _user(by, call.root), "created_at": _time(at), "system": system}
        for number, (at, by, body, system) in enumerate(notes, 1)
    ]


def _retargeted(retarget: Retarget) -> str:
    before, after = retarget.before, retarget.after
    if retarget.automatic:
        return f"deleted the `{before}` branch. This merge request now targets the `{after}` branch"
    return f"changed target branch from `{before}` to `{after}`"


def _commits(call: Call) -> list[Json]:
    pull = call.repository.pull(call.number)
    rebased = pull.merge_sha if pull.method is Method.REBASE else None
    git = call.repository.git
    commits = git.log(f"{pull.base_sha}..{rebased}", "--") if rebased else call.repository.listed_commits(pull)
    return [
        {
            "id": facts.sha,
            "short_id": facts.sha[:8],
            "title": facts.subject,
            "author_name": facts.author,
            "author_email": facts.email,
            "committer_name": facts.committer,
            "committer_email": facts.committer_email,
        }
        for facts in commits
    ]


def _pulls_of(call: Call) -> list[Json]:
    sha = call.params["sha"]
    if not _SHA.fullmatch(sha) or call.repository.git.object(sha) is None:
        raise RefusedError(404, "", reason="commit")
    return [_brief(call, pull) for pull in call.repository.pulls_of(sha)]


_JOB_STATUSES = {"pending": "running", "success": "success", "failure": "failed", "skipped": "skipped"}


def _statuses(call: Call) -> list[Json]:
    """https://docs.gitlab.com/api/commits/#list-commit-statuses"""
    sha = call.params["sha"]
    if not _SHA.fullmatch(sha) or call.repository.git.object(sha) is None:
        raise RefusedError(404, "", reason="commit")
    return [
        {
            "id": number,
            "sha": sha,
            "name": build.name,
            "status": _JOB_STATUSES[build.state],
            "target_url": build.url,
            "allow_failure": False,
        }
        for number, build in enumerate(call.repository.builds.get(sha, {}).values(), 1)
    ]


def _events(call: Call) -> list[Json]:
    return [
        {
            "id": number,
            "action_name": "pushed to" if push.before else "pushed new",
            "author_username": push.by,
            "created_at": push.at.isoformat(),
            "push_data": {
                "action": "pushed" if push.before else "created",
                "ref_type": "branch",
                "ref": push.branch,
                "commit_from": push.before or None,
                "commit_to": push.after or None,
            },
        }
        for number, push in reversed(list(enumerate(call.repository.pushes, 1)))
    ]


def _create_branch(call: Call) -> Json:
    ref = call.text("ref")
    git = call.repository.git
    sha = git.tip(ref) or (git.object(ref) if _SHA.fullmatch(ref) else None)
    if sha is None:
        raise RefusedError(400, "", reason="ref", about=ref)
    if git.tip(call.text("branch")):
        raise RefusedError(400, "", reason="taken")
    git.move(call.text("branch"), sha, None)
    return {"name": call.text("branch"), "commit": {"id": sha}}


_ONE = "/merge_requests/{number:[0-9]+}"
_ROUTES = (
    Route("GET", "", _project),
    Route("GET", "/merge_requests", _pulls),
    Route("POST", "/merge_requests", _create_pull, 201, "pull_requests"),
    Route("GET", _ONE, lambda call: _brief(call, call.repository.pull(call.number))),
    Route("GET", f"{_ONE}/approvals", _approvals),
    Route("GET", f"{_ONE}/commits", _commits),
    Route("GET", f"{_ONE}/versions", _versions),
    Route("GET", f"{_ONE}/notes", _notes),
    Route("GET", "/repository/commits/{sha}/merge_requests", _pulls_of),
    Route("GET", "/repository/commits/{sha}/statuses", _statuses),
    Route("GET", "/events", _events),
    Route("POST", "/repository/branches", _create_branch, 201, "contents"),
)

# reason: (status, message); {0} is `RefusedError.about`
_REASONS: Mapping[str, tuple[int, object]] = {
    "token": (401, "401 Unauthorized"),
    "repository": (404, "404 Project Not Found"),
    "pull": (404, "404 Not found"),
    "commit": (404, "404 Commit Not Found"),
    "archived": (403, "403 Forbidden"),
    "exists": (409, ["Another open merge request already exists for this source branch: !{0}"]),
    "same": (422, ["You can't use same project/branch for source and target"]),
    "branch": (400, {"source_branch": ["does not exist"]}),
    "empty": (400, {"base": ["There are no commits between {0}"]}),
    "ref": (400, "Invalid reference name: {0}"),
    "taken": (400, "Branch already exists"),
}


def _refused(refused: RefusedError) -> Answer:
    if refused.reason == "scope":
        description = "The request requires higher privileges than provided by the access token."
        return Answer(403, {"error": "insufficient_scope", "error_description": description, "scope": "api"})
    status, message = _REASONS.get(refused.reason, (refused.status, f"{refused.status} {refused}"))
    about = str(refused.about.number if isinstance(refused.about, Pull) else refused.about)
    return Answer(status, {"message": _filled(message, about)})


def _filled(message: object, about: str) -> object:
    if isinstance(message, str):
        return message.replace("{0}", about)
    if isinstance(message, dict):
        return {key: _filled(value, about) for key, value in message.items()}
    return [_filled(part, about) for part in message] if isinstance(message, Iterable) else message


def _limited(limit: Limit) -> Answer:
    # https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
    return Answer(
        429, "Retry later\n", {"Retry-After": str(limit.wait), "RateLimit-Name": "throttle_authenticated_api"}
    )


def _limits(limit: Limit) -> Mapping[str, str]:
    return {
        "RateLimit-Limit": str(limit.most),
        "RateLimit-Observed": str(limit.most - limit.left),
        "RateLimit-Remaining": str(limit.left),
        "RateLimit-Reset": str(int(limit.reset.timestamp())),
    }


def _page(url: str, query: Mapping[str, list[str]], items: list[Json]) -> Answer:
    size = min(max(int(query.get("per_page", ["20"])[0]), 1), 100)
    page = max(int(query.get("page", ["1"])[0]), 1)
    headers = {"X-Page": str(page), "X-Per-Page": str(size), "X-Total": str(len(items))}
    if page * size < len(items):
        following = urlencode({**query, "page": [page + 1]}, doseq=True)
        headers |= {"X-Next-Page": str(page + 1), "Link": f'<{url}?{following}>; rel="next"'}
    return Answer(200, items[(page - 1) * size : page * size], headers)


def _moved(url: str, method: str) -> Answer:
    if method != "GET":
        return Answer(405, {"message": "405 Non GET methods are not allowed for moved projects"})
    return Answer(301, "", {"Location": url})


GITLAB = Dialect(
    prefix=_PREFIX,
    repository="/projects/{project}",
    name_of=lambda params: params["project"],
    spelled=lambda full_name: quote(full_name, safe=""),
    routes=_ROUTES,
    refused=_refused,
    limited=_limited,
    limits=_limits,
    page=_page,
    moved=_moved,
    hooks=HookStyle("X-Gitlab-Event", "Push Hook", "Merge Request Hook", "Idempotency-Key", plain="X-Gitlab-Token"),
    users=frozenset({"oauth2"}),
)
