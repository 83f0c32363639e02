"""The part of Bitbucket Cloud's REST API that the bot calls. https://developer.atlassian.com/cloud/bitbucket/rest/"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from bot.sandbox.forge.dialect import Answer, Call, Dialect, HookStyle, Json, Limit, Route
from bot.sandbox.forge.git import CommitFacts
from bot.sandbox.forge.hosting import Build, RefusedError
from bot.sandbox.forge.pull import Pull

_PREFIX = "/2.0"
_SHA = re.compile(r"[0-9a-f]{7,40}", re.ASCII)
_TOKEN = re.compile(
    r'(?<!\s)\s*+(?:(?P<sign>[()])|(?P<join>AND|OR)\b|(?<![\w.])(?P<field>[\w.]++)\s*+(?P<how>=|~)\s*+"(?P<value>(?:[^"\\]|\\.)*)")'
)
_MAX_PULLS = 50  # per page; the documentation says otherwise


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def _user(login: str, root: str) -> Json:
    return {
        "type": "app_user" if login.endswith("[bot]") else "user",
        "uuid": f"{{{login}}}",
        "account_id": f"557058:{login}",
        "nickname": login,
        "display_name": login.title(),
        "links": {"html": {"href": f"{root}/%7B{login}%7D/"}},
    }


def _web(call: Call) -> str:
    return f"{call.root}/{call.repository.full_name}"


def _repository(call: Call) -> Json:
    repository = call.repository
    return {
        "type": "repository",
        "uuid": f"{{{repository.full_name}}}",
        "full_name": repository.full_name,
        "name": repository.name,
        "is_private": True,
        "mainbranch": {"type": "branch", "name": repository.branch},
        "links": {"html": {"href": _web(call)}, "clone": [{"name": "https", "href": f"{_web(call)}.git"}]},
    }


def _commit(call: Call, sha: str) -> Json:
    facts = call.repository.git.commit(sha)
    return _commit_of(call, facts)


def _commit_of(call: Call, facts: CommitFacts) -> Json:
    login = call.repository.login_of(facts.email)
    author = {"type": "author", "raw": f"{facts.author} <{facts.email}>"}
    return {
        "type": "commit",
        "hash": facts.sha,
        "date": _time(facts.committed_at),
        "message": facts.message,
        "author": author | ({"user": _user(login, call.root)} if login else {}),
        "parents": [{"type": "commit", "hash": parent} for parent in facts.parents],
    }


def _requested_sha(call: Call) -> str:
    name = call.params["sha"]
    sha = call.repository.git.object(name) if _SHA.fullmatch(name) else None
    if sha is None:
        raise RefusedError(404, "", reason="commit", about=name)
    return sha


def _state(pull: Pull) -> str:
    return "MERGED" if pull.merged_at else {"open": "OPEN", "closed": "DECLINED"}[pull.state]


def _end(call: Call, branch: str, sha: str) -> Json:
    source_repository = {"type": "repository", "full_name": call.repository.full_name}
    return {"branch": {"name": branch}, "commit": {"type": "commit", "hash": sha[:12]}, "repository": source_repository}


def _brief(call: Call, pull: Pull) -> Json:
    return {
        "type": "pullrequest",
        "id": pull.number,
        "title": pull.title,
        "description": pull.body,
        "state": _state(pull),
        "draft": False,
        "author": _user(pull.author, call.root),
        "source": _end(call, pull.head, pull.head_sha),
        "destination": _end(call, pull.base, pull.base_sha),
        "merge_commit": {"type": "commit", "hash": pull.merge_sha[:12]} if pull.merge_sha else None,
        "closed_by": _user(pull.merged_by, call.root) if pull.merged_by else None,
        "created_on": _time(pull.created_at),
        "updated_on": _time(pull.updated_at),
        "links": {"html": {"href": f"{_web(call)}/pull-requests/{pull.number}"}},
    }


def _whole(call: Call, pull: Pull) -> Json:
    participants = [
        {
            "type": "participant",
            "user": _user(login, call.root),
            "role": "REVIEWER",
            "approved": review.state == "APPROVED",
            "state": review.state.lower(),
            "participated_on": _time(review.at),
        }
        for login, review in pull.verdicts.items()
    ]
    return _brief(call, pull) | {
        "participants": participants,
        "reviewers": [participant["user"] for participant in participants],
    }


def _pulls(call: Call) -> list[Json]:
    if int(call.parameter("pagelen", "10")) > _MAX_PULLS:
        raise RefusedError(400, "Invalid pagelen")
    query = call.parameter("q") or 'state="OPEN"'
    if "state" not in query:
        query = f'state="OPEN" AND ({query})'
    pulls = [brief for pull in call.repository.listed() if _holds(query, brief := _brief(call, pull))]
    return pulls if call.parameter("sort").startswith("-") else pulls[::-1]


def _holds(query: str, item: Json) -> bool:
    """Whether an object matches a query, in the part of Bitbucket's query language that the bot uses."""
    tokens = list(_TOKEN.finditer(query))
    if "".join(token[0] for token in tokens).strip() != query.strip():
        raise RefusedError(400, f"Invalid query: {query}")

    def either() -> bool:
        matches = both()
        while tokens and tokens[0]["join"] == "OR":
            tokens.pop(0)
            matches = both() or matches
        return matches

    def both() -> bool:
        matches = one()
        while tokens and tokens[0]["join"] == "AND":
            tokens.pop(0)
            matches = one() and matches
        return matches

    def one() -> bool:
        token = tokens.pop(0)
        if token["sign"]:
            matches = either()
            tokens.pop(0)
            return matches
        value: object = item
        for part in token["field"].split("."):
            value = value.get(part) if isinstance(value, dict) else None
        pattern = re.sub(r"\\(.)", r"\1", token["value"])
        return value == pattern if token["how"] == "=" else pattern.lower() in str(value).lower()

    return either()


