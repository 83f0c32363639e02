"""Fifty people at once, while a check of two thousand objects runs."""

import statistics

import pytest

from bot.sandbox.demo import ALERTS, Demo

COMMANDS = 50
OBJECTS = 2_000
BULK = "environments/production/shop/bulk.yaml"
OBJECT = """\
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: bulk-{0}, labels: {{part: bulk}}}}
data: {{greeting: "hello {0}", limit: "{0}"}}
"""


@pytest.fixture(scope="module")
def demo():
    with Demo(deploy_delay=0.1) as running:
        remote = running.forge.repositories[running.shop.repository]
        bulk = "".join(OBJECT.format(number) for number in range(OBJECTS))
        remote.commit(running.shop.branch, {BULK: bulk}, "Add a great many settings\n", "ana")
        running.slack.wait_for(lambda: running.slack.connections > 0, 30)
        yield running


def test_every_command_is_acked_in_time(demo, capsys):
    slack = demo.slack
    checking = slack.command("U0MIRA0001", ALERTS, "drift")
    asked = [slack.command("U0JONAS001", ALERTS, ("status", "help", "history shop")[n % 3]) for n in range(COMMANDS)]
    slack.wait_for(lambda: all(each.responses for each in asked), 60)
    slack.wait_for(lambda: len(checking.responses) > 1, 60)
    acked = sorted(each.acked_after for each in asked if each.acked_after is not None)
    assert len(acked) == COMMANDS
    assert not [said for each in asked for said in each.responses if "operation_timeout" in said.text]
    objects = sum(check.objects for check in demo.checks().values())
    assert objects > OBJECTS
    quantiles = statistics.quantiles(acked, n=10)
    with capsys.disabled():
        print(
            f"\n{COMMANDS} commands while {objects:,} objects were checked, acked after: "
            f"fastest {acked[0] * 1000:.0f} ms, median {statistics.median(acked) * 1000:.0f} ms, "
            f"nine in ten within {quantiles[8] * 1000:.0f} ms, slowest {acked[-1] * 1000:.0f} ms (Slack waits 3,000 ms)"
        )
