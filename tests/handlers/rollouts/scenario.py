"""Merges in a repository of two applications, the cluster they run in, and the rollouts that follow."""

from datetime import timedelta

from bot.core.rollouts.rollout import Limits, apply_observations
from bot.handlers.discovery.deployers import DeployerReader
from bot.handlers.incidents.suspects import Suspects
from bot.handlers.rollouts.change import describe
from bot.handlers.rollouts.merges import record_merges
from bot.handlers.rollouts.observe import observe
from bot.handlers.rollouts.track import RolloutTracker
from bot.handlers.slack.people import People
from tests.common.bot import application_settings
from tests.common.kubernetes import as_yaml, config_map, deployment
from tests.common.slack import MIRA

SETTINGS_FILE, WEB_FILE = "apps/shop/settings.yaml", "apps/shop/web.yaml"
PINNED = f"web@sha256:{'0a' * 32}"
LIMITS = Limits(deadline=timedelta(minutes=10), watch=timedelta(minutes=30))


def settings(limit, name="settings"):
    return as_yaml(config_map(name, limit=str(limit)))


def web(image):
    return as_yaml(deployment(replicas=1, image=image))


class Scenario:
    """A repository of two applications, the cluster they run in, and what follows rollouts there."""

    def __init__(self, bot, source, cluster):
        self.source, self.cluster, self.clock = source, cluster, bot.clock
        bot.start(applications={name: application_settings(name) for name in ("shop", "search")})
        self.ports, self.applications = bot.ports, dict(bot.config.applications)
        self.cache = bot.monitor.manifest_cache
        self.deployers = DeployerReader(
            self.ports.clusters,
            {"platform": source.url},
            {"prod": ["flux-system"]},
            deadline=LIMITS.deadline,
            clock=self.clock,
        )
        self.people = People(self.ports.chat, {"bea-dev": MIRA}, self.clock)

    def rollouts(self):
        """Fetch, and record what was merged; all rollouts that are not settled."""
        recorded = self.ports.store.rollouts.head("platform")
        head = self.ports.repositories["platform"].fetch()
        record_merges(self.ports, "platform", recorded, head, list(self.applications.values()), self.cache, self.people)
        return self.ports.store.rollouts.unsettled()

    def rollout(self, message, files):
        """The rollout of a commit of these files."""
        sha = self.source.commit(message, files)
        return next(rollout for rollout in self.rollouts() if rollout.revision == sha)

    def observe(self, rollout, *, is_complete=True):
        """The rollout after a look at the cluster."""
        observed = observe(
            self.ports,
            "prod",
            [rollout],
            self.applications,
            self.cache,
            self.deployers,
            is_complete=lambda _: is_complete,
        )
        return apply_observations(rollout, observed[rollout.id], now=self.clock(), limits=LIMITS)

    def track(self):
        """Observe all rollouts, and relate them to each other."""
        tracker = RolloutTracker(
            self.ports,
            self.applications,
            self.cache,
            Suspects(self.ports, self.applications, self.cache, (), {}),
            deployers=self.deployers,
            ignore=(),
            limits=LIMITS,
            timeout=timedelta(seconds=30),
            is_complete=lambda _: True,
        )
        tracker.observe()
        tracker.close()

    def describe(self, rollout):
        """The rollout with what it changes."""
        return describe(self.ports, rollout, self.applications, self.cache)

    def change(self, rollout):
        """What the rollout changes in its first application."""
        return self.describe(rollout).parts[0].change

    def deploy(self, image, status):
        """A rollout of this image, which the cluster has too, with its workload in this state."""
        self.cluster.sandbox.controllers.reconcile = lambda: None  # only the test writes a status
        rollout = self.rollout(f"Use {image}", {WEB_FILE: web(image)})
        live = deployment(replicas=1, image=image)
        self.cluster.apply(live, namespace="shop")
        self.cluster.set_status(live, "shop", {"observedGeneration": 1, "replicas": 1, **status})
        return rollout
