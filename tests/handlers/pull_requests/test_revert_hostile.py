"""What people write and what tokens hold reaches no command line, log, page or branch: a local forge, git watched."""

import asyncio
import logging
import os
import shutil
import sys
from pathlib import Path

import pytest
from aiohttp import web

from bot.adapters.forges.github import GitHubForge
from bot.adapters.git.repository import GitRepository
from bot.config.credentials import Credentials
from bot.config.sections.forge import ForgeConfig
from bot.core.access.permission import Granted
from bot.core.applications.application import Application
from bot.core.git.repository_ref import RepositoryRef
from bot.core.pull_requests.change_ref import parse_change_ref
from bot.core.pull_requests.revert import NotFound, Opened, Refused, RevertRequest
from bot.handlers.pull_requests.revert import revert
from bot.handlers.rendering.manifest_cache import ManifestCache
from bot.sandbox.forge import SandboxForge
from bot.sandbox.server import Server

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {limit: '%d'}\n"
WATCH = """\
#!{python}
import json, os, sys
with open({log!r}, "a") as log:
    print(json.dumps(sys.argv[1:]), file=log)
os.execv({git!r}, ["git", *sys.argv[1:]])
"""
TALKATIVE = (None, "git", "github", "urllib3", "aiohttp")


def command_lines():
    """Of every process that runs on this machine."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(each.read_bytes())
        except OSError:
            continue  # it has ended
    return found


class Desk:
    """The bot's side and the forge's; every git of this machine's user writes down what it was called with."""

    def __init__(self, tmp_path):
        self.sandbox = SandboxForge(tmp_path / "forge")
        self.sandbox.add_person("mia", "Mia", "mia@example.org")
        self.hosted = self.sandbox.create_repository("acme/platform")
        for limit in (1, 2):
            self.hosted.commit("main", {"apps/shop/a.yaml": CONFIG % limit}, f"Limit {limit}\n", "mia")
        self.bad = self.hosted.git.tip("main")
        self.running: list[bytes] = []
        self.sandbox.app.middlewares.append(self._caught)
        self.log = tmp_path / "git.log"
        self.log.touch()
        self.mirrors = tmp_path / "mirrors"

    @web.middleware
    async def _caught(self, request, handler):
        """What runs on this machine while the forge is asked, as anybody could see it."""
        self.running += await asyncio.to_thread(command_lines)
        return await handler(request)

    def connect(self, url):
        config = ForgeConfig(kind="github", repository="acme/platform", api_url=f"{url}/api/v3")
        self.forge = GitHubForge.from_config(config, Credentials(github_token=self.sandbox.token))
        remote = f"{url}/acme/platform.git"
        self.repository = GitRepository("platform", remote, "main", self.mirrors, credential=self.forge.git_credential)

    def ask(self, text, who="Ana", **more):
        return revert(
            RevertRequest(who, parse_change_ref(text), **more),
            repository=self.repository,
            forge=self.forge,
            applications=[Application("shop", RepositoryRef("platform"), "apps/shop", "prod", "shop", "C1")],
            permit=lambda _: Granted(),
            manifest_cache=ManifestCache(),
        )


@pytest.fixture
def desk(tmp_path, monkeypatch):
    made = Desk(tmp_path)
    with Server(made.sandbox.app) as server:
        made.connect(server.url)
        shim = tmp_path / "bin/git"
        shim.parent.mkdir()
        shim.write_text(WATCH.format(python=sys.executable, log=str(made.log), git=shutil.which("git")))
        shim.chmod(0o755)
        monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
        yield made


def test_who_asks_and_why_reach_no_command_line_however_they_are_written(desk):
    nasty = "--output=/tmp/x @team $(id)\n-c core.pager=y\0"
    opened = desk.ask(desk.bad, who=nasty, why=nasty, link="https://slack.example/$(id)")
    assert isinstance(opened, Opened)
    called = desk.log.read_text()
    assert "merge-tree" in called, "git was watched"
    assert not [word for word in ("output=/tmp", "$(id)", "core.pager=y", "@team", "slack.example") if word in called]
    message = desk.hosted.git.run("log", "-1", "--format=%B", opened.pull.head)
    assert "--output=/tmp/x team $(id)" in message


def test_a_token_is_in_no_command_line_log_error_branch_or_file(desk, caplog):
    for name in TALKATIVE:
        caplog.set_level(logging.DEBUG, logger=name)
    opened = desk.ask(desk.bad)
    desk.sandbox.faults.unauthorized = True
    refused = desk.ask(desk.bad)
    desk.sandbox.faults.unauthorized, desk.sandbox.faults.down = False, True
    silent = desk.ask(desk.bad)
    assert (type(opened), type(refused), type(silent)) == (Opened, Refused, Refused)
    running = b"\0".join(desk.running).decode(errors="replace")
    assert "remote-http" in running, "git was caught talking to the forge"
    (pull,) = desk.hosted.pulls.values()
    commit = desk.hosted.git.run("log", "-1", "--format=%an %ae %B", opened.pull.head)
    texts = [running, desk.log.read_text(), caplog.text, repr((opened, refused, silent)), commit, pull.body, pull.title]
    texts += [each.read_text(errors="replace") for each in desk.mirrors.rglob("*") if each.is_file()]
    assert "api/v3" in caplog.text, "the libraries told what they do"
    assert not [text for text in texts if desk.sandbox.token in text]


@pytest.mark.parametrize("kind", ["tag", "blob", "tree"])
def test_what_is_no_commit_is_told_what_it_is(desk, kind):
    git = desk.hosted.git
    if kind == "tag":
        git.run("-c", "user.name=Mia", "-c", "user.email=mia@example.org", "tag", "-a", "-m", "One", "v1", "main")
    name = {"tag": "refs/tags/v1", "blob": "main:apps/shop/a.yaml", "tree": "main^{tree}"}[kind]
    answer = desk.ask(git.run("rev-parse", name).strip())
    assert isinstance(answer, NotFound)
    if kind != "tag":  # tags are not mirrored, so it is not known at all
        assert f"is a {kind}" in answer.reason


def test_an_unknown_sha_is_looked_for_at_the_remote_once_more(desk):
    desk.repository.fetch()
    desk.log.write_text("")
    assert isinstance(desk.ask("0123456789"), NotFound)
    assert desk.log.read_text().count('"fetch"') == 2, "when it was asked, and once because it was not found"
