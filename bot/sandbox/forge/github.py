"""GitHub's REST API, as far as the bot calls it, in the shapes of GitHub Enterprise Server.

https://docs.github.com/en/enterprise-server/rest
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from bot.sandbox.forge.dialect import Answer, Call, Dialect, Json, Limit, Route
from bot.sandbox.forge.git import CommitFacts
from bot.sandbox.forge.hosting import Comment, Pull, RefusedError, Review

_DOCS = "https://docs.github.com/rest"
_STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}
_SHA = re.compile(r"[0-9a-f]{40}", re.ASCII)
_PREFIX = "/api/v3"


def error(status: int, message: str, errors: list[dict[str, str]] | None = None) -> Json:
    """An error as GitHub words it."""
    return {
        "message": message,
        **({"errors": errors} if errors else {}),
        "documentation_url": _DOCS,
        "status": str(status),
    }


def _api(call: Call) -> str:
    return f"{call.root}{_PREFIX}/repos/{call.repository.full_name}"


def _web(call: Call) -> str:
    return f"{call.root}/{call.repository.full_name}"


def user(login: str, root: str) -> Json:
    """An account."""
    return {
        "login": login,
        "id": sum(login.encode()) + len(login),
        "type": "Bot" if login.endswith("[bot]") else "User",
        "url": f"{root}/api/v3/users/{login}",
        "html_url": f"{root}/{login}",
    }


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def _repository(call: Call) -> Json:
    repository = call.repository
    return {
        "id": repository.id,
        "name": repository.name,
        "full_name": repository.full_name,
        "owner": user(repository.owner, call.root),
        "private": False,
        "url": _api(call),
        "html_url": _web(call),
        "clone_url": f"{_web(call)}.git",
        "default_branch": repository.branch,
        "permissions": {"admin": False, "push": "contents" in call.writes, "pull": True},
    }


def _brief(call: Call, pull: Pull) -> Json:
    # Lists leave out what only the single answer tells: merged, merged_by, mergeable and the counts.
    here = call.repository
    return {
        "number": pull.number,
        "id": 70_000 + pull.number,
        "title": pull.title,
        "body": pull.body,
        "state": pull.state,
        "draft": False,
        "user": user(pull.author, call.root),
        "url": f"{_api(call)}/pulls/{pull.number}",
        "issue_url": f"{_api(call)}/issues/{pull.number}",
        "html_url": f"{_web(call)}/pull/{pull.number}",
        "created_at": _time(pull.created_at),
        "updated_at": _time(pull.updated_at),
        "closed_at": _time(pull.closed_at),
        "merged_at": _time(pull.merged_at),
        # While it is open this is GitHub's test merge, a commit that is on no branch.
        "merge_commit_sha": pull.merge_sha or pull.head_sha[::-1],
        **{
            side: {
                "ref": ref,
                "label": f"{here.owner}:{ref}",
                "sha": sha,
                "user": user(here.owner, call.root),
                "repo": _repository(call),
            }
            for side, ref, sha in (("head", pull.head, pull.head_sha), ("base", pull.base, pull.base_sha))
        },
    }


def _whole(call: Call, pull: Pull) -> Json:
    return _brief(call, pull) | {
        "merged": pull.merged_at is not None,
        "merged_by": user(pull.merged_by, call.root) if pull.merged_by else None,
        "mergeable": call.repository.mergeable(pull) if pull.state == "open" else None,
        "comments": len(pull.comments),
        "commits": len(call.repository.commits_of(pull)),
    }


def _review(call: Call, review: Review) -> Json:
    return {
        "id": review.id,
        "user": user(review.by, call.root),
        "state": review.state,
        "body": review.body,
        "commit_id": review.sha,
        "submitted_at": _time(review.at),
        "html_url": f"{_web(call)}/pull/{call.number}#review-{review.id}",
    }


def _comment(call: Call, comment: Comment) -> Json:
    return {
        "id": comment.id,
        "user": user(comment.by, call.root),
        "body": comment.body,
        "created_at": _time(comment.at),
        "html_url": f"{_web(call)}/pull/{call.number}#comment-{comment.id}",
    }


def _commit(call: Call, commit: CommitFacts) -> Json:
    login = call.repository.login_of(commit.email)
    return {
        "sha": commit.sha,
        "url": f"{_api(call)}/commits/{commit.sha}",
        "html_url": f"{_web(call)}/commit/{commit.sha}",
        "author": user(login, call.root) if login else None,
        "commit": {
            "message": commit.message,
            "tree": {"sha": commit.tree},
            "author": {"name": commit.author, "email": commit.email, "date": _time(commit.authored_at)},
            "committer": {
                "name": commit.committer,
                "email": commit.committer_email,
                "date": _time(commit.committed_at),
            },
        },
        "parents": [{"sha": sha, "url": f"{_api(call)}/commits/{sha}"} for sha in commit.parents],
    }


def _found_commit(call: Call) -> CommitFacts:
    name = call.found["sha"]
    git = call.repository.git
    sha = git.object(name if _SHA.fullmatch(name) else f"refs/heads/{name}") or git.object(name)
    if sha is None:
        raise RefusedError(422, f"No commit found for SHA: {name}")
    return git.commit(sha)


def _pulls(call: Call) -> list[Json]:
    state, head, base = call.asked("state", "open"), call.asked("head"), call.asked("base")
    own = f"{call.repository.owner}:"
    found = [
        pull
        for pull in call.repository.listed()
        if state in ("all", pull.state) and head in ("", own + pull.head) and base in ("", pull.base)
    ]
    if call.asked("direction") == "asc":
        found.reverse()
    return [_brief(call, pull) for pull in found]


def _create_pull(call: Call) -> Json:
    pull = call.repository.open_pull(
        head=call.text("head").removeprefix(f"{call.repository.owner}:"),
        base=call.text("base"),
        title=call.text("title"),
        body=call.text("body"),
        by=call.login,
    )
    return _whole(call, pull)


def _create_review(call: Call) -> Json:
    state = _STATES.get(call.text("event"))
    if state is None:
        raise RefusedError(422, "Validation Failed: event must be APPROVE, REQUEST_CHANGES or COMMENT")
    return _review(call, call.repository.review(call.number, call.login, state, call.text("body")))


def _merge(call: Call) -> Json:
    method, head = call.text("merge_method") or "merge", call.text("sha") or None
    pull = call.repository.merge(call.number, call.login, method, expected_head=head)
    return {"sha": pull.merge_sha, "merged": True, "message": "Pull Request successfully merged"}


def _branch(call: Call, name: str, sha: str) -> Json:
    return {
        "name": name,
        "commit": {"sha": sha, "url": f"{_api(call)}/commits/{sha}"},
        "protected": name in call.repository.protected,
    }


def _one_branch(call: Call) -> Json:
    sha = call.repository.git.tip(call.found["branch"])
    if sha is None:
        raise RefusedError(404, "Branch not found")
    return _branch(call, call.found["branch"], sha)


def _create_ref(call: Call) -> Json:
    name, sha = call.text("ref").removeprefix("refs/heads/"), call.text("sha")
    git = call.repository.git
    if not _SHA.fullmatch(sha) or git.object(sha) is None:
        raise RefusedError(422, "Object does not exist")
    if git.tip(name):
        raise RefusedError(422, "Reference already exists")
    git.move(name, sha, None)
    return {"ref": f"refs/heads/{name}", "object": {"type": "commit", "sha": sha}}


def _close(call: Call) -> Json:
    if call.text("state") == "closed":
        call.repository.close(call.number)
    return _whole(call, call.repository.pull(call.number))


ROUTES: tuple[Route, ...] = (
    Route("GET", "", _repository),
    Route("GET", "/pulls", _pulls),
    Route("POST", "/pulls", _create_pull, 201, "pull_requests"),
    Route("GET", "/pulls/{number:[0-9]+}", lambda call: _whole(call, call.repository.pull(call.number))),
    Route("PATCH", "/pulls/{number:[0-9]+}", _close, 200, "pull_requests"),
    Route(
        "GET",
        "/pulls/{number:[0-9]+}/reviews",
        lambda call: [_review(call, review) for review in call.repository.pull(call.number).reviews],
    ),
    Route("POST", "/pulls/{number:[0-9]+}/reviews", _create_review, 200, "pull_requests"),
    Route("PUT", "/pulls/{number:[0-9]+}/merge", _merge, 200, "contents"),
    Route(
        "GET",
        "/issues/{number:[0-9]+}/comments",
        lambda call: [_comment(call, comment) for comment in call.repository.pull(call.number).comments],
    ),
    Route(
        "POST",
        "/issues/{number:[0-9]+}/comments",
        lambda call: _comment(call, call.repository.comment(call.number, call.login, call.text("body"))),
        201,
        "issues",
    ),
    Route(
        "GET",
        "/commits/{sha}/pulls",
        lambda call: [_brief(call, pull) for pull in call.repository.pulls_of(_found_commit(call).sha)],
    ),
    Route("GET", "/commits/{sha:.+}", lambda call: _commit(call, _found_commit(call))),
    Route(
        "GET",
        "/branches",
        lambda call: [_branch(call, name, sha) for name, sha in call.repository.git.branches().items()],
    ),
    Route("GET", "/branches/{branch:.+}", _one_branch),
    Route("POST", "/git/refs", _create_ref, 201, "contents"),
)


def _refused(refused: RefusedError) -> Answer:
    status, words = _REASONS.get(refused.reason, (refused.status, str(refused)))
    headers = {"X-Accepted-GitHub-Permissions": f"{refused.about}=write"} if refused.reason == "scope" else {}
    return Answer(status, error(status, words, refused.errors), headers)


_REASONS = {
    "token": (401, "Bad credentials"),
    "scope": (403, "Resource not accessible by personal access token"),
    "archived": (403, "Repository was archived so is read-only."),
}


def _limited(limit: Limit) -> Answer:
    if limit.secondary:
        said = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        return Answer(403, error(403, said), {"Retry-After": str(limit.wait)})
    return Answer(403, error(403, "API rate limit exceeded for user ID 1."))


def _limits(limit: Limit) -> Mapping[str, str]:
    return {
        "X-RateLimit-Limit": str(limit.most),
        "X-RateLimit-Remaining": str(limit.left),
        "X-RateLimit-Reset": str(int(limit.reset.timestamp())),
    }


def _page(url: str, query: Mapping[str, list[str]], items: list[Json]) -> Answer:
    try:
        size = min(max(int(query.get("per_page", ["30"])[0]), 1), 100)
        page = max(int(query.get("page", ["1"])[0]), 1)
    except ValueError as wrong:
        raise RefusedError(422, "per_page and page are numbers") from wrong
    headers = {}
    if page * size < len(items):
        following = urlencode({**query, "page": [page + 1]}, doseq=True)
        headers["Link"] = f'<{url}?{following}>; rel="next"'
    return Answer(200, items[(page - 1) * size : page * size], headers)


def _moved(url: str, method: str) -> Answer:
    # https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
    status = 301 if method == "GET" else 307
    body = {"message": "Moved Permanently", "url": url, "documentation_url": _DOCS}
    return Answer(status, body, {"Location": url})


GITHUB = Dialect(
    prefix=_PREFIX,
    repository="/repos/{owner}/{name}",
    name_of=lambda found: f"{found['owner']}/{found['name']}",
    spelled=str,
    routes=ROUTES,
    refused=_refused,
    limited=_limited,
    limits=_limits,
    page=_page,
    moved=_moved,
)


def installation_token(token: str, now: datetime) -> Json:
    """What a GitHub App is given to act in a repository; it expires in an hour."""
    return {
        "token": token,
        "expires_at": _time(now + timedelta(hours=1)),
        "permissions": {"contents": "write", "pull_requests": "write", "metadata": "read"},
        "repository_selection": "selected",
    }
