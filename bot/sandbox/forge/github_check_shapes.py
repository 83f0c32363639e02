"""GitHub's response objects for the checks and statuses of a commit, complete as in its OpenAPI description."""

from collections.abc import Sequence

from bot.sandbox.forge.dialect import Call, Json
from bot.sandbox.forge.github_shapes import api, node, repository, time, user
from bot.sandbox.forge.hosting import Build


def check_run(call: Call, number: int, sha: str, build: Build) -> Json:
    """https://docs.github.com/en/rest/checks/runs#list-check-runs-for-a-git-reference"""
    now, is_done = time(call.repository.now()), build.state != "pending"
    return {
        "id": number,
        "node_id": node("CheckRun", number),
        "head_sha": sha,
        "external_id": "",
        "url": f"{api(call)}/check-runs/{number}",
        "html_url": build.url,
        "details_url": build.url,
        "status": "completed" if is_done else "in_progress",
        "conclusion": build.state if is_done else None,
        "started_at": now,
        "completed_at": now if is_done else None,
        "output": {
            "title": None,
            "summary": None,
            "text": None,
            "annotations_count": 0,
            "annotations_url": f"{api(call)}/check-runs/{number}/annotations",
        },
        "name": build.name,
        "check_suite": {"id": number},
        "app": {
            "id": 1,
            "node_id": node("App", 1),
            "slug": build.app.lower().replace(" ", "-"),
            "name": build.app,
            "owner": user(call.repository.owner, call.root),
            "description": None,
            "external_url": call.root,
            "html_url": call.root,
            "created_at": now,
            "updated_at": now,
            "permissions": {"checks": "write"},
            "events": [],
        },
        "pull_requests": [],
    }


def combined_status(call: Call, sha: str, builds: Sequence[Build]) -> Json:
    """https://docs.github.com/en/rest/commits/statuses#get-the-combined-status-for-a-specific-reference"""
    states = {build.state for build in builds}
    now = time(call.repository.now())
    return {
        "state": "failure" if "failure" in states else "success" if states == {"success"} else "pending",
        "statuses": [
            {
                "id": number,
                "node_id": node("StatusContext", number),
                "url": f"{api(call)}/statuses/{sha}",
                "avatar_url": None,
                "state": build.state,
                "context": build.name,
                "description": None,
                "target_url": build.url,
                "created_at": now,
                "updated_at": now,
            }
            for number, build in enumerate(builds, 1)
        ],
        "sha": sha,
        "total_count": len(builds),
        "repository": repository(call),
        "commit_url": f"{api(call)}/commits/{sha}",
        "url": f"{api(call)}/commits/{sha}/status",
    }
