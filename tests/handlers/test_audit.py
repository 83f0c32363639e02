"""Every request that needs a right leaves exactly one audit entry, whatever comes of it: real git, a real database."""

import typing
from dataclasses import replace
from datetime import UTC, timedelta
from types import SimpleNamespace

import pytest

from bot.adapters.git.repository import GitRepository
from bot.core.access.audit import Origin, outcome_name
from bot.core.access.permission import Right, Roles
from bot.core.access.requester import Requester
from bot.core.incidents.incident import IncidentState
from bot.core.incidents.snooze_period import SnoozeFor
from bot.core.pull_requests import revert
from bot.core.pull_requests.change_ref import PullNumber, Sha
from bot.core.pull_requests.revert import RevertRequest
from bot.handlers.command_service import CommandService
from bot.handlers.incidents import transition
from bot.handlers.incidents.silence_service import ApplicationTarget, CardTarget, SnoozeOffer
from bot.handlers.pull_requests import adopt
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.i18n.language import ENGLISH
from bot.messages import revert as revert_message
from bot.ports import Ports
from bot.ports.chat import ChatError
from bot.ports.errors import PortError
from bot.ports.store import StoreError
from tests.common.clock import Clock
from tests.common.forge import InMemoryForge
from tests.common.samples import SCALED, T0, application, check, incident

ANA, TOMAS, ON_CALL = "U0ANA", "U0TOMAS", "S0ONCALL"
WEB = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: %d}\n"
CARD = "shop@2026-03-01"
HOUR = SnoozeFor(timedelta(hours=1))


class Scenario:
    """One application with an incident, and the requests that people make about it."""

    def __init__(self, make_source, store, tmp_path):
        source, other = make_source("platform"), make_source("other")
        source.commit("First", {"apps/shop/web.yaml": WEB % 1})
        self.bad = source.commit("Scale web", {"apps/shop/web.yaml": WEB % 2})
        other.commit("First", {"README.md": "x"})
        self.store = store
        self.repositories = {
            name: GitRepository(name, repository.url, "main", tmp_path / "mirrors")
            for name, repository in (("platform", source), ("other", other))
        }
        chat = SimpleNamespace(user=lambda _: None, group_members=self._group_members)
        forges = dict.fromkeys(("platform", "other"), InMemoryForge(source))
        self.ports = Ports(self.repositories, forges, {}, None, None, None, store, chat, Clock(T0))
        self.allowed = (ANA,)
        self.error = self.why_unknown = None
        self.revision = self.repositories["platform"].fetch()

    @staticmethod
    def _group_members(_group):
        raise ChatError("Slack does not answer.")

    def open_incident(self, state=IncidentState.OPEN):
        snoozed = {"snoozed_by": ANA, "snoozed_until": T0 + timedelta(hours=1)} if state == "snoozed" else {}
        stored = incident(id=CARD, state=state, revision=self.revision, channel="C1", **snoozed)
        assert self.store.incidents.exchange(None, stored)

    def _check(self, _names):
        return [check(revision=self.revision, drift=(SCALED,))]

    def entries(self):
        return [(entry.what, entry.result, entry.applications) for entry in self.store.audit_log.entries()]

    def service(self):
        roles = Roles(dict.fromkeys(Right, self.allowed), {})
        slack = SimpleNamespace(translator=lambda _: ENGLISH, channel="C0")
        config = SimpleNamespace(
            applications={"shop": application(channel="C1")},
            repositories=self.repositories,
            roles=roles,
            slack=slack,
            zone=UTC,
        )
        monitor = SimpleNamespace(
            manifest_cache=ManifestCache(),
            check=self._check,
            reconcile_cards=lambda: None,
            why_unknown=lambda _: self.why_unknown,
        )
        store = FailingStore(self.store, self.error) if self.error else self.store
        return CommandService(config, replace(self.ports, store=store), monitor, None)

    def request(self, name, value=None):
        return REQUESTS[name](self.service(), Requester(ANA, "ana", "C1", Origin.COMMAND, ENGLISH), self, value)


class FailingStore:
    """A store of which only the audit log works."""

    def __init__(self, store, error):
        self.audit_log = store.audit_log
        self._error = error

    def __getattr__(self, _name):
        raise self._error


def button_value(scenario, value):
    return value or revert_message.button_value(RevertRequest("", Sha(scenario.bad), "shop"))


