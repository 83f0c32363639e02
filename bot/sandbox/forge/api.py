"""GitHub's REST API, as far as the bot calls it, in the shapes of GitHub Enterprise Server.

https://docs.github.com/en/enterprise-server/rest
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.sandbox.forge.git import CommitFacts
from bot.sandbox.forge.hosting import Comment, HostedRepository, Pull, RefusedError, Review

_DOCS = "https://docs.github.com/rest"
_STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}
_SHA = re.compile(r"[0-9a-f]{40}", re.ASCII)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call: `root` is the forge's URL, `found` the path's groups, `body` the request's object."""

    root: str
    login: str
    writes: frozenset[str]
    repository: HostedRepository
    found: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def api(self) -> str:
        """The repository's own URL in the API."""
        return f"{self.root}/api/v3/repos/{self.repository.full_name}"

    @property
    def web(self) -> str:
        """The repository's page."""
        return f"{self.root}/{self.repository.full_name}"

    @property
    def number(self) -> int:
        """The pull request's number in the path."""
        return int(self.found["number"])

    def text(self, name: str) -> str:
        """A string of the body, "" when it is missing. RefusedError 422 for anything else."""
        value = self.body.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise RefusedError(422, f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not a string.")
        return value


@dataclass(frozen=True, slots=True)
class Route:
    """One REST call: `needs` is the permission a token must have to write, None for reading."""

    method: str
    path: str
    answer: Callable[[Call], Json | list[Json]]
    status: int = 200
    needs: str | None = None


def error(status: int, message: str, errors: list[dict[str, str]] | None = None) -> Json:
    """An error as GitHub words it."""
    return {
        "message": message,
        **({"errors": errors} if errors else {}),
        "documentation_url": _DOCS,
        "status": str(status),
    }


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
        "id": 1,
        "name": repository.name,
        "full_name": repository.full_name,
        "owner": user(repository.owner, call.root),
        "private": False,
        "url": call.api,
        "html_url": call.web,
        "clone_url": f"{call.web}.git",
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
        "url": f"{call.api}/pulls/{pull.number}",
        "issue_url": f"{call.api}/issues/{pull.number}",
        "html_url": f"{call.web}/pull/{pull.number}",
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
        "html_url": f"{call.web}/pull/{call.number}#review-{review.id}",
    }


def _comment(call: Call, comment: Comment) -> Json:
    return {
        "id": comment.id,
        "user": user(comment.by, call.root),
        "body": comment.body,
        "created_at": _time(comment.at),
        "html_url": f"{call.web}/pull/{call.number}#comment-{comment.id}",
    }


def _commit(call: Call, commit: CommitFacts) -> Json:
    login = call.repository.login_of(commit.email)
    return {
        "sha": commit.sha,
        "url": f"{call.api}/commits/{commit.sha}",
        "html_url": f"{call.web}/commit/{commit.sha}",
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
        "parents": [{"sha": sha, "url": f"{call.api}/commits/{sha}"} for sha in commit.parents],
    }


def _found_commit(call: Call) -> CommitFacts:
    name = call.found["sha"]
    git = call.repository.git
    sha = git.object(name if _SHA.fullmatch(name) else f"refs/heads/{name}") or git.object(name)
    if sha is None:
        raise RefusedError(422, f"No commit found for SHA: {name}")
    return git.commit(sha)


def _pulls(call: Call) -> list[Json]:
    state, head, base = call.query.get("state", "open"), call.query.get("head"), call.query.get("base")
    own = f"{call.repository.owner}:"
    found = [
        pull
        for pull in call.repository.listed()
        if state in ("all", pull.state) and head in (None, own + pull.head) and base in (None, pull.base)
    ]
    if call.query.get("direction") == "asc":
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
        "commit": {"sha": sha, "url": f"{call.api}/commits/{sha}"},
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


def installation_token(token: str, now: datetime) -> Json:
    """What a GitHub App is given to act in a repository; it expires in an hour."""
    return {
        "token": token,
        "expires_at": _time(now + timedelta(hours=1)),
        "permissions": {"contents": "write", "pull_requests": "write", "metadata": "read"},
        "repository_selection": "selected",
    }
