"""A revert that the forge's rate limit does not allow is opened later: a local forge, real git and stores."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import build
from bot.adapters.database.store import SqlStore
from bot.adapters.git.repository import GitRepository
from bot.core.access.audit import Origin
from bot.core.access.permission import Right, Roles
from bot.core.access.requester import Requester
from bot.core.git.repository_ref import RepositoryRef
from bot.core.git.target_revision import TargetRevision
from bot.core.incidents.alerting import AlertPolicy
from bot.core.pull_requests.change_ref import Latest, Sha
from bot.core.pull_requests.queued import MAX_WAIT, QueueState
from bot.core.pull_requests.revert import RevertRequest
from bot.handlers.access.authorizer import Authorizer, Groups
from bot.handlers.approvals.review import ApprovalReviewer
from bot.handlers.pull_requests.intents import Intents
from bot.handlers.pull_requests.revert_service import RevertService
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.language import ENGLISH
from bot.messages.desired_cards import desired_cards
from bot.ports import Ports
from bot.ports.git import RepositoryError
from bot.ports.store import StoreError
from tests.common.database import create_database
from tests.common.forge import RunningForge
from tests.common.kubernetes import as_yaml, config_map
from tests.common.samples import application
from tests.common.slack import JONAS

REQUESTER = Requester(JONAS, "jonas", "C9", Origin.COMMAND, ENGLISH)


class Queue(RunningForge):
    """A forge with a bad commit, and replicas of a bot on one database that revert it."""

    def __init__(self, folder):
        super().__init__("github", folder)
        for limit in "12":
            files = {"apps/shop/a.yaml": as_yaml(config_map(limit=limit))}
            self.bad = self.hosted.commit("main", files, f"Limit {limit}\n", "mia")
        self.allowed = ("*",)
        self.applications = {"shop": application(repository="press", channel="C1")}
        self.manifest_cache = ManifestCache()

    def replica(self):
        """The ports of another replica."""
        store = SqlStore(create_database(self.folder))
        repositories, forges = {"press": self.repository()}, {"press": self.adapter()}
        return Ports(repositories, forges, {}, None, None, None, store, None, self.clock)

    def service(self, ports):
        roles = Roles({Right.REVERT: self.allowed, Right.SILENCE: ()}, {})
        groups = Groups(ports.chat, self.clock)

        def authorizer(user):
            return Authorizer(user, roles, groups)

        return RevertService(
            ports, self.applications, authorizer, lambda _: ENGLISH, self.manifest_cache, "C0", Intents(ports)
        )

    def request(self, ports, application="shop", change=None):
        request = RevertRequest("jonas", change or Sha(self.bad), application)
        return self.service(ports).revert(REQUESTER, request)

    def run_queued(self, ports):
        self.service(ports).run_queued(lambda _: None)

    def limit(self, minutes):
        """Allow no request for that many minutes."""
        self.sandbox.faults.rate_limited_until = self.clock() + timedelta(minutes=minutes) if minutes else None

    def cards(self, ports):
        queued = ports.store.queued_reverts.unsettled()
        return desired_cards(lambda _: ENGLISH, self.clock(), AlertPolicy(), queued=queued)

    @property
    def heads(self):
        """The branches of all pull requests."""
        return [pull.head for pull in self.hosted.pulls.values()]


@pytest.fixture
def queue(tmp_path):
    queue = Queue(tmp_path)
    with queue.serve():
        yield queue


@pytest.fixture
def replicas(queue):
    replicas = [queue.replica(), queue.replica()]
    yield replicas
    for replica in replicas:
        replica.store.close()


def test_a_queued_revert_is_opened_once_by_any_replica(queue, replicas):
    one, two = replicas
    queue.limit(47)
    answer = queue.request(one)
    assert ": Queued: " in answer.text
    assert "rate limit has been reached" in answer.text
    (queued,) = two.store.queued_reverts.unsettled()
    assert (queued.by, queued.channel, queued.request.change) == (JONAS, "C1", Sha(queue.bad))
    assert [(card.channel, card.last) for card in queue.cards(two)] == [("C1", False)]
    queue.run_queued(two)
    assert queue.heads == [], "it is not due"
    queue.clock.advance(minutes=50)
    queue.limit(0)
    for replica in (two, one, two):
        queue.run_queued(replica)
    assert queue.heads == [f"gitops-bot/revert-{queue.bad}"]
    (done,) = one.store.queued_reverts.unsettled()
    assert (done.state, done.url is not None) == (QueueState.DONE, True)
    assert done.result.startswith("opened #7")
    card, reply = queue.cards(one)
    assert (card.last, reply.thread_of) == (True, card.key)
    one.store.settle(done)
    assert two.store.queued_reverts.unsettled() == []


def test_a_queued_revert_of_head_reverts_what_was_the_latest_commit_then(queue, replicas):
    queue.limit(10)
    answer = queue.request(replicas[0], change=Latest())
    assert queue.bad[:8] in answer.text
    queue.hosted.commit("main", {"apps/shop/b.yaml": as_yaml(config_map("later"))}, "Later\n", "mia")
    queue.clock.advance(minutes=20)
    queue.limit(0)
    queue.run_queued(replicas[1])
    assert queue.heads == [f"gitops-bot/revert-{queue.bad}"]


@pytest.mark.parametrize(("allowed", "result"), [((), "denied: slack.revert_allowed"), (("*",), "failed: ")])
def test_a_revert_of_head_is_audited_even_if_git_cannot_be_fetched(queue, replicas, monkeypatch, allowed, result):
    (ports, _), queue.allowed = replicas, allowed

    def down():
        raise RepositoryError("no route to host")

    monkeypatch.setattr(ports.repositories["press"], "fetch", down)
    with nullcontext() if not allowed else pytest.raises(RepositoryError):
        assert "not allowed" in queue.request(ports, change=Latest()).text
    (entry,) = ports.store.audit_log.entries()
    assert entry.what == "revert HEAD"
    assert entry.result.startswith(result)
    assert list(ports.store.intents.unfinished()) == []


def test_a_crash_after_opening_the_pull_request_opens_no_second_one(queue, replicas, monkeypatch):
    one, two = replicas
    queue.limit(10)
    queue.request(one)
    queue.clock.advance(minutes=20)
    queue.limit(0)

    def dead(_):
        raise StoreError("The database does not answer.")

    with monkeypatch.context() as broken:
        broken.setattr(one.store.queued_reverts, "save", dead)
        with pytest.raises(StoreError):
            queue.run_queued(one)
    assert len(queue.heads) == 1
    queue.run_queued(two)
    assert len(queue.heads) == 1
    assert "already open" in two.store.queued_reverts.unsettled()[0].result


def test_the_same_request_is_queued_once(queue, replicas):
    queue.limit(10)
    first = queue.request(replicas[0])
    queue.clock.advance(seconds=30)
    again = queue.request(replicas[1])
    assert first.text == again.text
    assert len(replicas[0].store.queued_reverts.unsettled()) == 1
    queue.request(replicas[0], application=None)
    assert len(replicas[0].store.queued_reverts.unsettled()) == 2, "that is another request"


def test_a_revert_that_stays_rate_limited_is_given_up_after_a_day(queue, replicas):
    ports = replicas[0]
    queue.limit(10)
    queue.request(ports)
    queue.clock.advance(minutes=20)
    queue.limit(30)
    queue.run_queued(ports)
    (queued,) = ports.store.queued_reverts.unsettled()
    assert queued.state is QueueState.WAITING
    assert queued.due > queue.clock()
    queue.clock.advance(MAX_WAIT)
    queue.limit(30)
    queue.run_queued(ports)
    (queued,) = ports.store.queued_reverts.unsettled()
    assert queued.state is QueueState.GIVEN_UP
    assert "rate limit" in str(queued.result)


def test_permission_is_checked_again_when_a_queued_revert_is_due(queue, replicas):
    ports = replicas[0]
    queue.limit(10)
    queue.request(ports)
    queue.clock.advance(minutes=20)
    queue.limit(0)
    queue.allowed = ()
    queue.run_queued(ports)
    assert queue.heads == []
    (queued,) = ports.store.queued_reverts.unsettled()
    assert queued.state is QueueState.DONE
    assert queued.result


def test_a_queued_revert_of_a_removed_application_is_not_opened(queue, replicas):
    ports = replicas[0]
    queue.limit(10)
    queue.request(ports)
    queue.applications = {}
    queue.clock.advance(minutes=20)
    queue.run_queued(ports)
    assert "no longer configured" in ports.store.queued_reverts.unsettled()[0].result
    assert [(each.origin, each.result) for each in ports.store.audit_log.entries()] == [
        (Origin.COMMAND, "Refused"),
        (Origin.QUEUE, "Refused"),
    ]


def test_a_commit_that_a_rewrite_removed_is_not_said_to_be_unknown_to_the_branch(queue, replicas):
    ports, queue_of = replicas[0], queue.hosted
    first = queue.git.commit(queue.bad).parents[0]
    reviewer = ApprovalReviewer(ports, {}, queue.applications, queue.manifest_cache, "C0", {})
    for before, head in ((None, first), (first, queue.bad)):
        assert reviewer.record_commits("press", before, head)
    queue.git.move("main", first, queue.bad)
    queue_of.pushed("main", queue.bad, first, "mia")
    assert "is no longer on main, because its history was rewritten" in queue.request(ports).text
    other = queue_of.commit("topic", {"x.md": "x"}, "Topic\n", "mia")
    assert "is not on main" in queue.request(ports, change=Sha(other)).text


def another_repository_is_down(queue, ports):
    down = GitRepository("infra", "http://127.0.0.1:9/infra.git", "main", queue.folder / "down")
    return replace(ports, repositories={"infra": down, **ports.repositories})


def another_application_tracks_a_missing_branch(queue, ports):
    queue.applications = {
        name: replace(application(name, repository="press"), repository=RepositoryRef("press", TargetRevision(branch)))
        for name, branch in (("eve", "gone"), ("shop", "staging"))
    }
    config = queue.config()
    repositories = build._ByRepository(dict(ports.repositories), lambda key: build.repository(config, key))
    return replace(ports, repositories=repositories, forges={**ports.forges, "press@staging": ports.forges["press"]})


@pytest.mark.parametrize("obstacle", [another_repository_is_down, another_application_tracks_a_missing_branch])
def test_a_revert_does_not_depend_on_what_the_change_is_not_in(queue, replicas, obstacle):
    queue.git.move("staging", queue.git.tip("main"), None)
    bad = queue.hosted.commit("staging", {"apps/shop/a.yaml": as_yaml(config_map(limit="9"))}, "More\n", "mia")
    if obstacle is another_repository_is_down:
        bad = queue.bad
    answer = queue.request(obstacle(queue, replicas[0]), application=None, change=Sha(bad))
    assert queue.heads == [f"gitops-bot/revert-{bad}"], answer.text
