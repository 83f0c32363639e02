"""docs/telemetry.md is true: its tables are generated, and its example and its code work.

`UPDATE_GOLDEN=1 pytest tests/telemetry/test_docs.py` writes the tables.
"""

import json
import os
import re
from pathlib import Path

import pytest
import yaml

from bot.adapters.events.webhook import EventWebhook
from bot.core.events import Event, EventType, incident_events
from bot.ports.telemetry import ATTRIBUTES, METRICS
from tests.common import samples
from tests.common.event_receiver import SECRET, running_receiver

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "telemetry.md"
ALERTS = yaml.safe_load((ROOT / "manifests" / "components" / "prometheus" / "alerts.yaml").read_text())
# What a span has besides its metric's attributes.
SPAN_ATTRIBUTES = {
    "git fetch": ("repository",),
    "render": ("repository", "path"),
    "list {resource}": ("resource",),
    "event delivery": ("type",),
}
EVENTS = {
    EventType.INCIDENT_OPENED: "The bot has confirmed that an application differs from git.",
    EventType.INCIDENT_ESCALATED: "Nobody acknowledged the incident within `alerts.escalate.after`.",
    EventType.INCIDENT_ACKNOWLEDGED: "Someone acknowledged the incident or took it over; `by` names the person.",
    EventType.INCIDENT_RESOLVED: (
        "The incident is over; `cause` is one of those in [alerts.md](alerts.md#why-an-alert-ended)."
    ),
    EventType.ROLLOUT_LIVE: (
        "A merge is live and healthy in all of its applications, for the first time or again, or again in those where "
        "no newer merge superseded it."
    ),
    EventType.ROLLOUT_LATE: "A merge is late or stuck; for each application, `cause` says why, if known.",
    EventType.ROLLOUT_DEGRADED: "A merge that was live became unhealthy within `rollouts.watch`.",
    EventType.REVERT_OPENED: "The bot opened a pull request that reverts a change.",
    EventType.REVERT_MERGED: "A revert pull request was merged.",
    EventType.COMMITS_UNAPPROVED: "Commits reached a tracked branch without approval; `reason` says why.",
    EventType.PING: "`gitops-bot doctor` tests the receiver; `data` is empty.",
}


def table(*rows):
    header, *others = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([header, "|" + "---|" * len(rows[0]), *others])


def code(*words):
    return ", ".join(f"`{word}`" for word in words)


def without_templates(text):
    """CLUSTER for `{{ $labels.cluster }}`, and N for the value."""
    text = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda label: label[1].upper(), text)
    return re.sub(r"\{\{ \$value \| humanizePercentage \}\}", "N%", text).replace("{{ $value }}", "N")


def span_row(metric):
    attributes = [*metric.attributes, *SPAN_ATTRIBUTES.get(metric.span, ())]
    return code(metric.span), code(*(ATTRIBUTES[name] for name in attributes if name != "outcome"))


TABLES = {
    "alerts": table(
        ("alert", "severity", "summary"),
        *(
            (code(rule["alert"]), rule["labels"]["severity"], without_templates(rule["annotations"]["summary"]))
            for rule in ALERTS["spec"]["groups"][0]["rules"]
        ),
    ),
    "metrics": table(
        ("metric", "type", "attributes", "meaning"),
        *((code(m.prometheus_name), m.kind, code(*m.attributes), m.description) for m in METRICS),
    ),
    "spans": table(("span", "attributes"), *(span_row(m) for m in METRICS if m.span)),
    "events": table(("type", "when"), *((code(type_), EVENTS[type_]) for type_ in EventType)),
}


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_those_of_the_code(name):
    page = PAGE.read_text("utf-8")
    expected = re.sub(rf"(<!-- {name} -->\n)(\n\|.*?\n(?=\n))?", rf"\1\n{TABLES[name]}\n", page, flags=re.DOTALL)
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(expected, encoding="utf-8")
    assert PAGE.read_text("utf-8") == expected


def test_every_attribute_is_used():
    of_metrics = {name for metric in METRICS for name in metric.attributes}
    assert set(ATTRIBUTES) == of_metrics | {name for names in SPAN_ATTRIBUTES.values() for name in names}


def test_the_example_is_what_the_bot_sends_and_the_code_verifies_it():
    page = PAGE.read_text("utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    (snippet,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names = {}
    exec(snippet, names)  # noqa: S102  the page's own code
    (opened,) = incident_events(samples.incident(opened_at=samples.T0))
    with running_receiver() as receiver:
        EventWebhook(receiver.url, SECRET, "gitops-bot").send(opened)
    (body, signature) = receiver.accepted[0]

    assert json.loads(body) == json.loads(example.replace("REVISION", samples.REVISION))
    assert names["is_authentic"](body, signature, SECRET)
    assert not names["is_authentic"](body + b" ", signature, SECRET)


def test_an_event_has_no_value_of_an_object():
    (opened,) = incident_events(samples.incident(opened_at=samples.T0))
    assert isinstance(opened, Event)
    assert "7" not in json.dumps(opened.data["objects"])
