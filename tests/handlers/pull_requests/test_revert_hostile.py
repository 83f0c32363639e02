"""What people write and what tokens hold reaches no command line, log, page or branch: a local forge, git watched."""

import asyncio
import logging
import os
import shutil
import sys

import pytest
from aiohttp import web

from bot.core.access.permission import Granted
from bot.core.pull_requests.change_ref import parse_change_ref
from bot.core.pull_requests.revert import NotFound, Opened, Refused, RevertRequest
from bot.handlers.mainline import Mainline
from bot.handlers.pull_requests.revert import revert
from bot.handlers.rendering.manifest_cache import ManifestCache
from tests.common.forge import RunningForge
from tests.common.kubernetes import as_yaml, config_map
from tests.common.processes import command_lines
from tests.common.samples import RecordedParents, application

RECORDING_GIT = """\
#!{python}
import json, os, sys
with open({log!r}, "a") as log:
    print(json.dumps(sys.argv[1:]), file=log)
os.execv({git!r}, ["git", *sys.argv[1:]])
"""
VERBOSE_LIBRARIES = (None, "git", "github", "urllib3", "aiohttp")


class WatchedForge(RunningForge):
    """A forge with a bad commit. It records what anybody sees of the machine's processes while it is asked."""

    def __init__(self, folder):
        super().__init__("github", folder)
        for limit in "12":
            files = {"apps/shop/a.yaml": as_yaml(config_map(limit=limit))}
            self.bad = self.hosted.commit("main", files, f"Limit {limit}\n", "mia")
        self.command_lines: list[bytes] = []
        self.sandbox.app.middlewares.append(self._watch_processes)
        self.git_log = folder / "git.log"  # the arguments of every git that this user runs
        self.git_log.touch()

    @web.middleware
    async def _watch_processes(self, request, handler):
        self.command_lines += await asyncio.to_thread(lambda: list(command_lines()))
        return await handler(request)

    def connect(self):
        self.press, self.github = self.repository(), self.adapter()

    def request(self, text, requester="Ana", **answers):
        """Ask for a revert; the outcome."""
        return revert(
            RevertRequest(requester, parse_change_ref(text), **answers),
            repository=self.press,
            forge=self.github,
            applications=[application(repository="press")],
            permit=lambda _: Granted(),
            mainline=Mainline(self.press, RecordedParents(), "press"),
            manifest_cache=ManifestCache(),
        )


@pytest.fixture
def forge(tmp_path, monkeypatch):
    forge = WatchedForge(tmp_path)
    with forge.serve():
        forge.connect()
        git = tmp_path / "bin/git"
        git.parent.mkdir()
        git.write_text(RECORDING_GIT.format(python=sys.executable, log=str(forge.git_log), git=shutil.which("git")))
        git.chmod(0o755)
        monkeypatch.setenv("PATH", f"{git.parent}{os.pathsep}{os.environ['PATH']}")
        yield forge


def test_requester_and_reason_reach_no_command_line(forge):
    nasty = "--output=/tmp/x @team $(id)\n-c core.pager=y\0"
    opened = forge.request(forge.bad, requester=nasty, why=nasty, link="https://slack.example/$(id)")
    assert isinstance(opened, Opened)
    arguments = forge.git_log.read_text()
    assert "merge-tree" in arguments, "git was watched"
    assert not [
        word for word in ("output=/tmp", "$(id)", "core.pager=y", "@team", "slack.example") if word in arguments
    ]
    message = forge.hosted.git.run("log", "-1", "--format=%B", opened.pull.head)
    assert "--output=/tmp/x team $(id)" in message


def test_a_token_is_in_no_command_line_log_error_branch_or_file(forge, caplog):
    for name in VERBOSE_LIBRARIES:
        caplog.set_level(logging.DEBUG, logger=name)
    opened = forge.request(forge.bad)
    forge.sandbox.faults.unauthorized = True
    refused = forge.request(forge.bad)
    forge.sandbox.faults.unauthorized, forge.sandbox.faults.down = False, True
    unavailable = forge.request(forge.bad)
    assert (type(opened), type(refused), type(unavailable)) == (Opened, Refused, Refused)
    running = b"\0".join(forge.command_lines).decode(errors="replace")
    assert "remote-http" in running, "git was caught talking to the forge"
    (pull,) = forge.hosted.pulls.values()
    commit = forge.hosted.git.run("log", "-1", "--format=%an %ae %B", opened.pull.head)
    texts = [
        running,
        forge.git_log.read_text(),
        caplog.text,
        repr((opened, refused, unavailable)),
        commit,
        pull.body,
        pull.title,
    ]
    texts += [file.read_text(errors="replace") for file in (forge.folder / "mirrors").rglob("*") if file.is_file()]
    assert "api/v3" in caplog.text, "the libraries told what they do"
    assert not [text for text in texts if forge.sandbox.token in text]


@pytest.mark.parametrize("kind", ["tag", "blob", "tree"])
def test_an_object_that_is_not_a_commit_says_what_it_is(forge, kind):
    git = forge.hosted.git
    if kind == "tag":
        git.run("-c", "user.name=Mia", "-c", "user.email=mia@example.org", "tag", "-a", "-m", "One", "v1", "main")
    revision = {"tag": "refs/tags/v1", "blob": "main:apps/shop/a.yaml", "tree": "main^{tree}"}[kind]
    outcome = forge.request(git.run("rev-parse", revision).strip())
    assert isinstance(outcome, NotFound)
    if kind != "tag":  # tags are not mirrored, so it is not known at all
        assert f"is a {kind}" in str(outcome.reason)


def test_an_unknown_sha_is_fetched_once_more(forge):
    forge.press.fetch()
    forge.git_log.write_text("")
    assert isinstance(forge.request("0123456789"), NotFound)
    assert forge.git_log.read_text().count('"fetch"') == 2, "when it was asked, and once because it was not found"
