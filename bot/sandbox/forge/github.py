"""The part of GitHub's REST API that the bot calls, as GitHub Enterprise Server serves it.

https://docs.github.com/en/enterprise-server/rest
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from bot.sandbox.forge import github_git
from bot.sandbox.forge import github_shapes as shapes
from bot.sandbox.forge.dialect import Answer, Call, Dialect, HookStyle, Json, Limit, Route
from bot.sandbox.forge.git import CommitFacts
from bot.sandbox.forge.github_check_shapes import check_run, combined_status
from bot.sandbox.forge.hosting import Build, RefusedError

_DOCS = "https://docs.github.com/rest"
_SHA = re.compile(r"[0-9a-f]{40}", re.ASCII)


def error(status: int, message: str, errors: list[dict[str, str]] | None = None) -> Json:
    """The body of an error, in GitHub's format."""
    return {
        "message": message,
        **({"errors": errors} if errors else {}),
        "documentation_url": _DOCS,
        "status": str(status),
    }


def _requested_commit(call: Call) -> CommitFacts:
    name = call.params["sha"]
    git = call.repository.git
    sha = git.object(name if _SHA.fullmatch(name) else f"refs/heads/{name}") or git.object(name)
    if sha is None:
        raise RefusedError(422, f"No commit found for SHA: {name}")
    return git.commit(sha)


def _pulls(call: Call) -> list[Json]:
    state, head, base = call.parameter("state", "open"), call.parameter("head"), call.parameter("base")
    owner_prefix = f"{call.repository.owner}:"
    pulls = [
        pull
        for pull in call.repository.listed()
        if state in ("all", pull.state) and head in ("", owner_prefix + pull.head) and base in ("", pull.base)
    ]
    if call.parameter("direction") == "asc":
        pulls.reverse()
    return [shapes.brief(call, pull) for pull in pulls]


def _activity(call: Call) -> list[Json]:
    ref = call.parameter("ref")
    newest_first = reversed(list(enumerate(call.repository.pushes, 1)))
    return [
        shapes.activity(call, number, push)
        for number, push in newest_first
        if ref in ("", push.branch, f"refs/heads/{push.branch}")
    ]


def _commits(call: Call) -> list[Json]:
    commits = call.repository.listed_commits(call.repository.pull(call.number))
    return [shapes.commit(call, facts) for facts in reversed(commits)]


def _events(call: Call) -> list[Json]:
    pull = call.repository.pull(call.number)
    events = [shapes.review_dismissed(call, review) for review in pull.reviews if review.dismissed_at]
    events += [shapes.base_changed(call, number, retarget) for number, retarget in enumerate(pull.retargets, 1)]
    return sorted(events, key=lambda event: str(event["created_at"]))


def _create_pull(call: Call) -> Json:
    pull = call.repository.open_pull(
        head=call.text("head").removeprefix(f"{call.repository.owner}:"),
        base=call.text("base"),
        title=call.text("title"),
        body=call.text("body"),
        by=call.login,
    )
    return shapes.whole(call, pull)


def _builds(call: Call, *, with_app: bool) -> list[Build]:
    builds = call.repository.builds.get(_requested_commit(call).sha, {})
    return [build for build in builds.values() if bool(build.app) is with_app]


def _check_runs(call: Call) -> Answer:
    sha = _requested_commit(call).sha
    runs = [check_run(call, number, sha, build) for number, build in enumerate(_builds(call, with_app=True), 1)]
    page = _page(f"{shapes.api(call)}/commits/{sha}/check-runs", call.query, runs)
    return replace(page, body={"total_count": len(runs), "check_runs": page.body})


def _status(call: Call) -> Answer:
    sha = _requested_commit(call).sha
    whole = combined_status(call, sha, _builds(call, with_app=False))
    page = _page(f"{shapes.api(call)}/commits/{sha}/status", call.query, whole["statuses"])
    return replace(page, body=whole | {"statuses": page.body})


_ONE = "/pulls/{number:[0-9]+}"
_ROUTES = (
    Route("GET", "", shapes.repository),
    Route("GET", "/activity", _activity),
    Route("GET", "/pulls", _pulls),
    Route("POST", "/pulls", _create_pull, 201, "pull_requests"),
    Route("GET", _ONE, lambda call: shapes.whole(call, call.repository.pull(call.number))),
    Route("GET", f"{_ONE}/commits", _commits),
    Route(
        "GET",
        f"{_ONE}/reviews",
        lambda call: [shapes.review(call, review) for review in call.repository.pull(call.number).reviews],
    ),
    Route("GET", "/issues/{number:[0-9]+}/events", _events),
    Route("GET", "/collaborators/{login}/permission", shapes.permission),
    Route(
        "GET",
        "/commits/{sha}/pulls",
        lambda call: [shapes.brief(call, pull) for pull in call.repository.pulls_of(call.params["sha"])],
    ),
    Route("GET", "/commits/{sha}/check-runs", _check_runs),
    Route("GET", "/commits/{sha}/status", _status),
    Route("GET", "/commits/{sha:.+}", lambda call: shapes.commit(call, _requested_commit(call))),
    *github_git.ROUTES,
)


def _refused(refused: RefusedError) -> Answer:
    status, message = _REASONS.get(refused.reason, (refused.status, str(refused)))
    headers = {"X-Accepted-GitHub-Permissions": f"{refused.about}=write"} if refused.reason == "scope" else {}
    return Answer(status, error(status, message, refused.errors), headers)


_REASONS = {
    "token": (401, "Bad credentials"),
    "scope": (403, "Resource not accessible by personal access token"),
    "archived": (403, "Repository was archived so is read-only."),
}


def _limited(limit: Limit) -> Answer:
    if limit.secondary:
        message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        return Answer(403, error(403, message), {"Retry-After": str(limit.wait)})
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
        raise RefusedError(422, "per_page and page must be numbers") from wrong
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
    prefix=shapes.PREFIX,
    repository="/repos/{owner}/{name}",
    name_of=lambda params: f"{params['owner']}/{params['name']}",
    spelled=str,
    routes=_ROUTES,
    refused=_refused,
    limited=_limited,
    limits=_limits,
    page=_page,
    moved=_moved,
    hooks=HookStyle("X-GitHub-Event", "push", "pull_request", "X-GitHub-Delivery", "X-Hub-Signature-256"),
)
