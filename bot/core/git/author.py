"""Who wrote a merge: the authors of its commits and those named in their trailers, as people and not as bots."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bot.core.git.commit import Commit

MAX_AUTHORS: Final = 20

# https://docs.github.com/en/pull-requests/committing-changes-to-your-project/creating-and-editing-commits/creating-a-commit-with-multiple-authors
_TRAILER: Final = re.compile(r"(?im)^co-authored-by:[ \t]*(.{1,200}?)[ \t]*<([^<>\s]{1,254})>[ \t]*$")
# What forges put in place of an address: `login@`, `12345+login@` (GitHub), `12345-login@` (GitLab).
# https://docs.github.com/en/account-and-profile/reference/email-addresses-reference
_NOREPLY: Final = re.compile(
    r"(?:\d+\+)?(?P<login>[^+@\s]+)@(?P<host>users\.noreply\.[^@\s]+|[^@\s]+\.noreply\.[^@\s]+)"
)
_NOBODY: Final = re.compile(r"(?:no-?reply|do-?not-?reply)@.*|.*@(?:[^.]+|.*\.(?:local|invalid))")
_BOT: Final = re.compile(
    r".*(?:\[bot\]|[-_]bot)|dependabot|renovate|renovatebot|mend-for-github-com|github-actions|web-flow|copilot"
    r"|fluxcdbot|flux-image-automation|argocd-image-updater|keel|pre-commit-ci"
)


@dataclass(frozen=True, slots=True)
class Author:
    """A person who wrote part of a merge. `login` is known where the address is a forge's own; `user` is a Slack id.

    Two addresses are two authors: which belong together only the people themselves know.
    """

    name: str
    email: str
    login: str | None = None
    user: str | None = None

    @property
    def has_personal_email(self) -> bool:
        """Whether the address may be a person's own, so that Slack could know it."""
        return self.login is None and _NOBODY.fullmatch(self.email) is None and "@" in self.email


def authors_of(commits: Iterable[Commit]) -> list[Author]:
    """The people of some commits, each once, in the order of the commits; bots are left out."""
    found: dict[str, Author] = {}
    for commit in commits:
        for name, email in ((commit.author, commit.email), *_TRAILER.findall(commit.message)):
            author = _author(name, email)
            if not is_bot(author):
                found.setdefault(author.login or author.email, author)
    return list(found.values())


def is_bot(author: Author) -> bool:
    """Whether a tool wrote it: nobody is to be told, and Slack is never asked."""
    names = (author.name, author.email.partition("@")[0], author.login or "")
    return any(_BOT.fullmatch(name.lower()) for name in names)


def _author(name: str, email: str) -> Author:
    email = email.strip().lower()
    noreply = _NOREPLY.fullmatch(email)
    login = noreply["login"] if noreply else None
    if noreply and login and "gitlab" in noreply["host"]:
        login = re.sub(r"^\d+-", "", login)
    return Author(name.strip() or email, email, login)
