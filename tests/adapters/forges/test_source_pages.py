"""The web pages of files and directories: each forge has its own form of them."""

import pytest

from bot.adapters.forges.bitbucket import BitbucketForge
from bot.adapters.forges.bitbucket_server import BitbucketServerForge
from bot.adapters.forges.github import GitHubForge
from bot.adapters.forges.gitlab import GitLabForge

GITHUB = GitHubForge("paper/press", "https://api.github.com", lambda: "t")
GITLAB = GitLabForge("paper/mill/press", "https://git.paper.example/lab/api/v4", "t")
BITBUCKET = BitbucketForge("paper/press", "https://api.bitbucket.org/2.0", "t")
SERVER = BitbucketServerForge("PAPER/press", "https://git.paper.example/rest/api/latest", "t")


@pytest.mark.parametrize(
    ("forge", "line", "directory"),
    [
        (
            GITHUB,
            "https://github.com/paper/press/blob/abc/apps/a%20%231/web.yaml#L7",
            "https://github.com/paper/press/tree/abc/apps",
        ),
        (
            GITLAB,
            "https://git.paper.example/lab/paper/mill/press/-/blob/abc/apps/a%20%231/web.yaml#L7",
            "https://git.paper.example/lab/paper/mill/press/-/tree/abc/apps",
        ),
        (
            BITBUCKET,
            "https://bitbucket.org/paper/press/src/abc/apps/a%20%231/web.yaml#lines-7",
            "https://bitbucket.org/paper/press/src/abc/apps",
        ),
        (
            SERVER,
            "https://git.paper.example/projects/PAPER/repos/press/browse/apps/a%20%231/web.yaml?at=abc#7",
            "https://git.paper.example/projects/PAPER/repos/press/browse/apps?at=abc",
        ),
    ],
    ids=["github", "gitlab", "bitbucket", "bitbucket-server"],
)
def test_a_line_and_a_directory_have_pages(forge, line, directory):
    assert forge.source_url("abc", "apps/a #1/web.yaml", 7) == line
    assert forge.source_url("abc", "apps") == directory
