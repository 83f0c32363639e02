"""A bot that no application is configured for: it reads them from the deployers of its cluster."""

import pytest

from bot.handlers.queries.status import status
from bot.i18n.language import Language, Translator
from tests.common.deployers import apply_deployer, serve_deployers
from tests.common.kubernetes import as_yaml, config_map
from tests.common.slack import content


class Discovery:
    """The bot, the repository, and the cluster with both deployers."""

    def __init__(self, bot, source, cluster):
        self.bot, self.source, self.cluster, self.clock = bot, source, cluster, bot.clock
        self.url = source.url

    def start(self, *, deployers=("argocd",), forges=None, **sections):
        clusters = {"prod": {"discover": list(deployers)}}
        self.bot.start(forges=forges, **{"clusters": clusters, "applications": {}, **sections})
        self.bot.discover()

    @property
    def applications(self):
        return self.bot.discoverer.applications

    def argo(self, *resources):
        apply_deployer(self.cluster, *resources, namespace="argocd")

    def flux(self, *resources):
        apply_deployer(self.cluster, *resources, namespace="flux-system")

    def status(self, language=Language.ENGLISH):
        """What `/gitops status` answers, as text."""
        inventory = self.bot.discoverer.inventory()
        applications = list(self.applications.values())
        translator = Translator(language)
        interval = self.bot.config.schedule.drift
        answer = status(
            translator,
            self.bot.ports,
            self.bot.monitor.manifest_cache,
            applications,
            inventory.notes,
            inventory,
            interval=interval,
            everything=True,
        )
        return content(answer)


@pytest.fixture
def discovery(bot, source, cluster):
    serve_deployers(cluster)
    source.commit("First", {"apps/shop/settings.yaml": as_yaml(config_map(level="info"))})
    return Discovery(bot, source, cluster)
