"""The digest of a chart's lock file, over the dependencies as Go's encoding/json writes them."""

from hashlib import sha256

import pytest

from bot.core.rendering.chart_lock import is_out_of_sync

DECLARED = [
    {"version": ">=1.0", "repository": "https://charts.example", "name": "cache", "condition": "cache.enabled"},
    {
        "name": "web",
        "version": "1.2.0",
        "repository": "",
        "tags": ["a<b"],
        "import-values": [{"parent": "b", "child": "a"}],
    },
]
LOCKED = [
    {"name": "cache", "repository": "https://charts.example", "version": "1.4.0"},
    {"name": "web", "repository": "", "version": "1.2.0"},
]
REQUIRED = (
    r'[{"name":"cache","version":"\u003e=1.0","repository":"https://charts.example","condition":"cache.enabled"},'
    r'{"name":"web","version":"1.2.0","repository":"","tags":["a\u003cb"],'
    r'"import-values":[{"child":"a","parent":"b"}]}]'
)
RESOLVED = (
    '[{"name":"cache","version":"1.4.0","repository":"https://charts.example"},'
    '{"name":"web","version":"1.2.0","repository":""}]'
)


def digest(text):
    return f"sha256:{sha256(text.encode()).hexdigest()}"


@pytest.mark.parametrize(
    "written", [f"[{REQUIRED},{RESOLVED}]", f'{{"dependencies":{REQUIRED}}}'], ids=["Helm 3", "Helm 2"]
)
def test_a_lock_is_in_sync_until_a_dependency_changes(written):
    assert not is_out_of_sync(digest(written), DECLARED, LOCKED)
    changed = [{**DECLARED[0], "version": ">=2.0"}, DECLARED[1]]
    assert is_out_of_sync(digest(written), changed, LOCKED)
    assert is_out_of_sync(digest(written), DECLARED[:1], LOCKED)


@pytest.mark.parametrize("change", [{"version": 1.0}, {"repository": "@stable"}, {"repository": "alias:stable"}])
def test_what_cannot_be_computed_is_not_out_of_sync(change):
    assert not is_out_of_sync(digest("other"), [{**DECLARED[0], **change}], LOCKED)
    assert not is_out_of_sync("", DECLARED, LOCKED)
