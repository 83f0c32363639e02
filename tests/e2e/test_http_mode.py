"""HTTP mode: the same bot, with Slack calling it instead of a socket."""

import urllib.error
import urllib.request

import pytest

from bot.sandbox.demo import Demo
from tests.common.slack import Person


@pytest.fixture(scope="module")
def demo():
    with Demo(mode="http") as demo:
        yield demo


def url(demo, path):
    return f"http://127.0.0.1:{demo.bot.web.port}{path}"


def status_of(request):
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  a URL of this test's own
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize(("text", "answer"), [("help", "status, drift, diff"), ("status", "6 applications")])
def test_a_signed_command_is_answered(demo, text, answer):
    """In the response to Slack, or through the response URL where it takes longer."""
    assert answer in Person(demo.slack).type(text).text


@pytest.mark.parametrize("timestamp", ["", "yesterday", "-1", "1"])
def test_a_request_that_slack_did_not_sign_is_refused(demo, timestamp):
    headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": "v0=00"}
    address = url(demo, "/slack/events")
    request = urllib.request.Request(address, data=b"command=/gitops", headers=headers)  # noqa: S310
    assert status_of(request) == 401


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/readyz", 200), ("/elsewhere", 404)])
def test_health_is_served_beside_it(demo, path, status):
    assert status_of(url(demo, path)) == status
