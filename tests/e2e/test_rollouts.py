"""A merge on its way, as its authors see it in Slack: the real bot over real protocols."""

import pytest

from bot.messages.revert import REVERT_THIS
from bot.sandbox.forge.merge import Method
from tests.common.demo import bot_pull_requests, remote, running_demo
from tests.common.slack import ALERTS, JONAS, PRIYA, Person
from tests.common.wait import wait_for

SCHEDULE = {"drift": "2s", "git": "1s", "second_look": "2s", "rollout": "1s", "rollout_deadline": "12s"}
WEB = "environments/production/shop/deployment.yaml"
TRAILERS = (
    "Co-authored-by: Bea <77+bea-dev@users.noreply.github.com>\n"
    "Co-authored-by: Somebody <somebody@elsewhere.example>\n"
    "Co-authored-by: dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>\n"
)


class Team:
    """People who merge, and what they read."""

    def __init__(self, demo):
        self.demo, self.slack = demo, demo.slack
        self.jonas = Person(demo.slack)
        self.remote = remote(demo)
        demo.forge.add_person("jonas", "Jonas Weber", "jonas@acme.example")

    def text(self, path=WEB):
        return self.remote.git.run("show", f"{self.demo.shop.branch}:{path}")

    def image(self):
        return next(line.split("image:")[1].strip() for line in self.text().splitlines() if "image:" in line)

    def merge(self, branch, *edits, method=Method.MERGE):
        """A pull request with a commit for each edit (old, new), approved and merged."""
        text = self.text()
        for index, (old, new) in enumerate(edits):
            assert old in text
            text = text.replace(old, new)
            self.remote.commit(branch, {WEB: text}, f"Change {index}\n\n{TRAILERS}", "jonas")
        base = self.demo.shop.branch
        pull = self.remote.open_pull(head=branch, base=base, title=f"About {branch}", body="", by="jonas")
        self.remote.review(pull.number, "bo", "APPROVED")
        return self.remote.merge(pull.number, by="bo", method=method)

    def cards(self, pull):
        merged = f"Merged as {pull.merge_sha[:8]}"
        return [message for message in self.slack.messages(ALERTS) if merged in message.text]

    def card(self, pull, *parts):
        """The merge's one card, once it contains all parts."""

        def shown():
            cards = self.cards(pull)
            return cards[0] if len(cards) == 1 and all(part in str(cards[0].blocks) for part in parts) else None

        return wait_for(shown)


@pytest.fixture(scope="module")
def team():
    with running_demo(schedule=SCHEDULE, people={"bea-dev": PRIYA}) as demo:
        yield Team(demo)


def mentioned(blocks):
    return [user for user in (JONAS, PRIYA) if f"'user_id': '{user}'" in str(blocks)]


def test_a_merge_names_its_authors_what_it_changes_and_images_that_are_not_pinned(team):
    before = team.image()
    name = before.partition(":")[0]
    pull = team.merge("newest-web", (before, name))
    card = team.card(pull, "✅ Live in", "'text': 'image'")
    assert mentioned(card.blocks) == [JONAS, PRIYA]
    for part in ("Somebody", "merged by bo", "approved by bo", before, f"{name} (no fixed version)"):
        assert part in str(card.blocks)
    assert "dependabot" not in str(card.blocks)
    assert mentioned(card.versions[0].blocks) == [JONAS, PRIYA]  # Slack notifies only those in the first version
    assert mentioned(team.jonas.reply(card, "went live").blocks) == [JONAS, PRIYA]


def test_a_rollout_that_fails_says_why_and_its_button_opens_a_revert(team):
    before = team.image()
    pull = team.merge("broken-web", (before, f"{before.partition(':')[0]}:broken"))
    card = team.card(pull, "⚠️ Stuck: shop", "was applied but is not ready: Deployment web")
    assert mentioned(team.jonas.reply(card, "shop is stuck").blocks) == [JONAS, PRIYA]
    team.jonas.click(card, REVERT_THIS)
    (revert,) = wait_for(lambda: bot_pull_requests(team.demo))
    team.remote.review(revert.number, "bo", "APPROVED")
    merged = team.remote.merge(revert.number, by="bo")
    team.card(merged, "✅ Live in")
    team.card(pull, "↩️ Reverted")
    assert not any("latest commit that changed" in str(version.blocks) for version in card.versions)  # it is this one


def test_a_rebased_pull_request_is_one_rollout(team):
    line = next(line for line in team.text().splitlines() if line.strip().startswith("replicas:"))
    steps = (line, f"{line}1"), (f"{line}1", f"{line[:-1]}6")
    pull = team.merge("two-steps", *steps, method=Method.REBASE)
    team.card(pull, "✅ Live in", "replicas", "About two-steps")
    assert len(team.cards(pull)) == 1
    history = str(team.jonas.type("history shop").blocks)
    assert history.count(f"'#{pull.number}'") == 2
    assert history.count("live in shop after") >= 2
