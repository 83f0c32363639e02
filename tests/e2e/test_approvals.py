"""A push past every pull request is told with its diff, and undone by a button: the real bot, over real protocols."""

import pytest

from bot.messages.revert import REVERT_THIS
from bot.sandbox.demo import ALERTS, Demo
from tests.conftest import QUICK

PATIENCE = 60.0


@pytest.fixture(scope="module")
def demo():
    with Demo(schedule=QUICK, deploy_delay=0.5, repository_settings={"approvals": {"grace": "2s"}}) as running:
        running.slack.wait_for(lambda: running.slack.connections > 0, timeout=30)
        yield running


def card(demo, *parts):
    """Wait for the card in the alert channel whose header begins with the first part, and that tells the others."""

    def found():
        for message in reversed(demo.slack.messages(ALERTS)):
            told = str(message.blocks)
            head = str((message.blocks or [{}])[0].get("text", {}))
            if parts[0] in head and all(part in told for part in parts):
                return message
        return None

    return demo.slack.wait_for(found, PATIENCE)


def user(demo):
    return next(user.id for user in demo.slack.workspace.users.values() if not user.bot)


def ask(demo, text):
    asked = demo.slack.command(user(demo), ALERTS, text)
    demo.slack.wait_for(lambda: any(not said.text.endswith("…") for said in asked.responses), PATIENCE)
    return asked.responses[-1]


@pytest.fixture(scope="module")
def hosted(demo):
    hosted = demo.forge.repositories[demo.shop.repository]
    ask(demo, "drift")  # so that the bot has seen where the branch stands
    return hosted


def test_a_direct_push_is_told_with_its_diff_and_its_button_opens_a_revert(demo, hosted):
    path = demo.shop.applications[0].path
    files = {f"{path}/extra.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\ndata: {a: '1'}\n"}
    files[f"{path}/token.yaml"] = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: token}\nstringData: {token: hunter2hunter2}\n"
    )
    sha = hosted.commit(hosted.branch, files, "Quick fix (#12)\n", "mira")
    told = card(
        demo,
        "🚨 Not approved: direct push",
        sha[:8],
        "pushed by mira",
        demo.shop.applications[0].name,
        "+data: {a: '1'}",
        "token.yaml",
    )
    before = set(hosted.pulls)
    demo.slack.click(user(demo), told, REVERT_THIS)
    demo.slack.wait_for(lambda: set(hosted.pulls) - before, PATIENCE)
    (number,) = set(hosted.pulls) - before
    assert f"This reverts commit {sha}." in hosted.git.commit(hosted.pulls[number].head_sha).message
    assert "hunter2" not in str([(each.text, each.blocks) for each in demo.slack.messages(ALERTS)])


def test_what_is_merged_without_an_approval_is_told_until_somebody_approves(demo, hosted):
    hosted.git.move("hasty", hosted.git.tip(hosted.branch), None)
    long = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hasty}\ndata:\n" + "".join(
        f"  key-{number}: 'a value of some length, so that the card has no room for it'\n" for number in range(99)
    )
    hosted.commit("hasty", {"apps/shop/hasty.yaml": long}, "Hasty\n", "mira")
    number = hosted.open_pull(head="hasty", base=hosted.branch, title="Hasty", body="", by="mira").number
    hosted.merge(number, "mira", "squash")
    told = card(demo, f"🚨 Not approved: pull request #{number}", "was merged without approval")

    def shared():
        return [message for message in demo.slack.thread(ALERTS, told.ts) if message.files]

    demo.slack.wait_for(shared, PATIENCE)
    (file,) = shared()[0].files
    assert b"key-98" in file.content


def test_a_rewritten_history_is_an_alarm(demo, hosted):
    tip = hosted.git.tip(hosted.branch)
    hosted.git.run("update-ref", f"refs/heads/{hosted.branch}", hosted.git.commit(tip).parents[0])
    told = card(demo, "🚨 Not approved: rewritten history", tip[:8])
    assert REVERT_THIS not in str(told.blocks)
