"""A revert is requested while the forge's rate limit has been reached: the whole bot, from answer to pull request."""

from datetime import UTC, datetime, timedelta

from tests.common.demo import remote
from tests.common.slack import ALERTS, JONAS, Person
from tests.common.wait import wait_for

WEB = "environments/production/shop/deployment.yaml"


def test_a_rate_limited_revert_is_queued_and_opened_later(demo):
    person, hosted = Person(demo.slack), remote(demo)
    text = hosted.git.run("show", f"{demo.shop.branch}:{WEB}")
    bad = hosted.commit(demo.shop.branch, {WEB: f"# Said twice\n{text}"}, "Say it twice\n", "ana")
    demo.forge.faults.rate_limited_until = datetime.now(UTC) + timedelta(seconds=5)
    assert "Queued: " in person.type(f"revert {bad} shop").text

    def card(part):
        messages = demo.slack.messages(ALERTS)
        return next((message for message in messages if bad[:10] in str(message.blocks) and part in message.text), None)

    queued = wait_for(lambda: card("is queued: "))
    demo.forge.faults.rate_limited_until = None
    done = wait_for(lambda: card("Result of the queued revert"))
    assert done.ts == queued.ts, "the same card says so"
    assert f"'user_id': '{JONAS}'" in str(person.reply(done).blocks), "whoever asked is mentioned"
    heads = [pull.head for pull in hosted.pulls.values()]
    assert heads.count(f"gitops-bot/revert-{bad}") == 1
