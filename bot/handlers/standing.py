"""What one person may do, found out anew for each thing they ask for."""

from collections.abc import Iterable, Sequence

from bot.core.permission import Granted, Members, Right, Roles, Rule, Verdict, decide, decide_any, groups_to_ask
from bot.ports import Chat, ChatError


class Standing:
    """One person's rights during one request. Each user group is asked about at most once, and only if it decides.

    Not to be kept: whoever leaves a group must lose the right by the next click.
    """

    def __init__(self, user: str, roles: Roles, chat: Chat) -> None:
        self._user = user
        self._roles = roles
        self._chat = chat
        self._groups: dict[str, Members] = {}

    def verdict(self, right: Right, applications: Iterable[str]) -> Verdict:
        """Whether the person has the right on each of the applications; for none of them, in the workspace."""
        rules = self._roles.rules(right, applications)
        self._ask(rules)
        return decide(self._user, rules, self._groups)

    def anywhere(self, right: Right) -> Verdict:
        """Whether there is anything the person has the right on."""
        rules = self._roles.all_rules(right)
        for rule in rules:  # one by one: most people are done at the first
            self._ask([rule])
            if isinstance(decide(self._user, [rule], self._groups), Granted):
                return Granted()
        return decide_any(self._user, rules, self._groups)

    def _ask(self, rules: Sequence[Rule]) -> None:
        for group in groups_to_ask(self._user, rules):
            if group not in self._groups:
                self._groups[group] = self._members(group)

    def _members(self, group: str) -> Members:
        try:
            return self._chat.group_members(group)
        except ChatError as error:
            return str(error)
