"""The process is killed or the database fails while a pull request is opened: each request is finished once."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.adapters.database.audit_log import SqlAuditLog
from bot.adapters.forges.github import GitHubForge
from bot.config.load import load
from bot.core.access.audit import Origin
from bot.core.access.requester import Requester
from bot.core.pull_requests.change_ref import parse_change_ref
from bot.core.pull_requests.intent import MAX_ATTEMPTS
from bot.core.pull_requests.revert import RevertRequest
from bot.handlers.command_service import CommandService
from bot.handlers.slack.people import People
from bot.i18n.language import ENGLISH
from bot.ports.store import StoreError
from tests.common.bot import BotUnderTest
from tests.common.fleet import running_fleet, settings_manifest, settings_path
from tests.common.slack import JONAS
from tests.hostile.killed import POINTS

ROOT = Path(__file__).parents[2]


class Interrupted:
    """A fleet, and the bot that starts after another process was killed."""

    def __init__(self, fleet):
        self.fleet, self.config_file = (
            fleet,
            fleet.stack.write_config(
                slack={"channel": fleet.channels[0]},
                schedule={},
                application=lambda application: {"channel": fleet.channel_of(application)},
            ),
        )
        self.config = load(self.config_file, fleet.stack.environment)
        self.levels = 1
        environment = {**os.environ, **fleet.stack.environment, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "tests.hostile.killed"]
        self.requests = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def change(self, application):
        """Commit a change that only this application has; the sha."""
        self.levels += 1
        files = {settings_path(application, 0): settings_manifest(0, str(self.levels))}
        return self.fleet.commit(files, f"Raise the level to {self.levels}\n")

    def kill_at(self, point, verb, what):
        """Ask for it in a process that is killed at that point."""
        self.requests.stdin.write(f"{json.dumps([str(self.config_file), point, verb, what])}\n")
        self.requests.stdin.flush()
        assert self.requests.stdout.readline() == f"{-signal.SIGKILL}\n"

    @contextmanager
    def restarted(self):
        """The next process of the bot, and its commands."""
        bot = BotUnderTest(self.fleet.stack.folder, repository="", slack=self.fleet.slack, clusters={})
        bot.restart(self.config)
        try:
            yield bot, CommandService(bot.config, bot.ports, bot.monitor, People(bot.ports.chat, {}, bot.clock))
        finally:
            bot.close()

    def assert_finished_once(self, bot, what, number_of_branches, channel):
        """One branch, one pull request, one audit entry, one tracked pull request with its card; nothing pending."""
        repository = self.fleet.repository
        branches = [branch for branch in repository.git.branches() if branch.startswith("gitops-bot/")]
        pulls = [pull for pull in repository.listed() if pull.head.startswith("gitops-bot/")]
        assert len(branches) == len(pulls) == number_of_branches
        entries = [entry for entry in bot.store.audit_log.entries() if entry.what == what]
        assert [(entry.who, entry.origin, entry.channel) for entry in entries] == [
            (JONAS, Origin.COMMAND, self.fleet.channels[0])
        ]
        url = f"/pull/{pulls[0].number}"
        assert entries[0].result.endswith(url)
        tracked = [pull for pull in bot.store.pull_requests.unsettled() if pull.url.endswith(url)]
        assert [pull.channels for pull in tracked] == [(channel,)]
        assert bot.store.intents.unfinished() == []
        bot.reconciler.reconcile()
        cards = [message for message in self.fleet.slack.messages(channel) if url in str(message.blocks)]
        assert len(cards) == 1


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    with running_fleet(tmp_path_factory.mktemp("fleet"), applications=2, channels=2) as fleet:
        interrupted = Interrupted(fleet)
        with interrupted.requests:  # which end with their standard input
            yield interrupted


def bot_branches(interrupted):
    return len([pull for pull in interrupted.fleet.repository.listed() if pull.head.startswith("gitops-bot/")])


@pytest.mark.parametrize("point", POINTS)
def test_a_revert_that_kill_9_ends_is_finished_after_the_restart(interrupted, point):
    """There was a pull request, and no audit entry, no card and no record of it."""
    application = interrupted.fleet.applications[1]
    before, sha = bot_branches(interrupted), interrupted.change(application)
    interrupted.kill_at(point, "revert", sha)
    with interrupted.restarted() as (bot, commands):
        for _ in range(2):
            commands.resume_interrupted()
        interrupted.assert_finished_once(bot, f"revert {sha}", before + 1, interrupted.fleet.channels[1])
    told = [message.text for message in interrupted.fleet.slack.ephemerals(JONAS)]
    assert point == "the entry is appended" or "awaiting review" in told[-1]


def requester():
    return Requester(JONAS, "jonas", "C0TEAM0000", Origin.COMMAND, ENGLISH)


def test_an_adoption_that_kill_9_ends_is_finished_after_the_restart(interrupted):
    application = interrupted.fleet.applications[0]
    before = bot_branches(interrupted)
    interrupted.fleet.edit(application, 0, "9")
    interrupted.kill_at("the pull request is open", "adopt", application.name)
    with interrupted.restarted() as (bot, commands):
        for _ in range(2):
            commands.resume_interrupted()
        interrupted.assert_finished_once(bot, f"adopt {application.name}", before + 1, interrupted.fleet.channels[0])


def test_a_revert_while_the_database_is_locked_is_finished_when_it_is_free(interrupted, monkeypatch):
    """Another process holds SQLite's lock from the moment that the forge is asked to open the pull request."""
    application = interrupted.fleet.applications[1]
    before, sha = bot_branches(interrupted), interrupted.change(application)
    with interrupted.restarted() as (bot, commands):
        engine = bot.ports.store.database.engine
        sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=50").close())
        engine.dispose()
        locker = sa.create_engine(interrupted.config.store)
        create = GitHubForge.create_pull_request
        with locker.connect() as lock, monkeypatch.context() as patched:

            def locked(*arguments, **keywords):
                pull = create(*arguments, **keywords)
                lock.exec_driver_sql("BEGIN IMMEDIATE")
                return pull

            patched.setattr(GitHubForge, "create_pull_request", locked)
            with pytest.raises(StoreError):
                commands.revert(requester(), RevertRequest("jonas", parse_change_ref(sha)))
            with pytest.raises(StoreError):
                commands.resume_interrupted()
            lock.rollback()
        locker.dispose()
        for _ in range(2):
            commands.resume_interrupted()
        interrupted.assert_finished_once(bot, f"revert {sha}", before + 1, interrupted.fleet.channels[1])