def _create_pull(call: Call) -> Json:
    head, base = (str(call.body.get(end, {}).get("branch", {}).get("name", "")) for end in ("source", "destination"))
    try:
        pull = call.repository.open_pull(
            head=head, base=base, title=call.text("title"), body=call.text("description"), by=call.login
        )
    except RefusedError as refused:
        if not isinstance(refused.about, Pull):
            raise
        # Bitbucket updates the open pull request instead of refusing a second one.
        pull = refused.about
        pull.title, pull.body = call.text("title"), call.text("description")
    return _whole(call, pull)


def _base_at(pull: Pull, at: datetime) -> str:
    return next((retarget.before for retarget in pull.retargets if at < retarget.at), pull.base)


def _activity(call: Call) -> list[Json]:
    pull = call.repository.pull(call.number)
    states = [("OPEN", sha, at) for sha, at in pull.heads]
    states += [("OPEN", retarget.head_sha, retarget.at) for retarget in pull.retargets]
    states += [("MERGED", pull.head_sha, pull.merged_at)] if pull.merged_at else []
    updates: list[tuple[datetime, Json]] = [
        (
            at,
            {
                "update": {
                    "date": _time(at),
                    "state": state,
                    "source": _end(call, pull.head, sha),
                    "destination": _end(call, _base_at(pull, at), pull.base_sha),
                }
            },
        )
        for state, sha, at in states
    ]
    approvals: list[tuple[datetime, Json]] = [
        (review.at, {"approval": {"date": _time(review.at), "user": _user(review.by, call.root)}})
        for review in pull.reviews
        if review.state == "APPROVED"
    ]
    comments: list[tuple[datetime, Json]] = [
        (comment.at, {"comment": {"content": {"raw": comment.body}}}) for comment in pull.comments
    ]
    kinds = {field.split(".")[1] for field in call.parameter("fields").split(",") if field.startswith("values.")}
    events = sorted(updates + approvals + comments, key=lambda dated: dated[0], reverse=True)
    return [{kind: event[kind] for kind in event if not kinds or kind in kinds} for _, event in events]


def _pulls_of(call: Call) -> list[Json]:
    sha = _requested_sha(call)
    if call.repository.index != "whole":
        raise RefusedError(404, "", reason=f"index {call.repository.index}")
    # Bitbucket only returns their numbers and titles.
    return [{"type": "pullrequest", "id": pull.number, "title": pull.title} for pull in call.repository.pulls_of(sha)]


def _create_branch(call: Call) -> Json:
    name, target = call.text("name"), str(call.body.get("target", {}).get("hash", ""))
    sha = call.repository.git.object(target) if _SHA.fullmatch(target) else None
    if sha is None:
        raise RefusedError(400, "", reason="commit", about=target)
    call.repository.git.move(name, sha, None)
    return {"type": "branch", "name": name, "target": {"type": "commit", "hash": sha}}


