"""The four flows, through the real bot: WebSocket to Slack, HTTP to the forge and the cluster, git underneath."""

import subprocess

import pytest

from bot.messages import adopt as adopt_message
from bot.messages import incident as incident_message
from bot.sandbox.cluster.person import Person

ALERTS = "C0ALERTS01"
PATIENCE = 60.0


def headline(message):
    blocks = message.blocks or []
    return blocks[0]["text"]["text"] if blocks and blocks[0]["type"] == "header" else ""


class Desk:
    """One person at the sandbox's Slack."""

    def __init__(self, demo):
        self.demo = demo
        self.slack = demo.slack
        self.user = next(user.id for user in demo.slack.workspace.users.values() if not user.bot)

    def ask(self, text, user=None):
        """Type a command and wait for its last answer (an opening one ends in an ellipsis)."""
        asked = self.slack.command(user or self.user, ALERTS, text)
        # The ack and the answer take two ways: either may be first.
        self.slack.wait_for(lambda: asked.acked_after is not None, PATIENCE)
        self.slack.wait_for(lambda: any(not said.text.endswith("…") for said in asked.responses), PATIENCE)
        return asked.responses[-1]

    def card(self, headline_start, about=""):
        """Wait for a card in the alert channel."""

        def found():
            cards = [
                message
                for message in self.slack.messages(ALERTS)
                if headline(message).startswith(headline_start) and about in str(message.blocks)
            ]
            return cards[-1] if cards else None

        return self.slack.wait_for(found, PATIENCE)

    def until_synced(self):
        self.slack.wait_for(lambda: "6 synced" in self.ask("status").text, PATIENCE)


@pytest.fixture(scope="module")
def desk(demo):
    made = Desk(demo)
    while "6 synced" not in made.ask("drift").text and "in sync with git" not in made.ask("drift").text:
        pass
    return made


def test_help_is_answered_with_the_ack(desk):
    assert "status, drift, diff, revert, history, who, ack, snooze or help" in desk.ask("help").text


def test_an_unknown_command_names_the_nearest(desk):
    assert "Did you mean “status”" in desk.ask("statsu").text


def test_an_unknown_application_names_the_nearest(desk):
    assert "Did you mean “shop”" in desk.ask("status shpo").text


def test_status_lists_every_application_and_the_open_pull_request(desk):
    said = desk.ask("status")
    assert "6 applications: 6 synced." in said.text
    assert f"#{desk.demo.shop.open_pull}" in str(said.blocks)


def test_drift_checks_now(desk):
    assert "in sync with git" in desk.ask("drift shop").text


def test_history_says_who_approved(desk):
    said = desk.ask("history shop")
    assert desk.demo.shop.bad_commit[:8] in said.text
    assert "approved by" in str(said.blocks)


@pytest.mark.parametrize(
    ("key", "how_bad"),
    [
        ("scale", "🟡 Minor"),
        ("image", "🟠 Serious"),
        ("env", "🟠 Serious"),
        ("edit", "🟠 Serious"),
        ("delete", "🟠 Serious"),
    ],
)
def test_a_hand_edit_becomes_one_card_that_closes_itself(desk, key, how_bad):
    person = Person(desk.demo.cluster.api, "shop")
    person.do(key)
    card = desk.card(f"{how_bad} drift: shop on prod")
    said = desk.ask("diff shop")
    assert "differ" in said.text or "missing" in said.text
    person.do("undo")
    closed = desk.slack.wait_for(
        lambda: next(
            (
                message
                for message in desk.slack.messages(ALERTS)
                if message.ts == card.ts and headline(message).startswith("✅ Resolved: shop on prod")
            ),
            None,
        ),
        PATIENCE,
    )
    desk.slack.wait_for(lambda: desk.slack.thread(ALERTS, closed.ts), PATIENCE)
    assert "back in sync" in desk.slack.thread(ALERTS, closed.ts)[0].text


def test_the_alert_names_the_field_both_values_and_the_tool_and_its_button_shows_the_diff(desk):
    person = Person(desk.demo.cluster.api, "payments")
    person.do("image")
    card = desk.card("🟠 Serious drift: payments on prod")
    told = str(card.blocks)
    for part in ("spec.template.spec.containers[name=api].image", "kubectl-set", "no later than", ":latest"):
        assert part in told
    desk.slack.click(desk.user, card, incident_message.SHOW_DIFF)
    desk.slack.wait_for(
        lambda: any("containers[name=api].image" in str(view.blocks) for view in desk.slack.views), PATIENCE
    )
    person.do("undo")
    desk.card("✅ Resolved: payments on prod")


