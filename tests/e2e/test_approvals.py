"""A push past every pull request is reported with its diff, and reverted by a button: the real bot."""

import pytest

from bot.messages.revert import REVERT_THIS
from tests.common.demo import remote, running_demo
from tests.common.kubernetes import as_yaml, config_map, secret
from tests.common.slack import ALERTS, Person
from tests.common.wait import wait_for


@pytest.fixture(scope="module")
def demo():
    with running_demo(repository_settings={"approvals": {"grace": "2s"}}) as demo:
        yield demo


@pytest.fixture(scope="module")
def person(demo):
    person = Person(demo.slack)
    person.type("drift")  # so that the bot has seen where the branch is
    return person


def test_a_direct_push_is_reported_with_its_diff_and_its_button_opens_a_revert(demo, person):
    hosted, application = remote(demo), demo.shop.applications[0]
    files = {
        f"{application.path}/extra.yaml": as_yaml(config_map("extra", a="1")),
        f"{application.path}/token.yaml": as_yaml(secret("token", token="hunter2hunter2")),
    }
    sha = hosted.commit(hosted.branch, files, "Quick fix (#12)\n", "mira")
    parts = (sha[:8], "pushed by mira", application.name, "+data: {a: '1'}", "token.yaml")
    card = person.card("🚨 Not approved on main: direct push", *parts)
    before = set(hosted.pulls)
    person.click(card, REVERT_THIS)
    (number,) = wait_for(lambda: set(hosted.pulls) - before)
    assert f"This reverts commit {sha}." in hosted.git.commit(hosted.pulls[number].head_sha).message
    assert "hunter2" not in str([(message.text, message.blocks) for message in demo.slack.messages(ALERTS)])


def test_a_merge_without_an_approval_is_reported_and_a_long_diff_shared_as_a_file(demo, person):
    hosted = remote(demo)
    hosted.git.move("hasty", hosted.git.tip(hosted.branch), None)
    values = {f"key-{number}": "a value of some length, so that the card has no room for it" for number in range(99)}
    hosted.commit("hasty", {"apps/shop/hasty.yaml": as_yaml(config_map("hasty", **values))}, "Hasty\n", "mira")
    number = hosted.open_pull(head="hasty", base=hosted.branch, title="Hasty", body="", by="mira").number
    hosted.merge(number, "mira", "squash")
    card = person.card(f"🚨 Not approved on main: pull request #{number}", "was merged without approval")
    (file,) = wait_for(lambda: [file for reply in demo.slack.thread(ALERTS, card.ts) for file in reply.files])
    assert b"key-98" in file.content


def test_a_rewritten_history_is_reported(demo, person):
    """In a card of its own, beside that of the rollout."""
    hosted, application = remote(demo), demo.shop.applications[0]
    tip = hosted.git.tip(hosted.branch)
    hosted.git.run("update-ref", f"refs/heads/{hosted.branch}", hosted.git.commit(tip).parents[0])
    files = {f"{application.path}/extra.yaml": as_yaml(config_map("extra", a="2"))}
    head = hosted.commit(hosted.branch, files, "Rewrite\n", "mira")  # without it, a remote may only lag
    live = person.card("✅ Live", head[:8])
    card = person.card("🚨 Not approved on main: rewritten history", tip[:8])
    assert card.ts != live.ts
    assert REVERT_THIS not in str(card.blocks)