_ONE = "/pullrequests/{number:[0-9]+}"


def _statuses(call: Call) -> list[Json]:
    """https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses/"""
    builds = call.repository.builds.get(_requested_sha(call), {})
    return [build_status(build) for build in builds.values()]


_BUILD_STATES = {"pending": "INPROGRESS", "success": "SUCCESSFUL", "failure": "FAILED", "skipped": "STOPPED"}


def build_status(build: Build) -> Json:
    """A build status, which Data Center has in the same form."""
    return {"key": build.name, "name": build.name, "state": _BUILD_STATES[build.state], "url": build.url}


_ROUTES = (
    Route("GET", "", _repository),
    Route("GET", "/pullrequests", _pulls),
    Route("POST", "/pullrequests", _create_pull, 201, "pull_requests"),
    Route("GET", _ONE, lambda call: _whole(call, call.repository.pull(call.number))),
    Route("GET", f"{_ONE}/activity", _activity),
    Route(
        "GET",
        f"{_ONE}/commits",
        lambda call: [
            _commit_of(call, facts) for facts in call.repository.listed_commits(call.repository.pull(call.number))
        ],
    ),
    Route("GET", "/commit/{sha}", lambda call: _commit(call, _requested_sha(call))),
    Route("GET", "/commit/{sha}/pullrequests", _pulls_of),
    Route("GET", "/commit/{sha}/statuses", _statuses),
    Route("POST", "/refs/branches", _create_branch, 201, "contents"),
)

# reason: (status, message); {0} is `RefusedError.about`
_REASONS = {
    "token": (401, "Token is invalid, expired, or not supported for this endpoint."),
    "repository": (404, "Repository {0} not found"),
    "pull": (404, "Pull request not found"),
    "commit": (404, "Commit not found"),
    "index none": (404, "Resource not found"),
    "index begun": (202, "The pull requests of this repository are still being indexed."),
    "archived": (403, "This repository is archived."),
    "scope": (403, "Your credentials lack one or more required privilege scopes."),
    "branch": (400, "source: branch not found: {0}"),
    "empty": (400, "There are no changes to be pulled"),
}
_SCOPES = {"contents": "repository:write", "pull_requests": "pullrequest:write"}


def _refused(refused: RefusedError) -> Answer:
    status, message = _REASONS.get(refused.reason, (refused.status, str(refused)))
    error: Json = {"message": message.replace("{0}", str(refused.about))}
    if refused.reason == "scope":
        error["detail"] = {"required": [_SCOPES[str(refused.about)]], "granted": ["repository", "pullrequest"]}
    return Answer(status, {"type": "error", "error": error})


def _limited(limit: Limit) -> Answer:
    error = {"message": "Rate limit for this resource has been exceeded"}
    return Answer(429, {"type": "error", "error": error}, {"Retry-After": str(limit.wait)})


def _limits(limit: Limit) -> Mapping[str, str]:
    # https://support.atlassian.com/bitbucket-cloud/docs/api-request-limits/
    near_limit = "true" if limit.left * 5 < limit.most else "false"
    return {"X-RateLimit-Limit": str(limit.most), "X-RateLimit-Resource": "api", "X-RateLimit-NearLimit": near_limit}


def _page(url: str, query: Mapping[str, list[str]], items: list[Json]) -> Answer:
    size, page = int(query.get("pagelen", ["10"])[0]), int(query.get("page", ["1"])[0])
    body: Json = {"pagelen": size, "page": page, "size": len(items), "values": items[(page - 1) * size : page * size]}
    if page * size < len(items):
        body["next"] = f"{url}?{urlencode({**query, 'page': [page + 1]}, doseq=True)}"
    return Answer(200, body)


def _moved(url: str, _method: str) -> Answer:
    return Answer(301, "", {"Location": url})


_name_of: Callable[[Mapping[str, str]], str] = "{workspace}/{slug}".format_map

BITBUCKET = Dialect(
    prefix=_PREFIX,
    repository="/repositories/{workspace}/{slug}",
    name_of=_name_of,
    spelled=str,
    routes=_ROUTES,
    refused=_refused,
    limited=_limited,
    limits=_limits,
    page=_page,
    moved=_moved,
    hooks=HookStyle("X-Event-Key", "repo:push", "pullrequest:updated", "X-Request-UUID", "X-Hub-Signature"),
    users=frozenset({"x-token-auth", "x-bitbucket-api-token-auth"}),
)
