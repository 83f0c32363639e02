"""GitHub's response objects, complete as in its OpenAPI description, although the bot reads only a part."""

import base64
from datetime import UTC, datetime, timedelta

from bot.sandbox.forge.dialect import Call, Json
from bot.sandbox.forge.git import CommitFacts
from bot.sandbox.forge.hosting import Push
from bot.sandbox.forge.merge import WEB
from bot.sandbox.forge.pull import Pull, Retarget, Review

PREFIX = "/api/v3"

_USER_LINKS = {
    "followers_url": "followers",
    "following_url": "following{/other_user}",
    "gists_url": "gists{/gist_id}",
    "starred_url": "starred{/owner}{/repo}",
    "subscriptions_url": "subscriptions",
    "organizations_url": "orgs",
    "repos_url": "repos",
    "events_url": "events{/privacy}",
    "received_events_url": "received_events",
}
_REPOSITORY_LINKS = {
    "archive_url": "{archive_format}{/ref}",
    "assignees_url": "assignees{/user}",
    "blobs_url": "git/blobs{/sha}",
    "branches_url": "branches{/branch}",
    "collaborators_url": "collaborators{/collaborator}",
    "comments_url": "comments{/number}",
    "commits_url": "commits{/sha}",
    "compare_url": "compare/{base}...{head}",
    "contents_url": "contents/{+path}",
    "contributors_url": "contributors",
    "deployments_url": "deployments",
    "downloads_url": "downloads",
    "events_url": "events",
    "forks_url": "forks",
    "git_commits_url": "git/commits{/sha}",
    "git_refs_url": "git/refs{/sha}",
    "git_tags_url": "git/tags{/sha}",
    "hooks_url": "hooks",
    "issue_comment_url": "issues/comments{/number}",
    "issue_events_url": "issues/events{/number}",
    "issues_url": "issues{/number}",
    "keys_url": "keys{/key_id}",
    "labels_url": "labels{/name}",
    "languages_url": "languages",
    "merges_url": "merges",
    "milestones_url": "milestones{/number}",
    "notifications_url": "notifications{?since,all,participating}",
    "pulls_url": "pulls{/number}",
    "releases_url": "releases{/id}",
    "stargazers_url": "stargazers",
    "statuses_url": "statuses/{sha}",
    "subscribers_url": "subscribers",
    "subscription_url": "subscription",
    "tags_url": "tags",
    "teams_url": "teams",
    "trees_url": "git/trees{/sha}",
}
_NONE_YET = ("forks", "forks_count", "network_count", "open_issues", "open_issues_count", "size", "stargazers_count",
             "subscribers_count", "watchers", "watchers_count")  # fmt: skip
_HAS = ("has_discussions", "has_downloads", "has_issues", "has_pages", "has_projects", "has_wiki")
_UNSET = ("description", "homepage", "language", "license", "mirror_url")


def time(at: datetime | None) -> str | None:
    """A time in GitHub's format."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def node(kind: str, name: object) -> str:
    """The GraphQL node ID of an object."""
    return base64.b64encode(f"{kind}:{name}".encode()).decode()


def api(call: Call) -> str:
    """The repository's API URL."""
    return f"{call.root}{PREFIX}/repos/{call.repository.full_name}"


def web(call: Call) -> str:
    """The repository's page."""
    return f"{call.root}/{call.repository.full_name}"


def user(login: str, root: str) -> Json:
    """An account."""
    url = f"{root}{PREFIX}/users/{login}"
    return {
        "login": login,
        "id": sum(login.encode()) + len(login),
        "node_id": node("User", login),
        "avatar_url": f"{root}/avatars/{login}",
        "gravatar_id": "",
        "type": "Bot" if login.endswith("[bot]") else "User",
        "site_admin": False,
        "url": url,
        "html_url": f"{root}/{login}",
        **{name: f"{url}/{path}" for name, path in _USER_LINKS.items()},
    }


def myself(login: str, root: str, now: datetime) -> Json:
    """The account of a token, in its public form."""
    unset = dict.fromkeys(("bio", "blog", "company", "email", "hireable", "location", "name"))
    counts = dict.fromkeys(("followers", "following", "public_gists", "public_repos"), 0)
    profile = {"user_view_type": "public", "created_at": time(now), "updated_at": time(now)}
    return user(login, root) | unset | counts | profile