REQUESTS = {
    "revert": lambda service, ana, scenario, _: service.revert(ana, RevertRequest("ana", Sha(scenario.bad), "shop")),
    "revert button": lambda service, ana, scenario, value: service.revert_by_button(ana, button_value(scenario, value)),
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
def scenario(make_source, store, tmp_path):
    return Scenario(make_source, store, tmp_path)


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
def test_a_request_that_succeeds_is_audited(scenario, name, what, result):
    scenario.open_incident(IncidentState.SNOOZED if name == "wake button" else IncidentState.OPEN)
    scenario.request(name)
    assert scenario.entries() == [(what.format(bad=scenario.bad), result, ("shop",))]


@pytest.mark.parametrize(
    ("allowed", "result"), [(TOMAS, "denied: slack."), (ON_CALL, f"denied, could not ask: {ON_CALL} in slack.")]
)
@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_that_is_denied_is_audited(scenario, name, allowed, result):
    scenario.open_incident(IncidentState.SNOOZED)
    scenario.allowed = (allowed,)
    scenario.request(name)
    ((_, audited, applications),) = scenario.entries()
    assert audited.startswith(result)
    assert applications == ("shop",)


@pytest.mark.parametrize(
    ("error", "result"),
    [(StoreError("It is away."), "failed: It is away."), (RuntimeError("x"), "failed: RuntimeError")],
    ids=["of a port", "unexpected"],
)
@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_that_fails_is_audited(scenario, name, error, result):
    scenario.open_incident(IncidentState.SNOOZED)
    scenario.error = error
    with pytest.raises(type(error)):
        scenario.request(name)
    assert [entry[1] for entry in scenario.entries()] == [result]


@pytest.mark.parametrize("name", ["revert", "revert button", "adopt"])
def test_a_request_before_the_applications_are_discovered_is_audited(scenario, name):
    scenario.open_incident()
    scenario.why_unknown = "The bot is discovering applications."
    with pytest.raises(PortError, match=scenario.why_unknown):
        scenario.request(name)
    assert [entry[1] for entry in scenario.entries()] == [f"failed: {scenario.why_unknown}"]


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("revert button", "button out of date"),
        ("adopt", "button out of date"),
        ("ack button", "no open incident"),
        ("snooze form", "no open incident"),
        ("snooze button", "no open incident"),
        ("wake button", "not snoozed"),
    ],
)
def test_a_button_that_refers_to_nothing_is_audited(scenario, name, result):
    scenario.request(name, "gone")
    assert [entry[1:] for entry in scenario.entries()] == [(result, ())]


@pytest.mark.parametrize(("name", "result"), [("ack", "no open incident"), ("wake button", "not snoozed")])
def test_a_request_without_a_matching_incident_is_audited(scenario, name, result):
    if name == "wake button":
        scenario.open_incident()
    scenario.request(name)
    assert [entry[1] for entry in scenario.entries()] == [result]


def test_an_ambiguous_revert_is_audited(scenario):
    service, ana = scenario.service(), Requester(ANA, "ana", "C1", Origin.COMMAND, ENGLISH)
    assert "platform" in service.revert(ana, RevertRequest("ana", PullNumber(7))).text
    assert scenario.entries() == [("revert #7", "ambiguous repository", ())]


def test_opening_the_snooze_form_is_not_audited(scenario):
    scenario.open_incident()
    assert scenario.request("snooze button") == SnoozeOffer(("shop",), T0, "UTC")
    assert scenario.entries() == []


def test_every_outcome_keeps_its_result_in_the_log():
    unions = (transition.Outcome, revert.Outcome, adopt.Outcome)
    outcomes = {outcome.__name__ for union in unions for outcome in typing.get_args(union)} | {"StaleButton"}
    assert {name: outcome_name(name) for name in outcomes} == {
        "Adopted": "Adopted",
        "AllResolved": "already resolved",
        "AlreadyDone": "Already",
        "AlreadyOpen": "already open",
        "AlreadyReverted": "already reverted",
        "Ambiguous": "Ambiguous",
        "AmbiguousRepository": "ambiguous repository",
        "AcrossMerges": "across merges",
        "Changed": "Done",
        "Confirm": "Confirm",
        "Conflict": "Conflict",
        "EmptyCommit": "empty commit",
        "InsidePull": "inside pull",
        "NotDone": "nobody has it",
        "NotFound": "not found",
        "NotOnBranch": "not on branch",
        "NotPermitted": "not permitted",
        "NothingDiffers": "nothing differs",
        "NothingToUndo": "nothing to undo",
        "Opened": "Opened",
        "PullNotMerged": "pull not merged",
        "Refused": "Refused",
        "RootCommit": "root commit",
        "StaleButton": "button out of date",
        "Unfinished": "Unfinished",
        "UnknownSubject": "no open incident",
    }
