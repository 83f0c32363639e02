"""The delivery report, asked for in Slack and on the command line, of the demo's two weeks of history."""

import csv
import json

import pytest
from click.testing import CliRunner

from bot.cli.main import main
from tests.common.demo import IDLE_SCHEDULE, running_demo
from tests.common.slack import Person, content


@pytest.fixture(scope="module")
def demo():
    with running_demo(story=True, schedule=IDLE_SCHEDULE) as demo:
        yield demo


def printed(demo, *argv):
    command = ["report", "--config", str(demo.stack.folder / "config.yaml"), *argv]
    done = CliRunner().invoke(main, command, env=demo.stack.environment)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_answer_has_the_numbers_and_what_is_behind_them(demo):
    shown = content(Person(demo.slack).type("report"))
    for part in ("Deployments: 8", "Lead time: 115 s", "Change failure rate: 13%", "Time to restore (drift): 19 min"):
        assert part in shown
    for part in ("Applications, worst first", "kubectl: 2", "Nothing needs attention", "data_visualization"):
        assert part in shown


def test_it_is_about_one_application_and_another_period(demo):
    person = Person(demo.slack)
    assert "payments, last 30 days" in content(person.type("report payments 30d"))
    assert "A report's period must be between 1d and 365d" in content(person.type("report 0d"))


def test_a_workspace_without_charts_gets_the_answer_without_it(demo):
    demo.slack.faults.unsupported_blocks = frozenset({"data_visualization"})
    shown = content(Person(demo.slack).type("report"))
    assert "Deployments: 8" in shown
    assert "data_visualization" not in shown


def test_the_command_line_prints_the_same_numbers(demo):
    assert "Deployments: 8" in printed(demo)
    total = json.loads(printed(demo, "--format", "json"))["total"]["metrics"]
    assert (total["deployments"], total["failed_changes"], total["lead_time"]["median"]) == (8, 1, 115)
    rows = list(csv.DictReader(printed(demo, "--format", "csv").splitlines()))
    assert {row["scope"] for row in rows} == {"total", "application", "cluster"}
    assert rows[0]["deployments"] == "8"
