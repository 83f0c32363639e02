"""Finds the people who wrote a merge: the authors of its commits and their co-authors, without bots."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from bot.core.git.commit import Commit, shown_name

MAX_AUTHORS: Final = 20

_MAX_NAME: Final = 200
_EMAIL: Final = re.compile(r"[^<>\s]{1,254}")
# What forges substitute for private addresses: `login@`, `12345+login@` (GitHub), `12345-login@` (GitLab).
# https://docs.github.com/en/account-and-profile/reference/email-addresses-reference
_NOREPLY: Final = re.compile(
    r"(?:\d+\+)?(?P<login>[^+@\s]+)@(?P<host>users\.noreply\.[^@\s]+|[^@\s]+\.noreply\.[^@\s]+)"
)
_IMPERSONAL: Final = re.compile(r"(?:no-?reply|do-?not-?reply)@.*|.*@(?:[^.]+|.*\.(?:local|invalid))")
_BOT: Final = re.compile(
    r".*(?:\[bot\]|[-_]bot)|dependabot|renovate|renovatebot|mend-for-github-com|github-actions|web-flow|copilot"
    r"|fluxcdbot|flux-image-automation|argocd-image-updater|keel|pre-commit-ci"
)


@dataclass(frozen=True, slots=True)
class Author:
    """A person who wrote part of a merge.

    `login` is known only if the email is a forge's noreply address; `user` is the Slack user ID. Each email is a
    separate author: which of them are the same person is unknown.
    """

    name: str
    email: str
    login: str | None = None
    user: str | None = None

    @property
    def has_personal_email(self) -> bool:
        """Whether the email may be a person's own, by which Slack can find the user."""
        return self.login is None and _IMPERSONAL.fullmatch(self.email) is None and "@" in self.email


def authors_of(commits: Iterable[Commit]) -> list[Author]:
    """The authors and co-authors of some commits, each once, in the order of the commits, without bots."""
    authors: dict[str, Author] = {}
    for commit in commits:
        for name, email in ((commit.author, commit.email), *_co_authors(commit.message)):
            author = _author(name, email)
            if not is_bot(author):
                authors.setdefault(author.login or author.email, author)
    return list(authors.values())


def is_bot(author: Author) -> bool:
    """Whether the author is a tool, judging by the name, login or email."""
    names = (author.name, author.email.partition("@")[0], author.login or "")
    return any(_BOT.fullmatch(name.lower()) for name in names)


def _co_authors(message: str) -> Iterator[tuple[str, str]]:
    """The name and email of each trailer `Co-authored-by: NAME <EMAIL>`.

    https://docs.github.com/en/pull-requests/committing-changes-to-your-project/creating-and-editing-commits/creating-a-commit-with-multiple-authors
    """
    for line in message.split("\n"):
        key, _, value = line.partition(":")
        name, _, email = value.strip().rpartition("<")
        is_co_author = key.lower() == "co-authored-by" and 0 < len(name.strip()) <= _MAX_NAME
        if is_co_author and email.endswith(">") and _EMAIL.fullmatch(email[:-1]):
            yield name.strip(), email[:-1]


def _author(name: str, email: str) -> Author:
    email = email.strip().lower()
    noreply = _NOREPLY.fullmatch(email)
    login = noreply["login"] if noreply else None
    if noreply and login and "gitlab" in noreply["host"]:
        login = re.sub(r"^\d+-", "", login)
    return Author(shown_name(name.strip() or email), email, login)
