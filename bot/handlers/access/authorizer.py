"""What one person may do, found out anew for each thing they ask for."""

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from bot.core.access.permission import Decision, Granted, Members, Right, Roles, Rule, decide, decide_any, groups_to_ask
from bot.ports.chat import Chat, ChatError

# Slack answers usergroups.users.list about 20 times a minute, for all groups together (tier 2), and an incident brings
# many clicks at once. Who leaves a group keeps the right for so long.
KNOWN_FOR = timedelta(seconds=30)


class Groups:
    """The members of user groups, asked of Slack and remembered for so long. Any thread may call.

    What could not be asked is not remembered, but that Slack wants to be left alone until then is.
    """

    def __init__(self, chat: Chat, clock: Callable[[], datetime], known_for: timedelta = KNOWN_FOR) -> None:
        self._chat = chat
        self._clock = clock
        self._known_for = known_for
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Members, datetime]] = {}

    def members(self, group: str) -> Members:
        """Who is in a group, or a sentence why that is not known."""
        now = self._clock()
        with self._lock:
            known, until = self._known.get(group, ("", now))
            if now < until:
                return known
        found: Members
        try:
            found, lasts = self._chat.group_members(group), self._known_for
        except ChatError as error:
            found, lasts = str(error), timedelta(seconds=error.retry_after or 0)
        with self._lock:
            self._known[group] = found, now + lasts
        return found


class Authorizer:
    """One person's rights during one request. Each user group is asked about at most once, and only if it decides."""

    def __init__(self, user: str, roles: Roles, groups: Groups) -> None:
        self._user = user
        self._roles = roles
        self._groups = groups
        self._asked: dict[str, Members] = {}

    def verdict(self, right: Right, applications: Iterable[str]) -> Decision:
        """Whether the person has the right on each of the applications; for none of them, in the workspace."""
        rules = self._roles.rules(right, applications)
        self._ask(rules)
        return decide(self._user, rules, self._asked)

    def anywhere(self, right: Right) -> Decision:
        """Whether there is anything the person has the right on."""
        rules = self._roles.all_rules(right)
        for rule in rules:  # one by one: most people are done at the first
            self._ask([rule])
            if isinstance(decide(self._user, [rule], self._asked), Granted):
                return Granted()
        return decide_any(self._user, rules, self._asked)

    def _ask(self, rules: Sequence[Rule]) -> None:
        for group in groups_to_ask(self._user, rules):
            if group not in self._asked:
                self._asked[group] = self._groups.members(group)
