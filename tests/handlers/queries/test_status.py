"""`/gitops status`: what one application's answer has, and what a check saw of workloads' health."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.applications.discovery import ApplicationInventory
from bot.handlers.queries import open_pull_requests
from bot.handlers.queries.status import status
from bot.i18n.language import ENGLISH
from tests.common.bot import application_settings
from tests.common.kubernetes import as_yaml, config_map, deployment
from tests.common.slack import content

SHOP, SITE = "apps/shop/web.yaml", "apps/site/settings.yaml"


@pytest.fixture
def bot(bot, source, forge):
    base = "resources: [../../base]\n"
    files = {SHOP: as_yaml(deployment(replicas=3)), "base/settings.yaml": as_yaml(config_map())}
    files |= {"base/kustomization.yaml": "resources: [settings.yaml]\n", "apps/site/kustomization.yaml": base}
    source.commit("First", files)
    applications = {name: application_settings(name) for name in ("shop", "site")}
    return bot.start(applications=applications, forges={"platform": forge})


def answer(bot, name=None):
    applications = [application for application in bot.config.applications.values() if name in (None, application.name)]
    inventory, interval = ApplicationInventory(bot.config.applications, {}), timedelta(minutes=5)
    cache = bot.monitor.manifest_cache
    return content(
        status(ENGLISH, bot.ports, cache, applications, (), inventory, interval=interval, everything=name is None)
    )


def propose(source, forge, title, files, base="main"):
    source.switch(base)
    source.branch(title)
    source.commit(title, files)
    source.switch()
    forge.create_pull_request(head=title, base=base, title=title, body="")


def test_an_application_has_only_the_pull_requests_that_change_it(bot, source, forge, monkeypatch):
    source.git("branch", "release")
    propose(source, forge, "scale-shop", {SHOP: as_yaml(deployment(replicas=4))})
    propose(source, forge, "change-base", {"base/settings.yaml": as_yaml(config_map(level="debug"))})
    propose(source, forge, "write-docs", {"README.md": "Hello.\n"})
    propose(source, forge, "old-release", {SHOP: as_yaml(deployment(replicas=6))}, base="release")
    source.commit("Conflict with scale-shop", {SHOP: as_yaml(deployment(replicas=9))})
    propose(source, forge, "unreadable", {"README.md": "Bye.\n"})
    forge.pull_requests[5] = replace(forge.pull_requests[5], head_sha="0" * 40)
    bot.ports.repositories["platform"].fetch()

    def shown(name=None):
        titles = ("scale-shop", "change-base", "write-docs", "old-release", "unreadable")
        return {title for title in titles if title in answer(bot, name)}

    assert shown("shop") == {"scale-shop", "unreadable"}
    assert shown("site") == {"change-base", "unreadable"}
    assert len(shown()) == 5
    assert "Open pull requests that change shop:" in answer(bot, "shop")
    monkeypatch.setattr(open_pull_requests, "MAX_SECONDS", 0.0)
    assert shown("shop") == {"scale-shop", "change-base", "write-docs", "unreadable"}, "there is no time to read them"


def test_the_health_that_a_check_saw_is_in_the_status_until_it_is_over(bot, cluster):
    cluster.sandbox.controllers.reconcile = lambda: None  # only the test writes a status
    live = deployment(replicas=3)
    cluster.apply(live, namespace="shop")
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    counts = {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3}
    cluster.set_status(live, "shop", {**counts, "availableReplicas": 1, "conditions": [late]})
    bot.check("shop")
    assert "\\n⚠️ web Degraded: ProgressDeadlineExceeded, 1 of 3 pods ready" in answer(bot, "shop")
    cluster.set_status(live, "shop", {**counts, "availableReplicas": 3, "conditions": []})
    bot.check("shop")
    assert "⚠️" not in answer(bot, "shop")
