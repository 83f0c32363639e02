"""Scenarios to try after the tour, each of which causes something that the bot reports."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from bot.sandbox.cluster.kinds import Kind
from bot.sandbox.cluster.person import USER_AGENT, Person
from bot.sandbox.cluster.server import SandboxCluster
from bot.sandbox.forge import HostedRepository
from bot.sandbox.shop import CATALOG, CHECKOUT, Shop

Json = dict[str, Any]

# https://github.com/argoproj/argo-cd/blob/master/manifests/crds/application-crd.yaml
ARGO_APPLICATIONS = Kind("argoproj.io", "v1alpha1", "Application", "applications", subresources=("status",))
_ARGO_NAMESPACE = "argocd"
_WEB = "environments/production/shop/deployment.yaml"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario's text on the page, the label of its button, and its action.

    A scenario with `undo` can run again after being undone.
    """

    key: str
    title: str
    text: str
    label: str
    run: Callable[[], object]
    undo: Callable[[], object] | None = None


class Scenarios:
    """The scenarios of a demo, in the order of the page."""

    def __init__(self, cluster: SandboxCluster, repository: HostedRepository, shop: Shop) -> None:
        self._cluster = cluster
        self._repository = repository
        self._shop = shop
        self._payments = Person(cluster.api, "payments")
        self._deleted: list[Json] = []
        self._forge_url = ""
        self.done: set[str] = set()
        cluster.api.serve(ARGO_APPLICATIONS)

    def start(self, forge_url: str) -> None:
        """Set the forge's URL."""
        self._forge_url = forge_url

    def run(self, key: str) -> str:
        """Run a scenario, or undo it if it has run, and return a message. Raises LookupError if not possible now."""
        scenario = {scenario.key: scenario for scenario in self.all()}[key]
        action = scenario.undo if key in self.done else scenario.run
        if action is None:
            raise LookupError(f"{scenario.label}: already done")
        action()
        self.done ^= {key}
        return f"Done: {scenario.label}." if key in self.done else f"Undone: {scenario.label}."

    def all(self) -> list[Scenario]:
        """Every scenario."""
        return [
            Scenario(
                "privileged",
                "A privileged container",
                "Someone makes a container in payments privileged by hand. The alert in #pagos is critical. It is in "
                "Spanish, because each channel can have its own language.",
                "Make payments privileged",
                lambda: self._payments.do("privileged"),
                lambda: self._payments.do("undo"),
            ),
            Scenario(
                "push",
                "A push without a pull request",
                "Bo pushes an unreviewed commit to `main`. The card shows the diff.",
                "Push to main as Bo",
                self._push,
            ),
            Scenario(
                "image",
                "An image that does not exist",
                "Someone merges a pull request with a wrong image tag. The rollout card shows ImagePullBackOff.",
                "Merge a wrong tag",
                self._merge_wrong_tag,
            ),
            Scenario(
                "catalog",
                "500 objects at once",
                "Someone deletes all 500 ConfigMaps in the catalog. A single card reports it.",
                "Delete 500 ConfigMaps",
                self._delete_catalog,
                self._restore_catalog,
            ),
            Scenario(
                "argocd",
                "An application from Argo CD",
                "A team adds an application to Argo CD. The bot finds it within seconds: `/gitops status checkout`.",
                "Add checkout to Argo CD",
                self._add_to_argo_cd,
            ),
        ]

    def _push(self) -> None:
        web = self._content(_WEB).replace("periodSeconds: 5", "periodSeconds: 30")
        self._repository.commit(self._shop.branch, {_WEB: web}, "Check web less often\n", "bo")

    def _merge_wrong_tag(self) -> None:
        path = "environments/staging/shop/deployment.yaml"
        content = self._content(path).replace("web:4.7.2", "web:4.8.0-broken")
        self._repository.commit("web-4.8.0-staging", {path: content}, "Update shop web to 4.8.0 in staging\n", "chen")
        pull = self._repository.open_pull(
            head="web-4.8.0-staging",
            base=self._shop.branch,
            title="Update shop web to 4.8.0 in staging",
            body="The new search page.",
            by="chen",
        )
        self._repository.review(pull.number, "ana")
        self._repository.merge(pull.number, "chen", delete_branch=True)

    def _delete_catalog(self) -> None:
        api = self._cluster.api
        self._deleted = [entry.object for _, entry in api.store.items(("", "configmaps"), CATALOG)]
        for live in self._deleted:
            api.call("DELETE", api.path_of(live), user_agent=USER_AGENT)

    def _restore_catalog(self) -> None:
        for live in self._deleted:
            document = {key: live[key] for key in ("apiVersion", "kind", "data")}
            document["metadata"] = {"name": live["metadata"]["name"]}
            self._cluster.api.apply(document, manager="argocd-controller", namespace=CATALOG)

    def _add_to_argo_cd(self) -> None:
        """Apply the manifest, as Argo CD would, and its Application."""
        api, path = self._cluster.api, CHECKOUT
        deployment = yaml.safe_load(self._content(f"{path}/deployment.yaml"))
        api.apply(deployment, manager="argocd-controller", namespace="checkout")
        application: Json = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": "checkout", "namespace": _ARGO_NAMESPACE},
            "spec": {
                "project": "default",
                "source": {
                    "repoURL": f"{self._forge_url}/{self._repository.full_name}.git",
                    "path": path,
                    "targetRevision": self._shop.branch,
                },
                "destination": {"server": "https://kubernetes.default.svc", "namespace": "checkout"},
                "syncPolicy": {"automated": {}},
            },
        }
        status = {
            "sync": {"status": "Synced", "revision": self._repository.git.tip(self._shop.branch)},
            "health": {"status": "Healthy"},
        }
        live = api.apply(application, manager="kubectl", namespace=_ARGO_NAMESPACE)
        api.call("PUT", f"{api.path_of(live)}/status", {**live, "status": status}, user_agent="argocd-controller")

    def _content(self, path: str) -> str:
        return self._repository.git.run("show", f"{self._shop.branch}:{path}")
