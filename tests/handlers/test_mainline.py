"""What the bot says reached a branch, whatever the order of the parents of its merges: real git."""

import random
from datetime import UTC, datetime

import pytest

from bot.adapters.git.repository import GitRepository
from bot.core.pull_requests.change_ref import parse_change_ref
from bot.core.pull_requests.revert import RevertRequest
from bot.handlers.approvals.review import ApprovalReviewer
from bot.handlers.mainline import mainline
from bot.handlers.pull_requests.find_target import find_target
from bot.handlers.queries.history import history
from bot.handlers.queries.who import who
from bot.handlers.slack.people import People
from bot.i18n.language import ENGLISH
from bot.ports import Ports
from tests.common.clock import Clock
from tests.common.samples import application
from tests.common.slack import content

FILES = ("apps/shop/a.yaml", "apps/api/a.yaml", "README.md")
NOW = datetime(2030, 1, 1, tzinfo=UTC)


class Strangers:
    """A workspace that no author is a member of."""

    def user_by_email(self, _email):
        return None


class Team:
    """A repository whose branch moves in every way, and the bot that records each move."""

    def __init__(self, source, forge, store, tmp_path):
        self.source, self.edits = source, 0
        source.commit("First", dict.fromkeys(FILES, "x: 0\n"))
        self.repository = GitRepository("platform", source.url, "main", tmp_path / "mirrors")
        forges = {"platform": forge}
        self.ports = Ports({"platform": self.repository}, forges, {}, None, None, None, store, None, Clock(NOW))
        self.approvals = store.approvals
        self.approvals.advance("platform", None, self.repository.fetch(), [])

    def edit(self, name):
        self.edits += 1
        self.source.commit(f"Edit {name}", {name: f"x: {self.edits}\n"})

    def record(self):
        """Record what moved the branch, as a poll does."""
        last, head = self.approvals.head("platform"), self.repository.fetch()
        assert ApprovalReviewer(self.ports, {}, {}, None, "C1", {}).record_commits("platform", last, head)
        return [(parent, commit.sha) for parent, commit in self.repository.mainline(last, head, limit=100)[::-1]]

    def push(self, name):
        self.edit(name)

    def merge(self, name):
        """A pull request from before the last commit."""
        self.source.git("switch", "-qC", "topic", "main~1")
        self.edit(name)
        self.source.git("switch", "-q", "main")
        self.source.git("merge", "-q", "--no-ff", "-Xours", "topic")

    def fast_forward(self, name, *, then=None):
        """A pull request from before the last commit, which was updated before it was merged."""
        self.source.git("switch", "-qC", "topic", "main~1")
        self.edit(name)
        self.source.git("merge", "-q", "--no-ff", "-Xours", "main")
        if then:
            self.edit(then)
        self.source.git("switch", "-qC", "main", "topic")


@pytest.fixture
def team(source, forge, store, tmp_path):
    return Team(source, forge, store, tmp_path)


@pytest.mark.parametrize("seed", range(3))
def test_the_mainline_is_what_the_branch_had(team, seed, monkeypatch):
    choices = random.Random(seed)  # noqa: S311
    recorded = [(None, team.source.sha("main"))]
    team.push(FILES[0])
    recorded += team.record()
    for _ in range(12):
        move = choices.choice((team.push, team.merge, team.fast_forward, team.fast_forward))
        more = {"then": choices.choice(FILES)} if move == team.fast_forward and choices.random() < 0.5 else {}
        move(choices.choice(FILES), **more)
        recorded += team.record()
    head, git = team.source.sha("main"), team.source.git
    recorded.reverse()
    line = mainline(team.ports, "platform")
    assert [(before, commit.sha) for before, commit in line.steps(head)] == recorded
    assert len([sha for before, sha in recorded[:-1] if before != git("rev-parse", f"{sha}^")]) > 1
    for count, (_, since) in enumerate(recorded):
        assert [commit.sha for _, commit in line.steps(head, since)] == [sha for _, sha in recorded[:count]]
    for path in (None, *FILES, "apps/shop"):
        expected = [
            (before, sha)
            for before, sha in recorded
            if path is None or before is None or git("diff", "--name-only", before, sha, "--", path)
        ]
        for limit in (1, 5, 100):
            for window in (3, 1_000):
                monkeypatch.setattr("bot.handlers.mainline._MAX_RECORDED", window)
                newest = [(before, commit.sha) for before, commit in line.newest(head, path, limit=limit)]
                last = min(limit, len([sha for _, sha in expected if sha in dict(map(reversed, recorded[:window]))]))
                assert newest[:last] == expected[:last]
                assert len(newest) == len(expected[:limit]) or window == 3


@pytest.mark.parametrize("below", [False, True])
def test_a_force_push_back_to_a_merge_does_not_change_what_the_branch_had(team, below):
    """Also one that first goes to before the merge."""
    for name in (FILES[0], FILES[2]):
        team.push(name)
        team.record()
    pushed = team.source.sha("main")
    team.fast_forward(FILES[1])
    team.record()
    merge = team.source.sha("main")
    if below:
        team.source.git("reset", "-q", "--hard", f"{merge}~2")
    team.push(FILES[0])
    team.record()
    team.source.git("reset", "-q", "--hard", merge)
    team.record()
    line, head = mainline(team.ports, "platform"), team.repository.fetch()
    assert next(line.steps(head))[0] == pushed
    request = RevertRequest("Ana", parse_change_ref(merge))
    target = find_target(request, team.repository, team.ports.forges["platform"], head, line)
    assert (target.base, target.last.sha) == (pushed, merge)


def test_a_push_is_named_although_an_approved_fast_forward_brought_it_too(team):
    """By its first parents, the branch had only the pull request's commit before the merge."""
    shop = application("shop", channel="C1")
    declare = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {level: '%s'}\n"
    team.source.commit("Declare", {FILES[0]: declare % 1})
    team.record()
    pushed = team.source.commit("Jonas breaks shop", {FILES[0]: declare % 2})
    team.record()
    team.fast_forward(FILES[1])
    team.record()
    merge = team.source.sha("main")
    people = People(Strangers(), {}, team.ports.clock)
    answers = [
        content(history(ENGLISH, team.ports, people, "platform", shop)),
        content(who(ENGLISH, team.ports, people, shop)),
    ]
    for answer in answers:
        assert pushed[:8] in answer
        assert merge[:8] not in answer
