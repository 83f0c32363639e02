"""The guided tour beside the page: six steps, each ticked off by what really happened, however it was done."""

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
    """`done` looks at the sandbox; a step done once stays done."""

    key: str
    title: str
    text: str
    done: Callable[[], bool]
    actions: Callable[[], list[Json]]


class Tour:
    """What the page shows of the tour, and the buttons that act as a person with kubectl would."""

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
        """To be added to the page's server before it starts."""
        return [web.post("/tour/drift/{key}", self._make_drift)]

    def start(self, forge_url: str) -> None:
        """Begin to follow what happens."""
        self._forge_url = forge_url
        self._thread.start()

    def stop(self) -> None:
        """Stop following."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    async def _make_drift(self, request: web.Request) -> web.Response:
        try:
            action = self._person.do(request.match_info["key"])
        except (LookupError, ApiError) as error:
            return web.json_response({"error": str(error)}, status=409)
        self._edits += 1
        return web.json_response({"message": f"Done, as by: {action.command}"})

    def _follow(self) -> None:
        while not self._stopping.wait(LOOK_EVERY):
            seen = self.seen()
            if seen != self._shown:
                self._shown = seen
                self._slack.publish({"type": "tour", **seen})

    def seen(self) -> Json:
        """How far the tour is, as the page shows it."""
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
                {"label": "With kubectl instead (KUBECONFIG is in the terminal)", "text": action.command}
                for action in self._person.choices()[:1]
            ],
        }

    def _steps(self) -> list[_Step]:
        short = self._shop.bad_commit[:8]
        name = self._shop.applications[0].name
        return [
            _Step(
                "drift",
                "Make drift",
                f"Edit the cluster by hand, as somebody will, in {self._namespace}. The bot looks every few seconds.",
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
                "In #prod-alerts: which field, both values, which tool, since when. It takes two looks, so nothing "
                "that passes by itself wakes anybody.",
                lambda: self._said("drift:") or self._said("Resolved:"),
                lambda: [
                    {"label": "Ask for the status", "kind": "command", "text": "/gitops status"},
                    {"label": "Ask for the diff", "kind": "command", "text": f"/gitops diff {name}"},
                ],
            ),
            _Step(
                "back",
                "Put it back",
                "The bot never touches the cluster: take the edits back yourself (with kubectl, if that made them), "
                "and the card closes by itself.",
                lambda: self._said("Resolved:"),
                lambda: [
                    {"label": action.label, "kind": "post", "url": "/tour/drift/undo"}
                    for action in self._person.choices()
                    if action.key == "undo"
                ],
            ),
            _Step(
                "revert",
                "Revert the bad commit",
                f"The newest merge, {short}, was a mistake. One command makes a pull request of “undo that”.",
                lambda: self._revert() is not None,
                lambda: [
                    {"label": f"/gitops revert {short}", "kind": "command", "text": f"/gitops revert {short}"},
                    {"label": "What was merged?", "kind": "command", "text": f"/gitops history {name}"},
                ],
            ),
            _Step(
                "merge",
                "Review and merge it",
                "Git stays the only path that changes state, so a person approves and merges, on the forge.",
                lambda: (pull := self._revert()) is not None and pull.merged_at is not None,
                self._merging,
            ),
            _Step(
                "live",
                "Watch it go live",
                "A card follows the merge from “merged” to “live”, by comparing the cluster with the merged commit.",
                self._live,
                lambda: [{"label": "What is live?", "kind": "command", "text": "/gitops history"}],
            ),
        ]

    def _merging(self) -> list[Json]:
        pull = self._revert()
        if pull is None:
            return []
        url = f"{self._forge_url}/{self._shop.repository}/pull/{pull.number}"
        return [{"label": f"Open pull request #{pull.number}", "kind": "link", "url": url}]

    def _edited(self) -> bool:
        """By a button here, or by anybody's kubectl."""
        return self._edits > 0 or any(
            each.identity == "admin" and each.method not in {"GET", "HEAD"} for each in self._cluster.requests
        )

    def _revert(self) -> Pull | None:
        """Of the bad commit: not an adoption, not the revert of something else, such as of that revert."""
        branch = f"gitops-bot/revert-{self._shop.bad_commit[:12]}"
        return next((pull for pull in self._repository.listed() if pull.head.startswith(branch)), None)

    def _live(self) -> bool:
        pull = self._revert()
        sha = pull.merge_sha if pull else None
        return sha is not None and self._said("Live in", about=sha[:8])

    def _said(self, headline: str, about: str = "") -> bool:
        """Whether a card of the bot's begins so."""
        for channel in self._slack.workspace.channels:
            for message in self._slack.messages(channel):
                blocks = message.blocks or []
                first = blocks[0] if blocks else {}
                if first.get("type") == "header" and headline in first["text"]["text"] and about in str(blocks):
                    return True
        return False
