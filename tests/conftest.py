"""What several folders of tests share: the whole product in its sandbox."""

import pytest

from bot.sandbox.demo import Demo

# Quicker still than the demo: tests wait for states, not for clocks.
QUICK = {"drift": "1s", "git": "1s", "second_look": "1s", "rollout": "1s", "rollout_deadline": "2m"}


@pytest.fixture(scope="module")
def demo():
    """The real bot over real protocols: one shop, one Slack, one forge and one cluster for a file of tests."""
    with Demo(schedule=QUICK, deploy_delay=0.5) as running:
        running.slack.wait_for(lambda: running.slack.connections > 0, timeout=30)
        yield running
