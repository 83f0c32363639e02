"""Who may do what. Decided by Slack user id at every command, click and submit, never by what a button carries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.i18n.catalogue import control as texts
from bot.i18n.language import LocalizedText

EVERYBODY = "*"


class Right(StrEnum):
    """What a person may be allowed: to have pull requests opened, and to silence alerts."""

    REVERT = "revert"
    SILENCE = "silence"

    @property
    def key(self) -> str:
        """As the configuration spells it."""
        return f"{self}_allowed"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who holds a right: user ids (`U…`, `W…`), user group ids (`S…`) or EVERYBODY; `key` is where that is written."""

    key: str
    allowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Roles:
    """The rules of the configuration: the workspace's for each right, and by application those that override them."""

    workspace: Mapping[Right, tuple[str, ...]]
    applications: Mapping[str, Mapping[Right, tuple[str, ...]]]

    def rule(self, right: Right, application: str | None) -> Rule:
        """The rule that counts for an application; None, or one without a rule of its own, has the workspace's."""
        own = self.applications.get(application, {}).get(right) if application is not None else None
        if own is not None:
            return Rule(f"applications.{application}.{right.key}", own)
        return Rule(f"slack.{right.key}", self.workspace[right])

    def rules(self, right: Right, applications: Iterable[str]) -> list[Rule]:
        """What must hold together for several applications; for none, what holds for the workspace."""
        return list(dict.fromkeys(self.rule(right, name) for name in applications)) or [self.rule(right, None)]

    def all_rules(self, right: Right) -> list[Rule]:
        """Every rule of a right: who satisfies none of them has it nowhere."""
        return list(dict.fromkeys([self.rule(right, None), *(self.rule(right, name) for name in self.applications)]))

    def groups(self) -> frozenset[str]:
        """Every user group that any rule names."""
        every = (rule for right in Right for rule in self.all_rules(right))
        return frozenset(entry for rule in every for entry in rule.allowed if _is_group(entry))


@dataclass(frozen=True, slots=True)
class Granted:
    """The person may."""


@dataclass(frozen=True, slots=True)
class Denied:
    """The person may not: `rule` does not name them."""

    rule: Rule


@dataclass(frozen=True, slots=True)
class CouldNotAsk:
    """Denied, since nobody could say whether the person is in `group` of `rule`: `why` is a sentence for people."""

    rule: Rule
    group: str
    why: str


Decision = Granted | Denied | CouldNotAsk


def refusal(verdict: Denied | CouldNotAsk) -> str:
    """As the audit log has it."""
    match verdict:
        case Denied(rule):
            return f"denied: {rule.key}"
        case CouldNotAsk(rule, group, why):
            return f"denied, could not ask: {group} in {rule.key}: {why}"


# The members of a user group, or why they are not known.
Members = frozenset[str] | str


def groups_to_ask(user: str, rules: Sequence[Rule]) -> list[str]:
    """The user groups whose members decide; none when the answer is known without asking Slack."""
    open_rules = [rule for rule in rules if not _named(user, rule)]
    return list(dict.fromkeys(entry for rule in open_rules for entry in rule.allowed if _is_group(entry)))


def decide(user: str, rules: Sequence[Rule], groups: Mapping[str, Members]) -> Decision:
    """Whether a user satisfies every rule; of those not satisfied the first is told.

    `groups` are the answers to what `groups_to_ask` named. One that is missing counts as unknown, and unknown is never
    allowed.
    """
    verdicts = (_one(user, rule, groups) for rule in rules)
    return next((verdict for verdict in verdicts if not isinstance(verdict, Granted)), Granted())


def decide_any(user: str, rules: Sequence[Rule], groups: Mapping[str, Members]) -> Decision:
    """Whether a user satisfies at least one rule; if not, what the first one says."""
    verdicts = [_one(user, rule, groups) for rule in rules]
    return next((verdict for verdict in verdicts if isinstance(verdict, Granted)), verdicts[0])


def _one(user: str, rule: Rule, groups: Mapping[str, Members]) -> Decision:
    if _named(user, rule):
        return Granted()
    unknown: CouldNotAsk | None = None
    for group in filter(_is_group, rule.allowed):
        members = groups.get(group, LocalizedText(texts.NOT_ASKED))
        if isinstance(members, str):
            unknown = unknown or CouldNotAsk(rule, group, members)
        elif user in members:
            return Granted()
    return unknown or Denied(rule)


def _named(user: str, rule: Rule) -> bool:
    return EVERYBODY in rule.allowed or user in rule.allowed


def _is_group(entry: str) -> bool:
    return entry.startswith("S")
