"""The people behind a change on a tracked branch: one type for all messages and exports."""

from dataclasses import dataclass

from bot.core.git.author import Author

BOT = "gitops-bot"


@dataclass(frozen=True, slots=True)
class ChangePeople:
    """Who wrote, requested, approved and merged a change.

    - `authors` are the first authors of its commits; `more_authors` counts the rest. There are none if only tools wrote
      it: then `tool` names the tool.
    - `requester` is the name of the person who had the bot open its pull request, "" if the bot didn't.
    - `pull_author`, `approvers` and `merger` are logins. `approvers` is None if the forge could not report them.
    """

    authors: tuple[Author, ...] = ()
    more_authors: int = 0
    tool: str = ""
    requester: str = ""
    pull_author: str = ""
    approvers: tuple[str, ...] | None = None
    merger: str = ""

    @property
    def written_by(self) -> str:
        """The authors in one cell: `Ana Silva, Bo Li`, `gitops-bot, for dana`."""
        if self.requester:
            return f"{BOT}, for {self.requester}"
        more = [f"{self.more_authors} more"] if self.more_authors else []
        return ", ".join([*(author.name for author in self.authors), *more]) or self.tool
