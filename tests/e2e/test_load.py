"""Fifty people at once, while a check of five hundred objects runs."""

import pytest

from bot.sandbox.demo import SCHEDULE
from tests.common.demo import remote, running_demo
from tests.common.kubernetes import as_yaml, config_map
from tests.common.slack import ALERTS, JONAS, MIRA
from tests.common.wait import wait_for

COMMANDS = 50
OBJECTS = 500
SECONDS = 150.0  # for all answers, on a machine with much else to do


@pytest.fixture(scope="module")
def demo():
    with running_demo(schedule=SCHEDULE) as demo:
        manifests = as_yaml(*(config_map(f"bulk-{number}", limit=str(number)) for number in range(OBJECTS)))
        files = {"environments/production/shop/bulk.yaml": manifests}
        remote(demo).commit(demo.shop.branch, files, "Add a great many settings\n", "ana")
        yield demo


@pytest.mark.timeout(3 * SECONDS)
def test_every_command_is_acknowledged_in_time(demo):
    slack = demo.slack
    check = slack.command(MIRA, ALERTS, "drift")
    texts = [("status", "help", "history shop")[number % 3] for number in range(COMMANDS)]
    commands = [slack.command(JONAS, ALERTS, text) for text in texts]
    wait_for(lambda: all(command.responses for command in commands), seconds=SECONDS)
    wait_for(lambda: len(check.responses) > 1, seconds=SECONDS)
    # Slack itself gives up after 3 s: the sandbox then answers with operation_timeout.
    assert all(command.acked_after is not None for command in commands)
    assert not [
        response for command in commands for response in command.responses if "operation_timeout" in response.text
    ]
    assert sum(check.objects for check in demo.checks().values()) > OBJECTS