def repository(call: Call) -> Json:
    """The repository."""
    hosted = call.repository
    changed = time(hosted.created_at)
    return {
        "id": hosted.id,
        "node_id": node("Repository", hosted.full_name),
        "name": hosted.name,
        "full_name": hosted.full_name,
        "owner": user(hosted.owner, call.root),
        "private": False,
        "fork": False,
        "archived": hosted.archived,
        "disabled": False,
        "visibility": "public",
        "default_branch": hosted.branch,
        "url": api(call),
        "html_url": web(call),
        "clone_url": f"{web(call)}.git",
        "git_url": f"{web(call)}.git",
        "ssh_url": f"git@forge:{hosted.full_name}.git",
        "svn_url": web(call),
        "created_at": changed,
        "updated_at": changed,
        "pushed_at": changed,
        "permissions": {"admin": False, "push": "contents" in call.writes, "pull": True},
        **{name: f"{api(call)}/{path}" for name, path in _REPOSITORY_LINKS.items()},
        **dict.fromkeys(_NONE_YET, 0),
        **dict.fromkeys(_HAS, False),
        **dict.fromkeys(_UNSET),
    }


def brief(call: Call, pull: Pull) -> Json:
    """A pull request in a list: without who merged it, whether it is mergeable, and its counts."""
    hosted = call.repository
    pull_url, issue, page = f"{api(call)}/pulls/{pull.number}", f"{api(call)}/issues/{pull.number}", web(call)
    links = {
        "comments_url": f"{issue}/comments",
        "commits_url": f"{pull_url}/commits",
        "issue_url": issue,
        "review_comment_url": f"{pull_url}/comments{{/number}}",
        "review_comments_url": f"{pull_url}/comments",
        "statuses_url": f"{api(call)}/statuses/{pull.head_sha}",
    }
    return {
        "number": pull.number,
        "id": 70_000 + pull.number,
        "node_id": node("PullRequest", pull.number),
        "title": pull.title,
        "body": pull.body,
        "state": pull.state,
        "draft": False,
        "locked": False,
        "user": user(pull.author, call.root),
        "author_association": "CONTRIBUTOR",
        "labels": [],
        **dict.fromkeys(("assignee", "auto_merge", "milestone")),
        "url": pull_url,
        "html_url": f"{page}/pull/{pull.number}",
        "diff_url": f"{page}/pull/{pull.number}.diff",
        "patch_url": f"{page}/pull/{pull.number}.patch",
        **links,
        "_links": {
            "self": {"href": pull_url},
            "html": {"href": f"{page}/pull/{pull.number}"},
            **{name.removesuffix("_url"): {"href": url} for name, url in links.items()},
        },
        "created_at": time(pull.created_at),
        "updated_at": time(pull.updated_at),
        "closed_at": time(pull.closed_at),
        "merged_at": time(pull.merged_at),
        # For an open pull request, GitHub's test merge, a commit that is not on a branch.
        "merge_commit_sha": pull.merge_sha or pull.head_sha[::-1],
        **{
            side: {
                "ref": ref,
                "label": f"{hosted.owner}:{ref}",
                "sha": sha,
                "user": user(hosted.owner, call.root),
                "repo": repository(call),
            }
            for side, ref, sha in (("head", pull.head, pull.head_sha), ("base", pull.base, pull.base_sha))
        },
    }


def whole(call: Call, pull: Pull) -> Json:
    """A single pull request."""
    mergeable = call.repository.mergeable(pull) if pull.state == "open" else None
    return brief(call, pull) | {
        "merged": pull.merged_at is not None,
        "merged_by": user(pull.merged_by, call.root) if pull.merged_by else None,
        "mergeable": mergeable,
        "mergeable_state": {True: "clean", False: "dirty", None: "unknown"}[mergeable],
        "maintainer_can_modify": False,
        "comments": len(pull.comments),
        "commits": len(call.repository.commits_of(pull)),
        **dict.fromkeys(("additions", "changed_files", "deletions", "review_comments"), 0),
    }


def review(call: Call, one: Review) -> Json:
    """A review of a pull request."""
    page, pull = f"{web(call)}/pull/{call.number}#review-{one.id}", f"{api(call)}/pulls/{call.number}"
    return {
        "id": one.id,
        "node_id": node("PullRequestReview", one.id),
        "user": user(one.by, call.root),
        "author_association": "CONTRIBUTOR",
        "state": one.state,
        "body": one.body,
        "commit_id": one.sha,
        "submitted_at": time(one.at),
        "html_url": page,
        "pull_request_url": pull,
        "_links": {"html": {"href": page}, "pull_request": {"href": pull}},
    }


def review_dismissed(call: Call, one: Review) -> Json:
    """The event of a dismissed approval."""
    dismissed = {"state": "approved", "review_id": one.id, "dismissal_message": None}
    event = _event(call, "review_dismissed", 50_000 + one.id, call.repository.owner, one.dismissed_at)
    return event | {"dismissed_review": dismissed}


def base_changed(call: Call, number: int, one: Retarget) -> Json:
    """The event of a changed target branch, which GitHub doesn't name."""
    name = "automatic_base_change_succeeded" if one.automatic else "base_ref_changed"
    return _event(call, name, 60_000 + number, one.by, one.at)