def test_kubectl_makes_drift_that_is_seen(desk):
    run = ["kubectl", "--kubeconfig", desk.demo.stack.kubeconfig, "-n", "search", "label", "sts/search", "team=night"]
    subprocess.run(run, check=True, capture_output=True)
    card = desk.card("🟡 Minor drift: search on prod")
    assert "metadata.labels.team" in str(card.blocks)
    subprocess.run([*run[:-1], "team-"], check=True, capture_output=True)
    desk.card("✅ Resolved: search on prod")


def test_a_revert_goes_from_the_command_to_live(desk):
    demo = desk.demo
    bad = demo.shop.bad_commit
    said = desk.ask(f"revert {bad[:8]}")
    assert "is open" in said.text
    repository = demo.forge.repositories[demo.shop.repository]
    pull = next(pull for pull in repository.listed() if pull.head.startswith("gitops-bot/"))
    assert desk.card("↩️ Revert awaiting review")
    again = desk.ask(f"revert {bad[:8]}")
    assert f"#{pull.number}" in again.text
    assert "already open" in again.text
    repository.review(pull.number, "bo", "APPROVED")
    merged = repository.merge(pull.number, by="bo")
    sha = repository.pull(pull.number).merge_sha
    assert merged is not None
    assert sha is not None
    desk.card("✅ Revert merged")
    live = desk.card("✅ Live in", about=sha[:8])
    assert "approved by bo" in str(live.blocks)
    assert "already reverted by" in desk.ask(f"revert {bad}").text


def test_an_adoption_whose_drift_is_gone_says_so(desk):
    """Merged after the drift is gone, it would change the cluster: nobody should press that on an old card's word."""
    person = Person(desk.demo.cluster.api, "payments")
    person.do("env")
    card = desk.card("🟠 Serious drift: payments on prod")
    desk.slack.click(desk.user, card, adopt_message.ADOPT)
    adoption = desk.card("📥 Adoption awaiting review")
    assert "Nothing changes until someone merges it" in str(adoption.blocks)
    person.do("undo")
    desk.card("✅ Resolved: payments on prod")
    desk.card("📥 Adoption awaiting review", about="The drift is gone")
    hosted = desk.demo.forge.repositories[desk.demo.shop.repository]
    hosted.close(next(pull.number for pull in hosted.listed() if pull.head.startswith("gitops-bot/adopt-payments-")))
    desk.card("⛔ Adoption closed")


def test_drift_is_adopted_from_the_alert_by_a_merge(desk):
    """Press, confirm, review, merge: git says what the cluster said, and the alert closes by itself."""
    demo = desk.demo
    Person(demo.cluster.api, "payments").do("image")
    card = desk.card("🟠 Serious drift: payments on prod")
    pressed = desk.slack.click(desk.user, card, adopt_message.ADOPT)
    desk.slack.wait_for(lambda: pressed.responses, PATIENCE)
    assert "which updates payments in git to match the cluster" in pressed.responses[-1].text
    repository = demo.forge.repositories[demo.shop.repository]
    of_payments = (pull for pull in repository.listed() if pull.head.startswith("gitops-bot/adopt-payments-"))
    pull = next(pull for pull in of_payments if pull.state == "open")
    assert "`spec.template.spec.containers[name=api].image`: git" in pull.body
    assert desk.card("📥 Adoption awaiting review")
    repository.review(pull.number, "bo", "APPROVED")
    repository.merge(pull.number, by="bo")
    desk.card("✅ Adoption merged")
    closed = desk.card("✅ Resolved: payments on prod", about="git was updated to match the cluster")
    assert closed.ts == card.ts


def test_the_bot_sends_the_cluster_nothing_but_get(desk):
    sent = {request.method for request in desk.demo.cluster.requests if request.identity == "bot"}
    assert sent == {"GET"}


def test_the_bot_pushes_no_branch_but_its_own(desk):
    repository = desk.demo.forge.repositories[desk.demo.shop.repository]
    pushed = [pull.head for pull in repository.listed() if pull.author == "gitops-bot"]
    assert pushed
    assert all(head.startswith("gitops-bot/") for head in pushed)
