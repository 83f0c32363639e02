"""Who made a difference, from a cluster's audit log to what people read: the bot over real protocols."""

import json
import re
from unittest.mock import Mock

import pytest

from bot import build
from bot.adapters.database.cluster_writes import SqlClusterWrites
from bot.cli.check_report import as_json, as_text
from bot.core.drift.model import Confidence
from bot.i18n.language import ENGLISH
from bot.messages.drift import diff
from bot.ports.store import StoreError
from bot.sandbox.cluster.audit import AuditLogFile
from tests.common.bot import BotUnderTest
from tests.common.kubernetes import FLUX, as_yaml, config_map, deployment, running_cluster, secret
from tests.common.slack import cards, content

SETTINGS = config_map(level="info", mode="blue")
WEB = deployment()
LOGIN = secret(password="sesame")


class Audited:
    """A bot whose cluster writes an audit log, which the bot follows when the test says so."""

    def __init__(self, folder, source, slack, cluster, clock):
        self.cluster, self.slack, self.clock, self.log = cluster, slack, clock, folder / "audit.log"
        cluster.api.audit_log = AuditLogFile(self.log)
        source.commit("First", {"apps/shop/all.yaml": as_yaml(SETTINGS, WEB, LOGIN)})
        cluster.apply(SETTINGS, WEB, LOGIN, namespace="shop", manager=FLUX)
        self.bot = BotUnderTest(folder, repository=source.url, slack=slack, clusters={"prod": cluster}, clock=clock)

    def start(self, **audit):
        settings = {"logs": [str(self.log)], "show_users": True, **audit}
        self.bot.start(clusters={"prod": {"audit": settings}})
        self.recorder = build.audit_recorders(self.bot.config, self.bot.store.cluster_writes)["prod"]
        self.check()
        return self

    def restart(self):
        self.recorder.close()
        self.bot.restart()
        self.recorder = build.audit_recorders(self.bot.config, self.bot.store.cluster_writes)["prod"]

    def check(self, seconds=30):
        self.clock.advance(seconds=seconds)
        self.recorder.follow(self.clock())
        return self.bot.check(seconds=0)["shop"]

    def actors(self, seconds=30):
        """By field; "" for a missing object."""
        return {
            getattr(item, "path", ""): item.actor
            for object_drift in self.check(seconds).drift
            for item in object_drift.fields or (object_drift,)
        }

    def alter_last(self, *, subresource="", **changes):
        """Rewrite the latest event as another kind of request would have made it."""
        *lines, last = self.log.read_text().splitlines()
        event = json.loads(last) | changes
        event["objectRef"]["subresource"] = subresource
        self.log.write_text("".join(f"{line}\n" for line in [*lines, json.dumps(event)]))

    def without_bodies(self):
        """Rewrite the log as an audit policy of level Metadata would have it."""
        events = [json.loads(line) for line in self.log.read_text().splitlines()]
        bodies = ("requestObject", "responseObject")
        events = [{key: event[key] for key in event if key not in bodies} | {"level": "Metadata"} for event in events]
        lines = [json.dumps(event) + "\n" for event in events]
        self.log.write_text("".join(lines))


@pytest.fixture
def audited(tmp_path, source, slack, clock):
    with running_cluster(clock=clock) as cluster:
        audited = Audited(tmp_path, source, slack, cluster, clock)
        yield audited
        audited.recorder.close()
        audited.bot.close()


def test_the_card_the_diff_and_the_report_name_the_person_the_tool_and_the_second(audited):
    audited.start()
    audited.cluster.edit(SETTINGS, "shop", {"data": {"level": "debug", "mode": None}})
    at = audited.clock()
    check = audited.check()
    audited.check()

    (card,) = cards(audited.slack)
    assert card.text.endswith(f"By admin with kubectl, {at:%H:%M:%S} UTC.")
    assert "by admin with " in content(card)
    assert f"by admin with kubectl, {at:%Y-%m-%dT%H:%M:%SZ}" in as_text([check])
    fields = json.loads(as_json([check]))["applications"][0]["drift"][0]["fields"]
    assert [(field["path"], field["actor"]["users"], field["actor"]["confidence"]) for field in fields] == [
        ("data.level", [{"name": "admin", "impersonated": None}], "certain"),
        ("data.mode", [{"name": "admin", "impersonated": None}], "certain"),
    ]
    assert "by admin with " in content(diff(ENGLISH, check, "shop", lambda *_: (), everything=False))


def test_a_deleted_object_has_a_name(audited):
    audited.start()
    audited.cluster.delete(SETTINGS, "shop")
    actor = audited.actors()[""]
    assert (actor.users[0].name, actor.tool, actor.confidence) == ("admin", "kubectl delete", Confidence.CERTAIN)


def test_without_show_users_no_name_is_kept_or_shown(audited):
    audited.start(show_users=False)
    audited.cluster.edit(SETTINGS, "shop", {"data": {"level": "debug"}})
    at = audited.clock()
    actor = audited.actors()["data.level"]
    assert (actor.users, actor.tool, actor.time) == ((), "kubectl", at)
    audited.check()
    (card,) = cards(audited.slack)
    assert card.text.endswith(f"By kubectl, {at:%H:%M:%S} UTC.")
    with audited.bot.store.database.begin() as connection:
        kept = "".join(connection.exec_driver_sql("SELECT body FROM cluster_writes").scalars())
    assert "kubectl" in kept
    assert "admin" not in kept


