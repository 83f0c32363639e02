"""Which addresses mean one repository."""

import pytest

from bot.core.git.git_url import normalize


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/platform.git",
        "https://github.com/Acme/Platform",
        "https://x-access-token@github.com:443/acme/platform/",
        "ssh://git@github.com/acme/platform.git",
        "ssh://git@github.com:22/acme/platform",
        "git@github.com:acme/platform.git",
        "github.com:acme/platform",
    ],
)
def test_one_repository_however_it_is_spelled(url):
    assert normalize(url) == "github.com/acme/platform"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://github.com/acme/platform", "https://github.com/acme/platform2"),
        ("https://github.com/acme/platform", "https://github.com.evil.example/acme/platform"),
        ("https://git.example:8443/a/b", "https://git.example:9443/a/b"),
        ("/srv/Platform.git", "/srv/platform.git"),
    ],
)
def test_others_are_others(one, other):
    assert normalize(one) != normalize(other)


def test_a_local_path_is_one_with_its_url():
    assert normalize("/srv/platform.git") == normalize("file:///srv/platform/") == "/srv/platform"


def test_what_is_no_url_stays_as_it_is():
    assert normalize("https://[x/a") == "https://[x/a"
