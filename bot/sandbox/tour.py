"""The guided tour next to the page: six steps, each completed by what happens in the sandbox, by button or by hand."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.sandbox.cluster.errors import ApiError
from bot.sandbox.cluster.person import Person
from bot.sandbox.cluster.server import SandboxCluster
from bot.sandbox.forge import HostedRepository, Pull
from bot.sandbox.shop import Shop
from bot.sandbox.slack import SandboxSlack

LOOK_EVERY = 0.4  # seconds

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Step:
    """One step; `done` looks at the sandbox. A completed step stays completed."""

    key: str
    title: str
    text: str
    done: Callable[[], bool]
    actions: Callable[[], list[Json]]


class Tour:
    """The tour on the page, with buttons that do what a person with kubectl would do."""

    def __init__(self, slack: SandboxSlack, cluster: SandboxCluster, repository: HostedRepository, shop: Shop) -> None:
        self._slack = slack
        self._repository = repository
        self._shop = shop
        self._cluster = cluster
        self._person = Person(cluster.api, shop.applications[0].namespace)
        self._namespace = shop.applications[0].namespace
        self._edits = 0
        self._forge_url = ""
        self._ticked: set[str] = set()
        self._shown: Json = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="tour", daemon=True)

    def routes(self) -> list[web.RouteDef]:
        """Routes to add to the page's server before it starts."""
        return [web.post("/tour/drift/{key}", self._make_drift)]

    def start(self, forge_url: str) -> None:
        """Start following the sandbox."""
        self._forge_url = forge_url
        self._thread.start()

    def stop(self) -> None:
        """Stop following the sandbox."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    async def _make_drift(self, request: web.Request) -> web.Response:
        try:
            action = self._person.do(request.match_info["key"])
        except (LookupError, ApiError) as error:
            return web.json_response({"error": str(error)}, status=409)
        self._edits += 1
        return web.json_response({"message": f"Done. Same as: {action.command}"})

    def _follow(self) -> None:
        while not self._stopping.wait(LOOK_EVERY):
            seen = self.seen()
            if seen != self._shown:
                self._shown = seen
                self._slack.publish({"type": "tour", **seen})

    def seen(self) -> Json:
        """The state of the tour for the page."""
        steps = self._steps()
        self._ticked |= {step.key for step in steps if step.done()}
        current = next((step.key for step in steps if step.key not in self._ticked), None)
        return {
            "title": "Take the tour",
            "steps": [
                {
                    "id": step.key,
                    "title": step.title,
                    "text": step.text,
                    "done": step.key in self._ticked,
                    "current": step.key == current,
                    "actions": step.actions(),
                }
                for step in steps
            ],
            "footer": [
                {"label": "Or use kubectl, with KUBECONFIG as shown in the terminal", "text": action.command}
                for action in self._person.choices()[:1]
            ],
        }

    def _steps(self) -> list[_Step]:
        short = self._shop.bad_commit[:8]
        name = self._shop.applications[0].name
        return [
            _Step(
                "drift",
                "Cause drift",
                f"Change something in the namespace `{self._namespace}` by hand. The bot checks every few seconds.",
                self._edited,
                lambda: [
                    {"label": action.label, "kind": "post", "url": f"/tour/drift/{action.key}"}
                    for action in self._person.choices()
                    if action.key != "undo"
                ],
            ),
            _Step(
                "alert",
                "See the alert",
                "The alert in #prod-alerts shows each field, both values, the tool that wrote it and since when. "
                "Two checks in a row must see the drift, so that a short-lived difference wakes nobody.",
                lambda: any(self._has_card(mark) for mark in ("🔴", "🟠", "🟡", "Resolved")),
                lambda: [
                    {"label": "/gitops status", "kind": "command", "text": "/gitops status"},
                    {"label": f"/gitops diff {name}", "kind": "command", "text": f"/gitops diff {name}"},
                ],
            ),
            _Step(
                "back",
                "Fix the drift",
                "The bot never changes the cluster. Restore it yourself, with kubectl if you used it, and the "
                "alert is resolved.",
                lambda: self._has_card("Resolved"),
                lambda: [
                    {"label": action.label, "kind": "post", "url": "/tour/drift/undo"}
                    for action in self._person.choices()
                    if action.key == "undo"
                ],
            ),
            _Step(
                "revert",
                "Revert the bad commit",
                f"The latest merge, `{short}`, was a mistake. One command opens a pull request that reverts it.",
                lambda: self._revert() is not None,
                lambda: [
                    {"label": f"/gitops revert {short}", "kind": "command", "text": f"/gitops revert {short}"},
                    {"label": f"/gitops history {name}", "kind": "command", "text": f"/gitops history {name}"},
                ],
            ),
            _Step(
                "merge",
                "Review and merge it",
                "Git remains the only way to make changes. Approve and merge the pull request on the forge.",
                lambda: (pull := self._revert()) is not None and pull.merged_at is not None,
                self._merging,
            ),
            _Step(
                "live",
                "Watch it go live",
                "A card tracks the merge until it is live. The bot compares the cluster with the merged commit.",
                self._live,
                lambda: [{"label": "/gitops history", "kind": "command", "text": "/gitops history"}],
            ),
        ]

    def _merging(self) -> list[Json]:
        pull = self._revert()
        if pull is None:
            return []
        url = f"{self._forge_url}/{self._shop.repository}/pull/{pull.number}"
        return [{"label": f"Open pull request #{pull.number}", "kind": "link", "url": url}]

    def _edited(self) -> bool:
        """Whether a button of the tour or kubectl changed the cluster."""
        return self._edits > 0 or any(
            request.identity == "admin" and request.method not in {"GET", "HEAD"} for request in self._cluster.requests
        )

    def _revert(self) -> Pull | None:
        """The pull request that reverts the bad commit; not one that adopts drift or reverts something else."""
        branch = f"gitops-bot/revert-{self._shop.bad_commit}"
        return next((pull for pull in self._repository.listed() if pull.head.startswith(branch)), None)

    def _live(self) -> bool:
        pull = self._revert()
        sha = pull.merge_sha if pull else None
        return sha is not None and self._has_card("Live in", about=sha[:8])

    def _has_card(self, headline: str, about: str = "") -> bool:
        """Whether the headline of one of the bot's cards contains `headline`, and the card contains `about`."""
        for channel in self._slack.workspace.channels:
            for message in self._slack.messages(channel):
                blocks = message.blocks or []
                first = blocks[0] if blocks else {}
                if first.get("type") == "header" and headline in first["text"]["text"] and about in str(blocks):
                    return True
        return False