def test_what_cannot_be_recorded_is_not_begun(interrupted):
    before, sha = bot_branches(interrupted), interrupted.change(interrupted.fleet.applications[0])
    with interrupted.restarted() as (bot, commands):
        engine = bot.ports.store.database.engine
        sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only=1").close())
        engine.dispose()
        with pytest.raises(StoreError):
            commands.revert(requester(), RevertRequest("jonas", parse_change_ref(sha)))
    assert bot_branches(interrupted) == before


@contextmanager
def unconfirmed_commits(bot, number):
    """The connection fails right after the first commits, before the database confirms them."""
    dialect, remaining = bot.ports.store.database.engine.dialect, iter(range(number))
    commit = dialect.do_commit

    def unconfirmed(connection):
        commit(connection)
        if next(remaining, None) is not None:
            raise sqlite3.OperationalError("disk I/O error")

    dialect.do_commit = unconfirmed
    try:
        yield
    finally:
        dialect.do_commit = commit


@pytest.mark.parametrize("verb", ["revert", "adopt"])
def test_a_request_that_failed_while_it_was_stored_is_not_done_later(interrupted, verb):
    application = interrupted.fleet.applications[1]
    before, sha = bot_branches(interrupted), interrupted.change(application)
    interrupted.fleet.edit(application, 0, "11")
    with interrupted.restarted() as (bot, commands):
        entries = len(list(bot.store.audit_log.entries()))
        requests = {
            "revert": lambda: commands.revert(requester(), RevertRequest("jonas", parse_change_ref(sha))),
            "adopt": lambda: commands.adopt(requester(), application.name),
        }
        with unconfirmed_commits(bot, 1), pytest.raises(StoreError, match=r"DATABASE_URL\.$"):
            requests[verb]()
    with interrupted.restarted() as (bot, commands):
        commands.resume_interrupted()
        [entry] = list(bot.store.audit_log.entries())[entries:]
        assert (entry.what.split()[0], entry.result[:35]) == (verb, "failed: The state database is not r")
    assert bot_branches(interrupted) == before


def test_a_request_that_cannot_be_canceled_either_may_still_be_done(interrupted, monkeypatch):
    """The person is told so, and the request has one entry: its outcome."""
    application = interrupted.fleet.applications[1]
    before, sha = bot_branches(interrupted), interrupted.change(application)
    with interrupted.restarted() as (bot, commands):
        with unconfirmed_commits(bot, 1), monkeypatch.context() as patched:

            def lost(*_, **__):
                raise StoreError("disk I/O error")

            patched.setattr(SqlAuditLog, "append", lost)
            with pytest.raises(StoreError, match=r"The pull request might still be opened\.$"):
                commands.revert(requester(), RevertRequest("jonas", parse_change_ref(sha)))
        for _ in range(2):
            commands.resume_interrupted()
        interrupted.assert_finished_once(bot, f"revert {sha}", before + 1, interrupted.fleet.channels[1])


def test_what_ends_every_process_is_given_up_and_said(interrupted):
    sha = interrupted.change(interrupted.fleet.applications[0])
    before = bot_branches(interrupted)
    interrupted.kill_at("the intent is recorded", "revert", sha)
    with interrupted.restarted() as (bot, commands):
        [intent] = bot.store.intents.unfinished()
        bot.store.intents.save(replace(intent, attempts=MAX_ATTEMPTS))
        commands.resume_interrupted()
        [entry] = [entry for entry in bot.store.audit_log.entries() if entry.what == f"revert {sha}"]
        assert entry.result == f"failed: interrupted {MAX_ATTEMPTS} times"
        assert bot.store.intents.unfinished() == []
    assert bot_branches(interrupted) == before
    assert "interrupted several times" in interrupted.fleet.slack.ephemerals(JONAS)[-1].text
