"""The guided tour next to the page: a bad merge, then drift, then scenarios to choose from.

Events in the sandbox complete a step, whether caused by a button of the tour or manually.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from bot.sandbox.ci import ContinuousIntegration
from bot.sandbox.cluster.errors import ApiError
from bot.sandbox.cluster.person import Person
from bot.sandbox.cluster.server import SandboxCluster
from bot.sandbox.forge import HostedRepository, Pull, RefusedError
from bot.sandbox.scenarios import Scenario, Scenarios
from bot.sandbox.shop import Shop
from bot.sandbox.slack import SandboxSlack

LOOK_EVERY = 0.4  # seconds

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Step:
    """One step; `done` checks the sandbox. A completed step stays completed. `extra` steps follow the tour."""

    key: str
    title: str
    text: str
    done: Callable[[], bool]
    actions: Callable[[], list[Json]]
    extra: bool = False


class Tour:
    """The tour on the page, with buttons that act like a person with kubectl or on the forge.

    `restart` is called to start over; without it, there is no button for that.
    """

    def __init__(
        self,
        slack: SandboxSlack,
        cluster: SandboxCluster,
        repository: HostedRepository,
        shop: Shop,
        restart: Callable[[], None] | None = None,
    ) -> None:
        self._slack = slack
        self._repository = repository
        self._shop = shop
        self._restart = restart
        self._person = Person(cluster.api, shop.applications[0].namespace)
        self._scenarios = Scenarios(cluster, repository, shop)
        self._forge_url = ""
        self._ticked: set[str] = set()
        self._shown: Json = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="tour", daemon=True)

    def routes(self) -> list[web.RouteDef]:
        """Routes to add to the page's server before it starts."""
        return [
            web.post("/tour/drift/{key}", self._act(lambda key: f"Done. Same as: {self._person.do(key).command}")),
            web.post("/tour/scenario/{key}", self._act(self._scenarios.run)),
            web.post("/tour/{key:merge}", self._act(self._merge)),
            web.post("/tour/{key:restart}", self._act(self._start_over)),
        ]

    def start(self, forge_url: str) -> None:
        """Start following the sandbox."""
        self._forge_url = forge_url
        self._scenarios.start(forge_url)
        self._ci = ContinuousIntegration(self._repository, f"{forge_url}/{self._shop.repository}")
        self._thread.start()

    def stop(self) -> None:
        """Stop following the sandbox."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    @staticmethod
    def _act(action: Callable[[str], str]) -> Callable[[web.Request], Awaitable[web.Response]]:
        """A handler that performs the action with the key in the path, and answers with its message."""

        async def handle(request: web.Request) -> web.Response:
            try:
                message = await asyncio.to_thread(action, request.match_info["key"])
            except (LookupError, ApiError, RefusedError) as error:
                return web.json_response({"error": str(error)}, status=409)
            return web.json_response({"message": message})

        return handle

    def _merge(self, _: str) -> str:
        self._repository.merge(self._shop.bad_pull, "chen", delete_branch=True)
        return f"Merged #{self._shop.bad_pull} as Chen."

    def _start_over(self, _: str) -> str:
        if self._restart is None:
            raise LookupError("cannot start over here")
        self._restart()
        return "Starting over. This takes a few seconds."

    def _follow(self) -> None:
        while not self._stopping.wait(LOOK_EVERY):
            self._ci.advance(self._repository.now())
            seen = self.seen()
            if seen != self._shown:
                self._shown = seen
                self._slack.publish({"type": "tour", **seen})

    def seen(self) -> Json:
        """The state of the tour for the page."""
        steps = self._steps()
        # In order, so that events before the demo or in a scenario do not complete a later step.
        for step in steps:
            if step.key not in self._ticked and not step.done():
                break
            self._ticked.add(step.key)
        current = next((step.key for step in steps if step.key not in self._ticked), None)
        extra = [*self._scenario_steps(), self._ending()]
        return {
            "title": "Take the tour",
            "steps": [
                {
                    "id": step.key,
                    "title": step.title,
                    "text": step.text,
                    "done": step.done() if step.extra else step.key in self._ticked,
                    "current": step.key == current,
                    "extra": step.extra,
                    "actions": step.actions(),
                }
                for step in (*steps, *extra)
            ],
            "footer": [
                {"label": "Or use kubectl, with KUBECONFIG as shown in the terminal", "text": action.command}
                for action in self._person.choices()[:1]
            ],
            "applications": [application.name for application in self._shop.applications],
            "revisions": self._revisions(),
            "restart": "/tour/restart" if self._restart else None,
        }

    def _steps(self) -> list[_Step]:
        pull = f"#{self._shop.bad_pull}"
        name = self._shop.applications[0].name
        sha = self._bad_commit()
        return [
            _Step(
                "break",
                "Merge a bad change",
                f"Pull request {pull} lowers the memory limit of web to 64Mi. It is approved, so merge it. Then watch "
                "#prod-alerts: the pods are OOMKilled, and a card reports it.",
                lambda: sha is not None and self._has_card("Stuck", about=sha[:8]),
                lambda: [_post(f"Merge {pull}", "/tour/merge")] if sha is None else [],
            ),
            _Step(
                "revert",
                "Revert it",
                "Press *Revert* on the card, or use the command. Both open a pull request; the bot never merges.",
                lambda: self._revert() is not None,
                lambda: [
                    _command(f"/gitops revert {sha[:8] if sha else pull}"),
                    _command(f"/gitops history {name}"),
                ],
            ),
            _Step(
                "merge",
                "Review and merge it",
                "Git remains the only way to make changes. Approve and merge the pull request on the forge.",
                lambda: (revert := self._revert()) is not None and revert.merged_at is not None,
                self._merging,
            ),
            _Step(
                "live",
                "Watch it heal",
                "The card tracks the revert until it is live. New pods start, and none of them is OOMKilled.",
                self._live,
                lambda: [_command("/gitops status")],
            ),
            _Step(
                "drift",
                "Cause drift",
                f"Change something in the namespace `{self._namespace}` by hand. Once two checks in a row have "
                "seen the drift, an alert shows what changed, when and with which tool.",
                lambda: any(self._has_card(mark) for mark in ("🔴", "🟠", "🟡")),
                lambda: [
                    _post(action.label, f"/tour/drift/{action.key}")
                    for action in self._person.choices()
                    if action.key not in {"undo", "privileged"}
                ],
            ),
            _Step(
                "back",
                "Fix the drift",
                "The bot never changes the cluster. Undo your change yourself, and the alert is resolved.",
                lambda: self._resolved() > 1,
                lambda: [
                    _post(action.label, "/tour/drift/undo") for action in self._person.choices() if action.key == "undo"
                ],
            ),
        ]

    def _scenario_steps(self) -> list[_Step]:
        def actions(scenario: Scenario) -> list[Json]:
            has_run = scenario.key in self._scenarios.done
            label = f"Undo: {scenario.label}" if has_run else scenario.label
            return [_post(label, f"/tour/scenario/{scenario.key}")] if scenario.undo or not has_run else []

        return [
            _Step(
                scenario.key,
                scenario.title,
                scenario.text,
                partial(self._scenarios.done.__contains__, scenario.key),
                partial(actions, scenario),
                extra=True,
            )
            for scenario in self._scenarios.all()
        ]

    def _ending(self) -> _Step:
        return _Step(
            "real",
            "Run it for real",
            "1. Create the Slack app from `manifests/slack-app.yaml`.\n"
            "2. Write `config.yaml`: a repository, a cluster with `discover: [argocd]` and a channel.\n"
            "3. Run `gitops-bot doctor`, then `gitops-bot run`. The README has a complete example.",
            lambda: False,
            list,
            extra=True,
        )

    @property
    def _namespace(self) -> str:
        return self._shop.applications[0].namespace

    def _bad_commit(self) -> str | None:
        """The merge of the bad pull request; None while it is open."""
        return self._repository.pull(self._shop.bad_pull).merge_sha

    def _revisions(self) -> list[Json]:
        """Arguments for `/gitops revert`: the latest merges, newest first."""
        merged = [
            {"value": pull.merge_sha[:8], "text": pull.title} for pull in self._repository.listed() if pull.merge_sha
        ]
        return [{"value": "HEAD", "text": "the latest commit"}, *merged[:5]]

    def _merging(self) -> list[Json]:
        pull = self._revert()
        if pull is None:
            return []
        url = f"{self._forge_url}/{self._shop.repository}/pull/{pull.number}"
        return [{"label": f"Open pull request #{pull.number}", "kind": "link", "url": url}]

    def _revert(self) -> Pull | None:
        """The pull request that reverts the bad commit, but not one that adopts drift or reverts something else."""
        branch = f"gitops-bot/revert-{self._bad_commit()}"
        return next((pull for pull in self._repository.listed() if pull.head.startswith(branch)), None)

    def _live(self) -> bool:
        pull = self._revert()
        sha = pull.merge_sha if pull else None
        return sha is not None and self._has_card("Live in", about=sha[:8])

    def _has_card(self, headline: str, about: str = "") -> bool:
        """Whether the headline of one of the bot's cards contains `headline`, and the card contains `about`."""
        return any(headline in title and about in card for title, card in self._cards())

    def _resolved(self) -> int:
        """How many alerts are resolved, including one before the demo."""
        return sum("Resolved" in title for title, _ in self._cards())

    def _cards(self) -> Iterator[tuple[str, str]]:
        """The headline and the content of each card in the channels."""
        for channel in self._slack.workspace.channels:
            for message in self._slack.messages(channel):
                if message.blocks and message.blocks[0].get("type") == "header":
                    yield message.blocks[0]["text"]["text"], str(message.blocks)


def _post(label: str, url: str) -> Json:
    return {"label": label, "kind": "post", "url": url}


def _command(text: str) -> Json:
    return {"label": text, "kind": "command", "text": text}