def test_a_restart_keeps_names_and_retention_forgets_requests_but_no_name_on_a_card(audited):
    audited.start(retention="1h")
    audited.cluster.edit(SETTINGS, "shop", {"data": {"level": "debug"}})
    first = audited.actors()
    audited.log.unlink()  # rotated away
    audited.restart()
    assert audited.actors() == first
    audited.clock.advance(hours=2)
    audited.recorder.prune(audited.clock())
    audited.restart()
    with audited.bot.store.database.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM cluster_writes").scalar() == 0
    assert audited.actors() == first
    assert first["data.level"].confidence is Confidence.CERTAIN


def test_without_an_audit_log_names_disappear_and_requests_are_deleted_after_a_day(audited):
    audited.start()
    audited.cluster.edit(SETTINGS, "shop", {"data": {"level": "debug"}})
    assert audited.actors()["data.level"].users[0].name == "admin"
    audited.bot.start(clusters={"prod": {"audit": None}})
    ((field,),) = (item.fields for item in audited.bot.check()["shop"].drift)
    assert (field.actor.users, field.actor.tool) == ((), "kubectl")
    audited.clock.advance(hours=24)
    audited.bot.monitor.prune()
    with audited.bot.store.database.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM cluster_writes").scalar() == 0


def test_at_level_metadata_a_name_is_likely_and_waits_for_late_events(audited):
    audited.start(delay="20s")
    audited.cluster.edit(SETTINGS, "shop", {"data": {"level": "debug"}})
    audited.without_bodies()
    audited.restart()
    assert audited.actors() == {"data.level": None}  # an API server may still hold events back
    actor = audited.actors()["data.level"]
    assert (actor.confidence, actor.users[0].name) == (Confidence.LIKELY, "admin")


def test_nobody_is_named_for_the_content_of_a_secret_and_no_value_is_kept(audited, tmp_path):
    audited.start()
    audited.cluster.edit(LOGIN, "shop", {"data": {"password": "c3dvcmRmaXNo"}})
    assert audited.actors() == {"data.password": None}
    audited.check()
    state = b"".join(path.read_bytes() for path in tmp_path.glob("state.db*"))
    for value in (b"c3dvcmRmaXNo", b"swordfish", b"sesame"):
        assert value not in state
    assert b"secrets" in state


def test_a_log_that_cannot_be_read_is_said_once(audited, caplog):
    audited.start(logs=[str(audited.log) + ".missing"])
    audited.check()
    said = [record for record in caplog.records if "Could not read the audit log" in record.getMessage()]
    assert len(said) == 1
    assert re.search(r"audit\.log\.missing: No such file", said[0].getMessage())


def test_events_that_are_read_while_the_database_fails_are_recorded_once_it_responds(audited, monkeypatch):
    """Also what a late event reveals about another one: without mallory's, ana's update seems to have set the mode."""
    audited.start()
    audited.cluster.edit(SETTINGS, "shop", {"data": {"mode": "green"}})
    audited.alter_last(user={"username": "mallory"})
    audited.cluster.edit(SETTINGS, "shop", {"metadata": {"labels": {"note": "x"}}})
    audited.alter_last(user={"username": "ana"}, verb="update", requestObject=None)
    *earlier, late, last = audited.log.read_text().splitlines(keepends=True)
    audited.log.write_text("".join([*earlier, last]))
    assert audited.actors()["data.mode"].users[0].name == "ana"
    with monkeypatch.context() as outage:
        outage.setattr(SqlClusterWrites, "save", Mock(side_effect=StoreError("The database does not respond.")))
        audited.log.write_text("".join([*earlier, last, late]))
        audited.recorder.follow(audited.clock())
        audited.cluster.edit(SETTINGS, "shop", {"data": {"level": "debug"}})
        audited.recorder.follow(audited.clock())
    actors = audited.actors()
    assert [actors[f"data.{key}"].users[0].name for key in ("mode", "level")] == ["mallory", "admin"]


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("RequestResponse", (Confidence.CERTAIN, ["mallory"])),
        ("Metadata", (Confidence.ONE_OF_SEVERAL, ["ana", "mallory"])),
    ],
)
def test_an_annotation_that_was_removed_through_the_status_is_not_the_next_writers(audited, source, level, expected):
    settings = {**SETTINGS, "metadata": {**SETTINGS["metadata"], "annotations": {"example.com/auth": "sso"}}}
    source.commit("Second", {"apps/shop/all.yaml": as_yaml(settings, WEB, LOGIN)})
    audited.cluster.apply(settings, namespace="shop", manager=FLUX)
    audited.start(delay="20s")
    audited.cluster.edit(SETTINGS, "shop", {"metadata": {"annotations": {"example.com/auth": None}}})
    audited.alter_last(user={"username": "mallory"}, subresource="status")
    audited.cluster.edit(SETTINGS, "shop", {"metadata": {"labels": {"note": "x"}}})
    audited.alter_last(user={"username": "ana"}, verb="update", requestObject=None)
    if level == "Metadata":
        audited.without_bodies()
        audited.restart()
        audited.actors()  # too early to name anyone
    actor = audited.actors()['metadata.annotations["example.com/auth"]']
    assert (actor.confidence, sorted(user.name for user in actor.users)) == expected
