"""When a commit reached what an application tracks: real git, and every forge's own API over HTTP."""

import pytest

from tests.common.bot import QUICK_SCHEDULE, BotUnderTest, application_settings
from tests.common.forge import FORGE_KINDS, RunningForge
from tests.common.kubernetes import as_yaml, config_map

FILE = "apps/shop/settings.yaml"
REVISIONS = {"main": None, "staging": "staging", "release": "release-*", "tag": ">=1 <2", "default": "HEAD"}


class Promotions:
    """People who merge into main and promote from there, and the bot, whose applications track all of this."""

    def __init__(self, forge, folder, slack, cluster):
        self.forge, self.hosted, self.git, self.clock = forge, forge.hosted, forge.git, forge.clock
        self.number, self.last_merge = 0, None
        first = self.hosted.commit("main", {FILE: as_yaml(config_map(number="0"))}, "First\n", "mia")
        for branch in ("staging", "release-1.10", "develop"):
            self.git.move(branch, first, None)
        self.git.run("tag", "v1.0.0", first)
        applications = {
            name: application_settings("shop", namespace=name, revision=revision)
            for name, revision in REVISIONS.items()
            if revision
        }
        applications["main"] = application_settings("shop", namespace="main")
        self.keys = {name: f"platform@{revision}" if revision else "platform" for name, revision in REVISIONS.items()}
        url = str(self.git.path)
        self.bot = BotUnderTest(folder, repository=url, slack=slack, clusters={"prod": cluster}, clock=forge.clock)
        adapter = forge.adapter()
        self.bot.start(
            forges=dict.fromkeys(self.keys.values(), adapter), applications=applications, schedule=QUICK_SCHEDULE
        )
        self.bot.reconciler.reconcile = lambda: None  # Slack isn't needed
        for name in self.keys:
            self.poll(name)

    def poll(self, name):
        """The newest rollout of what an application tracks."""
        self.bot.monitor.poll_repository(self.keys[name])
        rollouts = self.bot.store.rollouts.unsettled()
        return next((rollout for rollout in rollouts[::-1] if rollout.repository == self.keys[name]), None)

    # -------------------------------------------------------- what people do

    def commit(self, branch):
        self.number += 1
        return self.hosted.commit(branch, {FILE: as_yaml(config_map(number=str(self.number)))}, "Number\n", "mia")

    def open(self, head, base):
        return self.hosted.open_pull(head=head, base=base, title="Number", body="", by="mia").number

    def merge(self, base="main", method="squash"):
        topic = f"topic-{self.number}"
        self.git.move(topic, self.git.tip(base), None)
        self.commit(topic)
        self.last_merge = self.hosted.merge(self.open(topic, base), "kit", method)

    def push(self, branch, revision="main"):
        """Move a branch, which may be new."""
        before = self.git.tip(branch)
        self.git.move(branch, self.git.object(revision), before)
        self.hosted.pushed(branch, before or "", self.git.tip(branch), "kit")

    def merge_main(self, base, *, fast_forward=False):
        """Merge a pull request from main."""
        number = self.open("main", base)
        if fast_forward:
            pull = self.hosted.pull(number)
            landed = self.git.shas(self.git.tip(base), pull.head_sha)
            self.forge.push_merge(number, pull.head_sha, "kit", landed=landed)
        else:
            self.hosted.merge(number, "kit", "merge")
        self.last_merge = self.hosted.pull(number)


def push_old_commit(people):
    people.git.move("local", people.git.tip("main"), None)
    people.commit("local")
    people.clock.advance(minutes=5)
    people.push("main", "local")


def switch_default_branch(people):
    people.push("develop")
    people.merge("develop")
    people.clock.advance(minutes=5)
    people.poll("default")
    people.git.run("symbolic-ref", "HEAD", "refs/heads/develop")


PROMOTIONS = (
    ("main", "merged", lambda people: people.merge()),
    ("main", "seen", push_old_commit),
    ("staging", "seen", lambda people: people.push("staging")),
    ("staging", "merged", lambda people: people.merge_main("staging")),
    ("release", "seen", lambda people: people.push("release-1.10")),
    ("release", "merged", lambda people: people.merge("release-1.10")),
    ("release", "seen", lambda people: people.push("release-1.11")),
    ("release", "merged", lambda people: people.merge_main("release-1.11", fast_forward=True)),
    ("tag", "seen", lambda people: people.git.run("tag", "v1.1.0", "main")),
    ("default", "seen", switch_default_branch),
)


@pytest.mark.parametrize("kind", FORGE_KINDS)
def test_only_a_pull_request_into_the_tracked_branch_dates_a_rollout(kind, tmp_path, slack, cluster):
    """A promotion must get its whole deadline, and its lead time must not include the wait for it."""
    with RunningForge(kind, tmp_path).serve() as forge:
        people = Promotions(forge, tmp_path, slack, cluster)
        outcomes = []
        for name, _, promote in PROMOTIONS:
            people.merge()
            people.poll(name)
            people.clock.advance(minutes=5)
            promote(people)
            people.clock.advance(seconds=30)
            before, rollout = people.clock.now, people.poll(name)
            is_dated = rollout.merged_at == people.last_merge.merged_at
            outcomes.append("merged" if is_dated else "seen" if rollout.merged_at >= before else rollout.merged_at)
        people.bot.close()
    assert outcomes == [expected for _, expected, _ in PROMOTIONS]
