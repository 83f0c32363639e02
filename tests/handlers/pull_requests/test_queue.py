"""A revert that the forge has no room for is done later by itself: a local forge's rate limit, real git and stores."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.database.store import SqlStore
from bot.adapters.forges.github import GitHubForge
from bot.adapters.git.repository import GitRepository
from bot.config.credentials import Credentials
from bot.config.sections.forge import ForgeConfig
from bot.core.access.audit import Origin
from bot.core.access.permission import Denied, Granted, Rule
from bot.core.access.requester import Requester
from bot.core.applications.application import Application
from bot.core.git.repository_ref import RepositoryRef
from bot.core.incidents.alerting import AlertPolicy
from bot.core.pull_requests.change_ref import Sha
from bot.core.pull_requests.queued import MAX_WAIT, QueueState
from bot.core.pull_requests.revert import RevertRequest
from bot.handlers.pull_requests.revert_service import RevertService
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.language import ENGLISH
from bot.messages.cards import desired_cards
from bot.ports import Ports
from bot.ports.store import StoreError
from bot.sandbox.forge import SandboxForge
from bot.sandbox.server import Server

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {limit: '%d'}\n"
JONAS = Requester("U0JONAS001", "jonas", "C9", Origin.COMMAND, ENGLISH)


class Anybody:
    """Someone who may, until they may not."""

    decision = Granted()

    def decide(self, right, applications):
        return self.decision

    def decide_anywhere(self, right):
        return self.decision


class Desk:
    def __init__(self, tmp_path):
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.path = tmp_path
        self.sandbox = SandboxForge(tmp_path / "forge", clock=lambda: self.now)
        self.sandbox.add_person("mia", "Mia", "mia@example.org")
        hosted = self.hosted = self.sandbox.create_repository("acme/platform")
        for limit in (1, 2):
            hosted.commit("main", {"apps/shop/a.yaml": CONFIG % limit}, f"Limit {limit}\n", "mia")
        self.bad = hosted.git.tip("main")
        self.authorizer = Anybody()
        self.applications = {"shop": Application("shop", RepositoryRef("platform"), "apps/shop", "prod", "shop", "C1")}
        self.manifest_cache = ManifestCache()

    def replica(self, url, name):
        """A bot of its own, on the same database."""
        config = ForgeConfig(kind="github", repository="acme/platform", api_url=f"{url}/api/v3")
        forge = GitHubForge.from_config(config, Credentials(github_token=self.sandbox.token))
        remote = f"{url}/acme/platform.git"
        repository = GitRepository("platform", remote, "main", self.path / name, credential=forge.git_credential)
        store = SqlStore(f"sqlite:///{self.path}/state.db")
        return Ports({"platform": repository}, {"platform": forge}, {}, None, store, None, lambda: self.now)

    def service(self, ports):
        return RevertService(
            ports, self.applications, lambda _: self.authorizer, lambda _: ENGLISH, self.manifest_cache, "C0"
        )

    def ask(self, ports, application="shop"):
        return self.service(ports).revert(JONAS, RevertRequest("jonas", Sha(self.bad), application))

    def run_queued(self, ports):
        self.service(ports).run_queued()

    def limit(self, minutes):
        self.sandbox.faults.rate_limited_until = self.now + timedelta(minutes=minutes) if minutes else None

    def pulls(self):
        return [pull.head for pull in self.hosted.pulls.values()]


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture
def replicas(desk):
    with Server(desk.sandbox.app) as server:
        made = [desk.replica(server.url, name) for name in ("one", "two")]
        yield made
        for each in made:
            each.store.close()


def cards(desk, ports):
    policy = AlertPolicy()
    return desired_cards(lambda _: ENGLISH, [], [], [], [], desk.now, policy, ports.store.queued_reverts.unsettled())


def test_it_is_done_once_when_the_forge_has_room_again_also_by_another_replica(desk, replicas):
    one, two = replicas
    desk.limit(47)
    said = desk.ask(one)
    assert said.text.startswith("Queued: ")
    assert "rate limit is used up" in said.text
    (known,) = two.store.queued_reverts.unsettled()
    assert (known.by, known.channel, known.request.change) == ("U0JONAS001", "C1", Sha(desk.bad))
    assert [(card.channel, card.last) for card in cards(desk, two)] == [("C1", False)]
    desk.run_queued(two)
    assert desk.pulls() == [], "it is not due"
    desk.now += timedelta(minutes=50)
    desk.limit(0)
    for replica in (two, one, two):
        desk.run_queued(replica)
    assert desk.pulls() == [f"gitops-bot/revert-{desk.bad[:12]}"]
    (done,) = one.store.queued_reverts.unsettled()
    assert (done.state, done.url is not None) == (QueueState.DONE, True)
    assert done.result.startswith("Pull request #1 is open")
    card, reply = cards(desk, one)
    assert (card.last, reply.thread_of) == (True, card.key)
    one.store.settle(done.id)
    assert two.store.queued_reverts.unsettled() == []


def test_a_bot_that_ended_between_the_pull_request_and_its_note_opens_no_second_one(desk, replicas, monkeypatch):
    one, two = replicas
    desk.limit(10)
    desk.ask(one)
    desk.now += timedelta(minutes=20)
    desk.limit(0)

    def dead(_):
        raise StoreError("The database does not answer.")

    with monkeypatch.context() as broken:
        broken.setattr(one.store.queued_reverts, "save", dead)
        with pytest.raises(StoreError):
            desk.run_queued(one)
    assert len(desk.pulls()) == 1
    desk.run_queued(two)
    assert len(desk.pulls()) == 1
    assert "already open" in two.store.queued_reverts.unsettled()[0].result


def test_who_asks_again_asks_for_the_one_that_waits(desk, replicas):
    desk.limit(10)
    first = desk.ask(replicas[0])
    desk.now += timedelta(seconds=30)
    again = desk.ask(replicas[1])
    assert first.text == again.text
    assert len(replicas[0].store.queued_reverts.unsettled()) == 1
    desk.ask(replicas[0], application=None)
    assert len(replicas[0].store.queued_reverts.unsettled()) == 2, "that is another request"


def test_a_forge_that_asks_to_wait_again_is_waited_for_and_given_up_after_a_day(desk, replicas):
    ports = replicas[0]
    desk.limit(10)
    desk.ask(ports)
    desk.now += timedelta(minutes=20)
    desk.limit(30)
    desk.run_queued(ports)
    (known,) = ports.store.queued_reverts.unsettled()
    assert known.state is QueueState.WAITING
    assert known.due > desk.now
    desk.now += MAX_WAIT
    desk.limit(30)
    desk.run_queued(ports)
    (known,) = ports.store.queued_reverts.unsettled()
    assert known.state is QueueState.GIVEN_UP
    assert "rate limit" in known.result


def test_who_may_no_longer_has_it_refused_when_it_is_due(desk, replicas):
    ports = replicas[0]
    desk.limit(10)
    desk.ask(ports)
    desk.now += timedelta(minutes=20)
    desk.limit(0)
    desk.authorizer.decision = Denied(Rule("slack.revert_allowed", ()))
    desk.run_queued(ports)
    assert desk.pulls() == []
    (known,) = ports.store.queued_reverts.unsettled()
    assert known.state is QueueState.DONE
    assert known.result


def test_an_application_that_left_the_configuration_is_not_reverted(desk, replicas):
    ports = replicas[0]
    desk.limit(10)
    desk.ask(ports)
    desk.applications = {}
    desk.now += timedelta(minutes=20)
    desk.run_queued(ports)
    assert "no longer configured" in ports.store.queued_reverts.unsettled()[0].result
    assert [(each.origin, each.result) for each in ports.store.audit_log.entries()] == [
        (Origin.COMMAND, "Refused"),
        (Origin.QUEUE, "Refused"),
    ]
