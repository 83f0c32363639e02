"""The four flows, through the real bot: WebSocket to Slack, HTTP to the forge and the cluster, git underneath."""

import re
import subprocess

import pytest
import requests

from bot.messages import adopt as adopt_message
from bot.messages import incident as incident_message
from bot.sandbox.cluster.person import Person as ClusterPerson
from tests.common.demo import bot_pull_requests, remote, wait_until_synced
from tests.common.slack import Person, content, headline
from tests.common.wait import DEADLINE, wait_for


@pytest.fixture(scope="module")
def person(demo):
    wait_until_synced(demo)
    return Person(demo.slack)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("help", "status, drift, diff, revert, history, report, who, ack, release, snooze or help"),
        ("statsu", "Did you mean “status”"),
        ("status shpo", "Did you mean “shop”"),
        ("drift shop", "in sync with git"),
    ],
)
def test_a_command_is_answered(person, text, answer):
    assert answer in person.type(text).text


def test_status_lists_every_application_and_the_open_pull_request(demo, person):
    answer = person.type("status")
    assert "6 applications: 6 synced." in answer.text
    pull = f"#{demo.shop.open_pull}"  # changes search
    assert pull in str(answer.blocks)
    assert pull in str(person.type("status search").blocks)
    assert pull not in str(person.type("status shop").blocks)


def test_history_says_who_approved(demo, person):
    answer = person.type("history shop")
    assert demo.shop.bad_commit[:8] in answer.text
    assert "approved by" in str(answer.blocks)


@pytest.mark.parametrize(
    ("key", "title"),
    [
        ("scale", "🟡 shop · prod: web replicas "),
        ("image", "🟠 shop · prod: web image "),
        ("env", "🟠 shop · prod: web env "),
        ("edit", "🟠 shop · prod: ConfigMap "),
        ("delete", "🟠 shop · prod: "),
    ],
)
def test_a_hand_edit_becomes_one_card_that_closes_itself(demo, person, key, title):
    on_call = ClusterPerson(demo.cluster.api, "shop")
    on_call.do(key)
    card = person.card(title)
    answer = person.type("diff shop").text
    assert answer.startswith("shop on prod: ")
    on_call.do("undo")
    wait_for(lambda: headline(card).startswith("✅ Resolved · shop · prod"))
    assert "back in sync" in person.reply(card).text


def test_the_alert_names_the_field_both_values_and_the_tool_and_its_button_shows_the_diff(demo, person):
    on_call = ClusterPerson(demo.cluster.api, "payments")
    on_call.do("image")
    card = person.card("🟠 payments · prod")
    for part in ("api image ", "kubectl-set", ", before ", "→ latest"):
        assert part in str(card.blocks)
    person.click(card, incident_message.SHOW_DIFF)
    shown = person.modal("api image ", "- image: ", "+ image: ", "/blob/")
    url = re.search(r'"(http[^"]*/blob/[^"]*)#L(\d+)"', content(shown))
    page = requests.get(url[1], timeout=DEADLINE).text
    assert re.search(rf'<tr id="L{url[2]}"><td class="n">{url[2]}</td><td> +image: ', page)
    on_call.do("undo")
    person.card("✅ Resolved · payments · prod")


def test_kubectl_makes_drift_that_is_seen(demo, person):
    label = ["kubectl", "--kubeconfig", demo.stack.kubeconfig, "-n", "search", "label", "sts/search"]
    subprocess.run([*label, "team=night"], check=True, capture_output=True)
    person.card("🟡 search · prod", "labels.team")
    subprocess.run([*label, "team-"], check=True, capture_output=True)
    person.card("✅ Resolved · search · prod")


def test_a_revert_goes_from_the_command_to_live(demo, person):
    bad = demo.shop.bad_commit
    answer = person.type(f"revert {bad[:8]}")
    (pull,) = bot_pull_requests(demo)
    assert answer.text == f"/gitops revert {bad[:8]}: opened #{pull.number}, awaiting review."
    assert len(answer.blocks) == 1  # the card has the rest
    card = person.card("↩️ Revert awaiting review", "gitops-bot, for jonas", "Deployment", "→")
    again = person.type(f"revert {bad[:8]}").text
    assert f"#{pull.number}" in again
    assert "already open" in again
    repository = remote(demo)
    repository.review(pull.number, "bo", "APPROVED")
    assert person.card("↩️ Revert awaiting review", "approved by bo").ts == card.ts
    sha = repository.merge(pull.number, by="bo").merge_sha
    person.card("✅ Revert merged", "merged by bo")
    live = person.card("✅ Live in", sha[:8])
    assert "approved by bo" in str(live.blocks)
    assert "already reverted by" in person.type(f"revert {bad}").text


@pytest.mark.parametrize("text", ["drift shop", "diff shop", "revert 0000000"])
def test_a_progress_message_is_replaced_by_its_result(person, text):
    asked = person.slack.command(person.user, person.channel, text)
    assert person.answer(asked).ts == asked.responses[0].ts
    assert not [message.text for message in person.slack.ephemerals(person.user) if message.text.endswith("…")]


def test_an_adoption_whose_drift_is_gone_says_so(demo, person):
    """Merged after the drift is gone, it would change the cluster: nobody should press that on an old card's word."""
    on_call = ClusterPerson(demo.cluster.api, "payments")
    on_call.do("env")
    person.card("🟠 payments · prod")
    person.click_forged(adopt_message.ADOPT, "payments")  # the button that older cards have, which has asked already
    person.card("📥 Adoption awaiting review", "Nothing changes until someone merges it")
    on_call.do("undo")
    person.card("✅ Resolved · payments · prod")
    person.card("📥 Adoption awaiting review", "The drift is gone or has changed")
    (pull,) = adoptions(demo)
    remote(demo).close(pull.number)
    person.card("⛔ Adoption closed")


def test_drift_is_adopted_from_the_alert_by_a_merge(demo, person):
    """Press, confirm, review, merge: git says what the cluster said, and the alert closes by itself."""
    ClusterPerson(demo.cluster.api, "payments").do("image")
    card = person.card("🟠 payments · prod")
    person.click(card, incident_message.MORE, "adopt payments")
    asks = person.modal("Nothing changes until someone merges it")
    answer = person.ephemeral_after(lambda: person.submit(asks, {})).text
    assert answer.startswith("Adopt payments in git: opened #")
    (pull,) = adoptions(demo)
    assert "`spec.template.spec.containers[name=api].image`: git" in pull.body
    person.card("📥 Adoption awaiting review")
    remote(demo).review(pull.number, "bo", "APPROVED")
    remote(demo).merge(pull.number, by="bo")
    person.card("✅ Adoption merged")
    closed = person.card("✅ Resolved · payments · prod", "git was updated to match the cluster")
    assert closed.ts == card.ts


def adoptions(demo):
    """The bot's open pull requests that adopt drift of payments."""
    pulls = bot_pull_requests(demo)
    return [pull for pull in pulls if pull.state == "open" and pull.head.startswith("gitops-bot/adopt-payments-")]


def test_the_bot_sends_the_cluster_nothing_but_get(demo):
    sent = {request.method for request in demo.cluster.requests if request.identity == "bot"}
    assert sent == {"GET"}


def test_the_bot_pushes_no_branch_but_its_own(demo):
    pushed = [pull.head for pull in remote(demo).listed() if pull.author == "gitops-bot"]
    assert pushed
    assert all(head.startswith("gitops-bot/") for head in pushed)
