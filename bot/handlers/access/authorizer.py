"""Authorization: what a person is allowed to do, decided for every request."""

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from bot.core.access.permission import Decision, Granted, Members, Right, Roles, Rule, decide, decide_any, groups_to_ask
from bot.core.waiting import is_waiting
from bot.ports.chat import Chat, ChatError

# Slack allows about 20 usergroups.users.list calls a minute for all groups (tier 2), and an incident brings many clicks
# at once. A person who leaves a group keeps the right this long.
MEMBERS_TTL = timedelta(seconds=30)
_LONGEST_RETRY = timedelta(minutes=5)


class Groups:
    """The members of user groups, cached for `ttl`. Thread-safe.

    A failure is cached only for as long as Slack asks to wait.
    """

    def __init__(self, chat: Chat, clock: Callable[[], datetime], ttl: timedelta = MEMBERS_TTL) -> None:
        self._chat = chat
        self._clock = clock
        self._ttl = ttl
        self._longest = max(ttl, _LONGEST_RETRY)
        self._lock = threading.Lock()
        self._cache: dict[str, tuple[Members, datetime]] = {}

    def members(self, group: str) -> Members:
        """The members of a group, or a sentence about why they are unknown."""
        now = self._clock()
        with self._lock:
            cached, until = self._cache.get(group, ("", now))
            if is_waiting(until, now, self._longest):
                return cached
        members: Members
        try:
            members, lifetime = self._chat.group_members(group), self._ttl
        except ChatError as error:
            members, lifetime = error.text, timedelta(seconds=error.retry_after or 0)
        with self._lock:
            self._cache[group] = members, now + lifetime
        return members


class Authorizer:
    """One person's rights during one request. Each user group is read at most once, and only if needed."""

    def __init__(self, user: str, roles: Roles, groups: Groups) -> None:
        self._user = user
        self._roles = roles
        self._groups = groups
        self._members: dict[str, Members] = {}

    def decide(self, right: Right, applications: Iterable[str | None]) -> Decision:
        """Whether the person has the right on each application; None, or no application, means the workspace."""
        rules = self._roles.rules(right, applications)
        self._read_groups(rules)
        return decide(self._user, rules, self._members)

    def decide_anywhere(self, right: Right) -> Decision:
        """Whether the person has the right on anything."""
        rules = self._roles.all_rules(right)
        for rule in rules:  # one by one, since the first rule decides for most people
            self._read_groups([rule])
            if isinstance(decide(self._user, [rule], self._members), Granted):
                return Granted()
        return decide_any(self._user, rules, self._members)

    def _read_groups(self, rules: Sequence[Rule]) -> None:
        for group in groups_to_ask(self._user, rules):
            if group not in self._members:
                self._members[group] = self._groups.members(group)
