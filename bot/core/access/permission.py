"""Rights, decided by Slack user ID for every command, click and form, and never by the value of a button."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.i18n.catalogue import silence as texts
from bot.i18n.language import LocalizedText, Text

EVERYBODY = "*"


class Right(StrEnum):
    """What a person can be allowed to do: open pull requests through the bot, and silence alerts."""

    REVERT = "revert"
    SILENCE = "silence"

    @property
    def key(self) -> str:
        """The configuration key."""
        return f"{self}_allowed"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who has a right: user IDs (`U…`, `W…`), user group IDs (`S…`) or EVERYBODY. `key` is the configuration key."""

    key: str
    allowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Roles:
    """The configured rules: the workspace's for each right, and the overrides of applications."""

    workspace: Mapping[Right, tuple[str, ...]]
    applications: Mapping[str, Mapping[Right, tuple[str, ...]]]

    def rule(self, right: Right, application: str | None) -> Rule:
        """The rule of an application; the workspace's for None, and for an application without its own."""
        override = self.applications.get(application, {}).get(right) if application is not None else None
        if override is not None:
            return Rule(f"applications.{application}.{right.key}", override)
        return Rule(f"slack.{right.key}", self.workspace[right])

    def rules(self, right: Right, applications: Iterable[str | None]) -> list[Rule]:
        """The rules that must all be satisfied for these applications; the workspace's for None or no application."""
        return list(dict.fromkeys(self.rule(right, name) for name in applications)) or [self.rule(right, None)]

    def all_rules(self, right: Right) -> list[Rule]:
        """Every rule of a right: a person who satisfies none of them never has it."""
        return list(dict.fromkeys([self.rule(right, None), *(self.rule(right, name) for name in self.applications)]))

    def groups(self) -> frozenset[str]:
        """Every user group named in a rule."""
        rules = (rule for right in Right for rule in self.all_rules(right))
        return frozenset(entry for rule in rules for entry in rule.allowed if _is_group(entry))


@dataclass(frozen=True, slots=True)
class Granted:
    """The person has the right."""


@dataclass(frozen=True, slots=True)
class Denied:
    """The person lacks the right: `rule` does not name them."""

    rule: Rule


@dataclass(frozen=True, slots=True)
class MembersUnknown:
    """Denied: the members of `group`, which `rule` names, could not be read. `why` is a sentence for people."""

    rule: Rule
    group: str
    why: Text


Decision = Granted | Denied | MembersUnknown


def denial(decision: Denied | MembersUnknown) -> str:
    """The result that the audit log stores."""
    match decision:
        case Denied(rule):
            return f"denied: {rule.key}"
        case MembersUnknown(rule, group, why):
            return f"denied, could not ask: {group} in {rule.key}: {why!s}"


# The members of a user group, or a sentence about why they are unknown.
Members = frozenset[str] | Text


def groups_to_ask(user: str, rules: Sequence[Rule]) -> list[str]:
    """The user groups whose members must be read from Slack to decide; none if the rules decide without them."""
    open_rules = [rule for rule in rules if not _named(user, rule)]
    return list(dict.fromkeys(entry for rule in open_rules for entry in rule.allowed if _is_group(entry)))


def decide(user: str, rules: Sequence[Rule], groups: Mapping[str, Members]) -> Decision:
    """Whether a user satisfies every rule; if not, the decision of the first unsatisfied one.

    `groups` are the members of what `groups_to_ask` returned. A missing group counts as unknown, which never grants.
    """
    decisions = (_one(user, rule, groups) for rule in rules)
    return next((decision for decision in decisions if not isinstance(decision, Granted)), Granted())


def decide_any(user: str, rules: Sequence[Rule], groups: Mapping[str, Members]) -> Decision:
    """Whether a user satisfies at least one rule; if not, the decision of the first one."""
    decisions = [_one(user, rule, groups) for rule in rules]
    return next((decision for decision in decisions if isinstance(decision, Granted)), decisions[0])


def _one(user: str, rule: Rule, groups: Mapping[str, Members]) -> Decision:
    if _named(user, rule):
        return Granted()
    unknown: MembersUnknown | None = None
    for group in filter(_is_group, rule.allowed):
        members = groups.get(group, LocalizedText(texts.NOT_ASKED))
        if not isinstance(members, frozenset):
            unknown = unknown or MembersUnknown(rule, group, members)
        elif user in members:
            return Granted()
    return unknown or Denied(rule)


def _named(user: str, rule: Rule) -> bool:
    return EVERYBODY in rule.allowed or user in rule.allowed


def _is_group(entry: str) -> bool:
    return entry.startswith("S")
