"""A merge on its way, as its authors see it in Slack: the real bot over real protocols."""

import pytest

from bot.messages.revert import REVERT_THIS
from bot.sandbox.demo import Demo
from bot.sandbox.forge.merge import Method

ALERTS = "C0ALERTS01"
JONAS, PRIYA = "U0JONAS001", "U0PRIYA001"
PATIENCE = 90.0
QUICK = {"drift": "2s", "git": "1s", "second_look": "2s", "rollout": "1s", "rollout_deadline": "12s"}
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
        self.remote = demo.forge.repositories[demo.shop.repository]
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
        return [message for message in self.slack.messages(ALERTS) if f"'#{pull.number}'" in str(message.blocks)]

    def card(self, pull, *parts):
        """Wait until the merge's one card says all of these."""

        def found():
            cards = self.cards(pull)
            return cards[0] if len(cards) == 1 and all(part in str(cards[0].blocks) for part in parts) else None

        return self.slack.wait_for(found, PATIENCE)

    def reply(self, card, part):
        """Wait for what is told in its thread."""

        def found():
            told = [reply for reply in self.slack.thread(ALERTS, card.ts) if part in reply.text]
            return told[0] if told else None

        return self.slack.wait_for(found, PATIENCE)


@pytest.fixture(scope="module")
def team():
    with Demo(schedule=QUICK, deploy_delay=0.5, people={"bea-dev": PRIYA}) as running:
        running.slack.wait_for(lambda: running.slack.connections > 0, timeout=30)
        made = Team(running)
        while len(running.checks()) < len(running.shop.applications):
            pass  # what was there before the bot is no merge
        yield made


def mentioned(blocks):
    return [user for user in (JONAS, PRIYA) if f"'user_id': '{user}'" in str(blocks)]


def test_a_merge_names_its_authors_what_it_changes_and_images_that_are_not_pinned(team):
    before = team.image()
    name = before.partition(":")[0]
    pull = team.merge("newest-web", (before, name))
    card = team.card(pull, "✅ Live in", "containers[name=web].image")
    told = str(card.blocks)
    assert mentioned(card.blocks) == [JONAS, PRIYA]
    for part in ("Somebody", "merged by bo", "approved by bo", before, f"{name} (no fixed version)"):
        assert part in told
    assert "dependabot" not in told
    posted = next(each for each in team.slack.posted(ALERTS) if each.ts == card.ts)
    assert mentioned(posted.versions[0].blocks) == [JONAS, PRIYA]  # whoever is rung, is rung by the post
    reply = team.reply(card, "went live")
    assert mentioned(reply.blocks) == [JONAS, PRIYA]


def test_a_merge_that_does_not_run_is_stuck_and_says_why_and_its_button_opens_a_revert(team):
    before = team.image()
    pull = team.merge("broken-web", (before, f"{before.partition(':')[0]}:broken"))
    card = team.card(
        pull, "⚠️ Not live: shop", "applied, but not ready: Deployment web", "latest commit that changed Deployment web"
    )
    late = team.reply(card, "still not live")
    assert mentioned(late.blocks) == [JONAS, PRIYA]
    team.slack.click(JONAS, card, REVERT_THIS)
    revert = team.slack.wait_for(
        lambda: next((each for each in team.remote.listed() if each.head.startswith("gitops-bot/")), None), PATIENCE
    )
    team.remote.review(revert.number, "bo", "APPROVED")
    merged = team.remote.merge(revert.number, by="bo")
    team.card(merged, "✅ Live in")
    team.card(pull, "⏭️ Superseded")


def test_a_rebased_pull_request_is_one_rollout(team):
    line = next(line for line in team.text().splitlines() if line.strip().startswith("replicas:"))
    steps = (line, f"{line}1"), (f"{line}1", f"{line[:-1]}6")
    pull = team.merge("two-steps", *steps, method=Method.REBASE)
    card = team.card(pull, "✅ Live in")
    told = str(card.blocks)
    assert "spec.replicas" in told
    assert "About two-steps" in told
    assert len(team.cards(pull)) == 1
    asked = team.slack.command(JONAS, ALERTS, "history shop")
    team.slack.wait_for(lambda: any("The latest" in said.text for said in asked.responses), PATIENCE)
    listed = str(asked.responses[-1].blocks)
    assert listed.count(f"'#{pull.number}'") == 2
    assert listed.count("live in shop after") >= 2
