"""Every request that needs a right leaves exactly one audit entry, whatever comes of it: real git, a real database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from bot.adapters.database.store import SqlStore
from bot.adapters.git.repository import GitRepository
from bot.core.access.audit import Origin
from bot.core.access.permission import Right, Roles
from bot.core.access.requester import Requester
from bot.core.applications.application import Application
from bot.core.drift.model import Check, FieldDrift, ObjectDrift, Status
from bot.core.git.repository_ref import RepositoryRef
from bot.core.incidents.incident import Incident, IncidentState
from bot.core.incidents.snooze import SnoozeFor
from bot.core.pull_requests.change_ref import PullNumber, Sha
from bot.core.pull_requests.revert import RevertRequest
from bot.handlers.command_service import CommandService
from bot.handlers.incidents.silence import ApplicationTarget, CardTarget
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.language import ENGLISH
from bot.messages import revert as revert_message
from bot.ports import Ports
from bot.ports.chat import ChatError
from bot.ports.store import StoreError
from tests.handlers.pull_requests.test_revert import Pulls

NOW = datetime(2026, 3, 1, 2, 47, tzinfo=UTC)
ANA, TOMAS, ON_CALL = "U0ANA", "U0TOMAS", "S0ONCALL"
WEB = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: %d}\n"
SCALED = FieldDrift("changed", "spec.replicas", 2, 7)
DRIFT = (ObjectDrift("apps/v1", "Deployment", "shop", "web", "modified", (SCALED,)),)
CARD = "shop@2026-03-01"
HOUR = SnoozeFor(timedelta(hours=1))


class World:
    """One application with an open incident, and the requests that people make about it."""

    def __init__(self, make_source, tmp_path):
        source = make_source("platform")
        source.commit("First", {"apps/shop/web.yaml": WEB % 1})
        self.bad = source.commit("Scale web", {"apps/shop/web.yaml": WEB % 2})
        other = make_source("other")
        other.commit("First", {"README.md": "x"})
        self.forge = Pulls(source)
        self.store = SqlStore(f"sqlite:///{tmp_path}/state.db")
        self.repositories = {
            name: GitRepository(name, str(path), "main", tmp_path / "mirrors")
            for name, path in (("platform", source.path), ("other", other.path))
        }
        chat = SimpleNamespace(user=lambda _: None, group_members=self._members)
        self.ports = Ports(
            self.repositories, {"platform": self.forge, "other": self.forge}, {}, None, self.store, chat, lambda: NOW
        )
        self.allowed = (ANA,)
        self.error = None
        self.revision = self.repositories["platform"].fetch()

    @staticmethod
    def _members(_group):
        raise ChatError("Slack does not answer.")

    def incident(self, state):
        incident = Incident(CARD, "shop", "prod", "C1", state, NOW, NOW, self.revision, DRIFT, worst=DRIFT)
        snoozed = {"snoozed_by": ANA, "snoozed_until": NOW + timedelta(hours=1)} if state == "snoozed" else {}
        assert self.store.incidents.exchange(None, replace(incident, **snoozed))

    def _check(self, _names):
        return [Check("shop", "prod", self.revision, Status.OUT_OF_SYNC, None, 1, NOW, DRIFT)]

    def entries(self):
        return [(entry.what, entry.result, entry.applications) for entry in self.store.audit_log.entries()]

    def service(self):
        applications = {"shop": Application("shop", RepositoryRef("platform"), "apps/shop", "prod", "shop", "C1")}
        roles = Roles(dict.fromkeys(Right, self.allowed), {})
        slack = SimpleNamespace(translator=lambda _: ENGLISH, channel="C0")
        config = SimpleNamespace(
            applications=applications, repositories=self.repositories, roles=roles, slack=slack, zone=UTC
        )
        monitor = SimpleNamespace(manifest_cache=ManifestCache(), check=self._check, reconcile_cards=lambda: None)
        store = Broken(self.store, self.error) if self.error else self.store
        return CommandService(config, replace(self.ports, store=store), monitor, None)

    def request(self, name, value=None):
        return REQUESTS[name](self.service(), Requester(ANA, "ana", "C1", Origin.COMMAND, ENGLISH), self, value)


class Broken:
    """A store of which only the audit log works."""

    def __init__(self, store, error):
        self.audit_log = store.audit_log
        self._error = error

    def __getattr__(self, _name):
        raise self._error


def pressed(world, value):
    return value or revert_message.button_value(RevertRequest("", Sha(world.bad), "shop"))


REQUESTS = {
    "revert": lambda service, ana, world, _: service.revert(ana, RevertRequest("ana", Sha(world.bad), "shop")),
    "revert button": lambda service, ana, world, value: service.revert_by_button(ana, pressed(world, value)),
    "adopt": lambda service, ana, _, value: service.adopt(ana, value or CARD),
    "ack": lambda service, ana, *_: service.acknowledge(ana, ApplicationTarget("shop")),
    "ack button": lambda service, ana, _, value: service.acknowledge(ana, CardTarget(value or CARD)),
    "snooze": lambda service, ana, *_: service.snooze(ana, ApplicationTarget("shop"), HOUR),
    "snooze form": lambda service, ana, _, value: service.snooze(ana, CardTarget(value or CARD), HOUR),
    "snooze button": lambda service, ana, _, value: service.offer_snooze(ana, CardTarget(value or CARD)),
    "wake button": lambda service, ana, _, value: service.unsnooze(ana, CardTarget(value or CARD)),
}
SNOOZE = "snooze until 2026-03-01T03:47Z"


@pytest.fixture
def world(make_source, tmp_path):
    world = World(make_source, tmp_path)
    yield world
    world.store.close()


@pytest.mark.parametrize(
    ("name", "what", "result"),
    [
        ("revert", "revert {bad}", "Opened https://github.com/acme/platform/pull/1"),
        ("revert button", "revert {bad}", "Opened https://github.com/acme/platform/pull/1"),
        ("adopt", "adopt shop", "Adopted https://github.com/acme/platform/pull/1"),
        ("ack", "acknowledge", "Done"),
        ("ack button", "acknowledge", "Done"),
        ("snooze", SNOOZE, "Done"),
        ("snooze form", SNOOZE, "Done"),
        ("wake button", "wake", "Done"),
    ],
)
def test_what_is_done(world, name, what, result):
    world.incident(IncidentState.SNOOZED if name == "wake button" else IncidentState.OPEN)
    world.request(name)
    assert world.entries() == [(what.format(bad=world.bad), result, ("shop",))]


@pytest.mark.parametrize(
    ("allowed", "result"), [(TOMAS, "denied: slack."), (ON_CALL, f"denied, could not ask: {ON_CALL} in slack.")]
)
@pytest.mark.parametrize("name", REQUESTS)
def test_what_is_denied(world, name, allowed, result):
    world.incident(IncidentState.SNOOZED)
    world.allowed = (allowed,)
    world.request(name)
    ((_, audited, applications),) = world.entries()
    assert audited.startswith(result)
    assert applications == ("shop",)


@pytest.mark.parametrize(
    ("error", "result"),
    [(StoreError("It is away."), "failed: It is away."), (RuntimeError("x"), "failed: RuntimeError")],
    ids=["of a port", "unexpected"],
)
@pytest.mark.parametrize("name", REQUESTS)
def test_what_fails(world, name, error, result):
    world.incident(IncidentState.SNOOZED)
    world.error = error
    with pytest.raises(type(error)):
        world.request(name)
    assert [entry[1] for entry in world.entries()] == [result]


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("revert button", "StaleButton"),
        ("adopt", "StaleButton"),
        ("ack button", "UnknownSubject"),
        ("snooze form", "UnknownSubject"),
        ("snooze button", "UnknownSubject"),
        ("wake button", "NotSnoozed"),
    ],
)
def test_a_button_that_refers_to_nothing(world, name, result):
    world.request(name, "gone")
    assert [entry[1:] for entry in world.entries()] == [(result, ())]


@pytest.mark.parametrize(("name", "result"), [("ack", "UnknownSubject"), ("wake button", "NotSnoozed")])
def test_an_incident_that_is_in_no_such_state(world, name, result):
    if name == "wake button":
        world.incident(IncidentState.OPEN)
    world.request(name)
    assert [entry[1] for entry in world.entries()] == [result]


def test_a_revert_in_one_of_several_repositories(world):
    service, ana = world.service(), Requester(ANA, "ana", "C1", Origin.COMMAND, ENGLISH)
    assert "platform" in service.revert(ana, RevertRequest("ana", PullNumber(7))).text
    assert world.entries() == [("revert #7", "AmbiguousRepository", ())]


def test_asking_for_how_long_is_no_request_yet(world):
    world.incident(IncidentState.OPEN)
    assert world.request("snooze button") == ("shop",)
    assert world.entries() == []
