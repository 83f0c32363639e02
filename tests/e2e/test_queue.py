"""The forge's rate limit is used up when somebody asks for a revert: the whole bot, from answer to pull request."""

from datetime import UTC, datetime, timedelta

from bot.sandbox.demo import ALERTS

JONAS = "U0JONAS001"
PATIENCE = 60.0
WEB = "environments/production/shop/deployment.yaml"


def test_a_revert_is_queued_told_and_done_by_itself(demo):
    slack, forge = demo.slack, demo.forge
    remote = forge.repositories[demo.shop.repository]
    text = remote.git.run("show", f"{demo.shop.branch}:{WEB}")
    bad = remote.commit(demo.shop.branch, {WEB: f"# Said twice\n{text}"}, "Say it twice\n", "ana")
    forge.faults.rate_limited_until = datetime.now(UTC) + timedelta(seconds=5)
    asked = slack.command(JONAS, ALERTS, f"revert {bad} shop")
    slack.wait_for(lambda: any("Queued: " in said.text for said in asked.responses), PATIENCE)

    def card(part):
        found = [each for each in slack.messages(ALERTS) if bad[:10] in str(each.blocks) and part in each.text]
        return found[0] if found else None

    waiting = slack.wait_for(lambda: card("is queued: "), PATIENCE)
    forge.faults.rate_limited_until = None
    done = slack.wait_for(lambda: card("Result of the queued revert"), PATIENCE)
    assert done.ts == waiting.ts, "the same card says so"
    (told,) = slack.wait_for(lambda: slack.thread(ALERTS, done.ts), PATIENCE)
    assert f"'user_id': '{JONAS}'" in str(told.blocks), "who asked is rung"
    heads = [pull.head for pull in remote.pulls.values()]
    assert heads.count(f"gitops-bot/revert-{bad[:12]}") == 1
