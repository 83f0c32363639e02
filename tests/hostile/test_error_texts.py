"""What other programs report is quoted in messages, logs and the database: without the credentials in it."""

import json

import pytest

from bot.adapters.forges.errors import ErrorResponse
from bot.adapters.git.errors import GitErrorMapper
from bot.adapters.kubernetes.errors import ClusterErrorMapper
from bot.i18n.catalogue import cluster as texts
from bot.i18n.language import LocalizedText

PASSWORD = "hunter2xq"
GIT = GitErrorMapper("platform", "https://git.example/platform.git", "TOKEN")
CLUSTER = ClusterErrorMapper("prod", "https://10.0.0.1:6443")
LIST = LocalizedText(texts.LIST, resource="pods")


def of_cluster(message):
    return str(CLUSTER.rejected(LIST, 422, json.dumps({"kind": "Status", "message": message}).encode()))


REPORTS = {
    "forge": lambda message: ErrorResponse.of(422, {}, message).message,
    "git": lambda message: str(GIT.fetch_failed(f"fatal: remote error: {message}\n")),
    "push": lambda message: str(GIT.push_failed("main", "", f"remote: error: {message}\n ! [remote rejected] main\n")),
    "cluster": of_cluster,
}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
@pytest.mark.parametrize(
    "message",
    [
        f"cannot open https://user:{PASSWORD}@git.example/x.git",
        f"cannot open https://git.example/x.git?access_token={PASSWORD}",
        f"invalid: password={PASSWORD}",
        f'denied: {{"spec":{{"password":"{PASSWORD}"}}}}',
        f'env[0].DB_PASSWORD: Invalid value: "{PASSWORD}": must be a number',
        f"`helm template . --set db.password={PASSWORD}` failed",
    ],
)
def test_an_error_of_another_program_shows_no_credential(report, message):
    shown = report(message)
    assert shown
    assert PASSWORD not in shown