def _event(call: Call, name: str, id_: int, by: str, at: datetime | None) -> Json:
    return {
        "id": id_,
        "node_id": node("IssueEvent", id_),
        "url": f"{api(call)}/issues/events/{id_}",
        "actor": user(by, call.root),
        "event": name,
        **dict.fromkeys(("commit_id", "commit_url", "performed_via_github_app")),
        "created_at": time(at),
    }


def permission(call: Call) -> Json:
    """What an account can do in the repository."""
    login = call.params["login"]
    role = "read" if login in call.repository.readers else "write"
    rights = {"pull": True, "triage": role == "write", "push": role == "write", "maintain": False, "admin": False}
    return {
        "permission": role,
        "role_name": role,
        "user": {**user(login, call.root), "permissions": rights, "role_name": role},
    }


def activity(call: Call, number: int, push: Push) -> Json:
    """A push in the repository's activity."""
    kinds = {(True, True): "push", (False, True): "branch_creation", (True, False): "branch_deletion"}
    return {
        "id": number,
        "node_id": node("Push", number),
        "before": push.before or "0" * 40,
        "after": push.after or "0" * 40,
        "ref": f"refs/heads/{push.branch}",
        "timestamp": time(push.at),
        "activity_type": kinds[bool(push.before), bool(push.after)],
        "actor": user(push.by, call.root),
    }


def git_commit(call: Call, facts: CommitFacts) -> Json:
    """A commit of the Git Data API."""
    signature = call.repository.git.signature(facts.sha)
    verified = {"verified": True, "reason": "valid", "signature": signature, "payload": "", "verified_at": None}
    unsigned = {"verified": False, "reason": "unsigned", **dict.fromkeys(("signature", "payload", "verified_at"))}
    return {
        "sha": facts.sha,
        "node_id": node("Commit", facts.sha),
        "url": f"{api(call)}/git/commits/{facts.sha}",
        "html_url": f"{web(call)}/commit/{facts.sha}",
        "message": facts.message,
        "tree": {"sha": facts.tree, "url": f"{api(call)}/git/trees/{facts.tree}"},
        "author": {"name": facts.author, "email": facts.email, "date": time(facts.authored_at)},
        "committer": {"name": facts.committer, "email": facts.committer_email, "date": time(facts.committed_at)},
        "parents": [
            {
                "sha": sha,
                "url": f"{api(call)}/git/commits/{sha}",
                "html_url": f"{web(call)}/commit/{sha}",
            }
            for sha in facts.parents
        ],
        "verification": verified if signature else unsigned,
    }


def commit(call: Call, facts: CommitFacts) -> Json:
    """A commit with the accounts of its author and committer."""
    inside = git_commit(call, facts)
    url = f"{api(call)}/commits/{facts.sha}"
    people = {
        role: user(login, call.root) if (login := _login(call, email)) else {}
        for role, email in (("author", facts.email), ("committer", facts.committer_email))
    }
    details = {name: inside[name] for name in ("message", "tree", "author", "committer", "verification")}
    return {
        **{name: inside[name] for name in ("sha", "node_id", "html_url", "parents")},
        "url": url,
        "comments_url": f"{url}/comments",
        "commit": {**details, "url": inside["url"], "comment_count": 0},
        **people,
    }


def _login(call: Call, email: str) -> str | None:
    return "web-flow" if email == WEB.email else call.repository.login_of(email)


def ref(call: Call, name: str, sha: str) -> Json:
    """A branch as a git reference; `name` without refs/heads/."""
    return {
        "ref": f"refs/heads/{name}",
        "node_id": node("Ref", name),
        "url": f"{api(call)}/git/refs/heads/{name}",
        "object": {"type": "commit", "sha": sha, "url": f"{api(call)}/git/commits/{sha}"},
    }


def installation(owner: str, app_id: int, root: str, now: datetime) -> Json:
    """The installation of a GitHub App for an owner."""
    return {
        "id": 1,
        "app_id": app_id,
        "app_slug": f"app-{app_id}",
        "target_id": sum(owner.encode()) + len(owner),
        "target_type": "User",
        "account": user(owner, root),
        "repository_selection": "selected",
        "access_tokens_url": f"{root}{PREFIX}/app/installations/1/access_tokens",
        "repositories_url": f"{root}{PREFIX}/installation/repositories",
        "html_url": f"{root}/settings/installations/1",
        "permissions": {"contents": "write", "pull_requests": "write", "metadata": "read"},
        "events": [],
        "created_at": time(now),
        "updated_at": time(now),
        **dict.fromkeys(("single_file_name", "suspended_at", "suspended_by")),
    }


def installation_token(token: str, now: datetime) -> Json:
    """An installation access token of a GitHub App, valid for an hour."""
    return {
        "token": token,
        "expires_at": time(now + timedelta(hours=1)),
        "permissions": {"contents": "write", "pull_requests": "write", "metadata": "read"},
        "repository_selection": "selected",
    }
