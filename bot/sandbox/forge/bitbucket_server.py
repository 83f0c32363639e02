"""The part of Bitbucket Data Center's REST API that the bot calls. https://developer.atlassian.com/server/bitbucket/rest/"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import pairwise

from bot.sandbox.forge.bitbucket import build_status
from bot.sandbox.forge.dialect import Answer, Call, Dialect, HookStyle, Json, Limit, Route
from bot.sandbox.forge.hosting import HostedRepository, RefusedError
from bot.sandbox.forge.pull import Pull, Retarget

BUILD_STATUSES = "/rest/build-status/latest/commits"
_HEADS = "refs/heads/"
_SHA = re.compile(r"[0-9a-f]{40}", re.ASCII)
_VERDICTS = {"APPROVED": "APPROVED", "CHANGES_REQUESTED": "NEEDS_WORK"}


def _time(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _user(login: str) -> Json:
    kind = "SERVICE" if login.endswith("[bot]") else "NORMAL"
    return {"name": login, "slug": login, "displayName": login.title(), "active": True, "type": kind}


def _web(call: Call) -> str:
    return f"{call.root}/projects/{call.repository.owner}/repos/{call.repository.name}"


def _repository(call: Call) -> Json:
    repository = call.repository
    return {
        "id": repository.id,
        "slug": repository.name,
        "name": repository.name,
        "state": "AVAILABLE",
        "archived": repository.archived,
        "project": {"key": repository.owner, "name": repository.owner},
        "links": {
            "self": [{"href": f"{_web(call)}/browse"}],
            "clone": [{"name": "http", "href": f"{call.root}/scm/{repository.full_name}.git"}],
        },
    }


def _state(pull: Pull) -> str:
    return "MERGED" if pull.merged_at else {"open": "OPEN", "closed": "DECLINED"}[pull.state]


def _participant(login: str, role: str, state: str = "", sha: str = "") -> Json:
    status = _VERDICTS.get(state, "UNAPPROVED")
    reviewed = {"lastReviewedCommit": sha} if sha else {}
    return {"user": _user(login), "role": role, "approved": status == "APPROVED", "status": status, **reviewed}


def _pull(call: Call, pull: Pull) -> Json:
    merge = {"id": pull.merge_sha, "displayId": pull.merge_sha[:11]} if pull.merge_sha else None
    return {
        "id": pull.number,
        "version": len(pull.heads),
        "title": pull.title,
        "description": pull.body,
        "state": _state(pull),
        "open": pull.state == "open",
        "closed": pull.state == "closed",
        "createdDate": _time(pull.created_at),
        "updatedDate": _time(pull.updated_at),
        **({"closedDate": _time(pull.closed_at)} if pull.closed_at else {}),
        **{
            side: {
                "id": f"{_HEADS}{branch}",
                "displayId": branch,
                "latestCommit": sha,
                "repository": _repository(call),
            }
            for side, branch, sha in (("fromRef", pull.head, pull.head_sha), ("toRef", pull.base, pull.base_sha))
        },
        "author": _participant(pull.author, "AUTHOR"),
        "reviewers": [
            _participant(login, "REVIEWER", review.state, review.sha) for login, review in pull.verdicts.items()
        ],
        "participants": [],
        "properties": {"mergeCommit": merge} if merge else {},
        "links": {"self": [{"href": f"{_web(call)}/pull-requests/{pull.number}"}]},
    }


def _pulls(call: Call) -> list[Json]:
    state, at = call.parameter("state", "OPEN"), call.parameter("at").removeprefix(_HEADS)
    outgoing = call.parameter("direction", "INCOMING") == "OUTGOING"
    pulls = [
        pull
        for pull in call.repository.listed()
        if state in ("ALL", _state(pull)) and at in ("", pull.head if outgoing else pull.base)
    ]
    if call.parameter("order", "NEWEST") == "OLDEST":
        pulls.reverse()
    return [_pull(call, pull) for pull in pulls]


def _create_pull(call: Call) -> Json:
    head, base = (str(call.body.get(ref, {}).get("id", "")).removeprefix(_HEADS) for ref in ("fromRef", "toRef"))
    pull = call.repository.open_pull(
        head=head, base=base, title=call.text("title"), body=call.text("description"), by=call.login
    )
    return _pull(call, pull)


def _activities(call: Call) -> list[Json]:
    pull = call.repository.pull(call.number)
    events = [(pull.created_at, {"action": "OPENED", "user": _user(pull.author)})]
    for (before, _), (after, at) in pairwise(pull.heads):
        pusher = _user(call.repository.pusher(after) or pull.author)
        events.append((at, {"action": "RESCOPED", "user": pusher, "previousFromHash": before, "fromHash": after}))
    rescoped = ((retarget.at, _rescoped(call, retarget)) for retarget in pull.retargets)
    events += [(at, event) for at, event in rescoped if event["added"]["total"] or event["removed"]["total"]]
    events += [
        (review.at, {"action": _VERDICTS.get(review.state, "COMMENTED"), "user": _user(review.by)})
        for review in pull.reviews
    ]
    events += [
        (comment.at, {"action": "COMMENTED", "user": _user(comment.by), "comment": {"text": comment.body}})
        for comment in pull.comments
    ]
    if pull.merged_at and pull.merged_by:
        merged: Json = {"action": "MERGED", "user": _user(pull.merged_by), "commit": {"id": pull.merge_sha}}
        events.append((pull.merged_at, merged))
    events.sort(key=lambda dated: dated[0], reverse=True)
    return [{"createdDate": _time(at), **event} for at, event in events]


def _rescoped(call: Call, retarget: Retarget) -> Json:
    head, before, after = retarget.head_sha, retarget.before_sha, retarget.after_sha
    old, new = (set(call.repository.git.shas(base, head)) for base in (before, after))
    return {
        "action": "RESCOPED",
        "user": _user(retarget.by),
        "previousFromHash": head,
        "fromHash": head,
        "previousToHash": before,
        "toHash": after,
        "added": {"commits": [{"id": sha} for sha in new - old], "total": len(new - old)},
        "removed": {"commits": [{"id": sha} for sha in old - new], "total": len(old - new)},
    }


def _person(call: Call, name: str, email: str) -> Json:
    login = call.repository.login_of(email)
    return _user(login) if login else {"name": name, "emailAddress": email}


def _commits(call: Call) -> list[Json]:
    return [
        {
            "id": facts.sha,
            "displayId": facts.sha[:11],
            "message": facts.message,
            "author": _person(call, facts.author, facts.email),
            "committer": _person(call, facts.committer, facts.committer_email),
        }
        for facts in call.repository.listed_commits(call.repository.pull(call.number))
    ]


def _requested_sha(call: Call) -> str:
    sha = call.params["sha"]
    if not _SHA.fullmatch(sha) or call.repository.git.object(sha) is None:
        raise RefusedError(404, "", reason="commit", about=sha)
    return sha


def _commit(call: Call) -> Json:
    facts = call.repository.git.commit(_requested_sha(call))
    return {
        "id": facts.sha,
        "displayId": facts.sha[:11],
        "message": facts.message.strip(),
        "committerTimestamp": _time(facts.committed_at),
        "parents": [{"id": parent} for parent in facts.parents],
    }


def _pulls_of(call: Call) -> list[Json]:
    """The pull requests that contain the commit, but not those whose merge created it."""
    sha, repository = _requested_sha(call), call.repository
    pulls = [pull for pull in repository.listed() if sha in repository.git.shas(pull.base_sha, pull.head_sha)]
    return [_pull(call, pull) for pull in pulls]


def _create_branch(call: Call) -> Json:
    start = call.text("startPoint")
    git = call.repository.git
    sha = git.object(start) if _SHA.fullmatch(start) else git.tip(start)
    if sha is None:
        raise RefusedError(404, "", reason="commit", about=start)
    git.move(call.text("name"), sha, None)
    return {"id": f"{_HEADS}{call.text('name')}", "displayId": call.text("name"), "latestCommit": sha}


_ONE = "/pull-requests/{number:[0-9]+}"


def build_statuses(repositories: Iterable[HostedRepository], sha: str) -> list[Json]:
    """The build statuses of a commit, which Data Center stores independently of repositories.

    https://developer.atlassian.com/server/bitbucket/rest/v1000/api-group-build-status/
    """
    return [build_status(build) for repository in repositories for build in repository.builds.get(sha, {}).values()]


_ROUTES = (
    Route("GET", "", _repository),
    Route("GET", "/pull-requests", _pulls),
    Route("POST", "/pull-requests", _create_pull, 201, "pull_requests"),
    Route("GET", _ONE, lambda call: _pull(call, call.repository.pull(call.number))),
    Route("GET", f"{_ONE}/activities", _activities),
    Route("GET", f"{_ONE}/commits", _commits),
    Route("GET", "/commits/{sha}", _commit),
    Route("GET", "/commits/{sha}/pull-requests", _pulls_of),
    Route("POST", "/branches", _create_branch, 200, "contents"),
)

# reason: (status, exception, message); {0} is `RefusedError.about`
_REASONS = {
    "token": (401, "auth.IncorrectPasswordAuthenticationException", "Authentication failed. Check your credentials."),
    "scope": (401, "AuthorisationException", "You are not permitted to access this resource"),
    "repository": (404, "repository.NoSuchRepositoryException", "Repository {0} does not exist."),
    "pull": (404, "pull.NoSuchPullRequestException", "Pull request {0} does not exist."),
    "commit": (404, "commit.NoSuchCommitException", "Commit '{0}' does not exist."),
    "branch": (404, "commit.NoSuchBranchException", "Branch '{0}' does not exist."),
    "archived": (409, "repository.RepositoryArchivedException", "This repository is archived and read-only."),
    "exists": (
        409,
        "pull.DuplicatePullRequestException",
        "Only one pull request may be open for a given source and target branch",
    ),
    "empty": (409, "pull.EmptyPullRequestException", "The target branch is already up-to-date with the source branch."),
}


def _refused(refused: RefusedError) -> Answer:
    status, exception, message = _REASONS.get(refused.reason, (refused.status, "", str(refused)))
    about = refused.about
    error: Json = {
        "context": None,
        "message": message.replace("{0}", str(about)),
        "exceptionName": f"com.atlassian.bitbucket.{exception}" if exception else None,
    }
    if isinstance(about, Pull):
        error["existingPullRequest"] = {"id": about.number, "title": about.title}
    return Answer(status, {"errors": [error]})


def _limited(limit: Limit) -> Answer:
    # https://confluence.atlassian.com/bitbucketserver/improving-instance-stability-with-rate-limiting-976171954.html
    message = "You have exceeded the rate limit; wait a moment before making further requests."
    return Answer(429, {"errors": [{"context": None, "message": message}]}, {"Retry-After": str(limit.wait)})


def _limits(limit: Limit) -> Mapping[str, str]:
    return {
        "X-RateLimit-Limit": str(limit.most),
        "X-RateLimit-Remaining": str(limit.left),
        "X-RateLimit-FillRate": "5",
        "X-RateLimit-Interval-Seconds": "1",
    }


def _page(_url: str, query: Mapping[str, list[str]], items: list[Json]) -> Answer:
    size, start = int(query.get("limit", ["25"])[0]), int(query.get("start", ["0"])[0])
    last = start + size >= len(items)
    body: Json = {"size": len(items[start : start + size]), "limit": size, "start": start, "isLastPage": last}
    following = None if last else start + size
    return Answer(200, body | {"values": items[start : start + size], "nextPageStart": following})


def _moved(url: str, _method: str) -> Answer:
    return Answer(301, "", {"Location": url})


_name_of: Callable[[Mapping[str, str]], str] = "{project}/{slug}".format_map

BITBUCKET_SERVER = Dialect(
    prefix="/rest/api/latest",
    repository="/projects/{project}/repos/{slug}",
    name_of=_name_of,
    spelled=lambda full_name: "/repos/".join(full_name.split("/")),
    routes=_ROUTES,
    refused=_refused,
    limited=_limited,
    limits=_limits,
    page=_page,
    moved=_moved,
    hooks=HookStyle("X-Event-Key", "repo:refs_changed", "pr:modified", "X-Request-Id", "X-Hub-Signature"),
    git="/scm",
    scheme="bearer",
)
