"""Who may do what: each right, for the workspace and for an application, by id and by user group."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.access.permission import (
    Denied,
    Granted,
    MembersUnknown,
    Right,
    Roles,
    Rule,
    decide,
    decide_any,
    denial,
    groups_to_ask,
)

ANA = "U0ANA"
SILENT = "Slack does not answer."
MEMBERS = {"S0IN": frozenset({ANA}), "S0OUT": frozenset({"U0BO"}), "S0SILENT": SILENT}
# What a list says of Ana.
LISTS = {
    (): Denied,
    ("*",): Granted,
    (ANA,): Granted,
    ("U0BO",): Denied,
    ("S0IN",): Granted,
    ("S0OUT",): Denied,
    ("S0SILENT",): MembersUnknown,
    ("S0SILENT", "S0IN"): Granted,
    ("S0SILENT", "S0OUT"): MembersUnknown,
    ("S0SILENT", ANA): Granted,
    ("U0BO", "S0OUT", "*"): Granted,
    ("S0NEVERASKED",): MembersUnknown,
    (ANA.lower(),): Denied,
}


def roles(right, workspace, application=None):
    """One right as given, the other for nobody."""
    own = {} if application is None else {right: application}
    return Roles({each: workspace if each is right else () for each in Right}, {"shop": own, "api": {}})


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("workspace", LISTS)
def test_an_applications_own_rule_counts_before_the_workspaces(right, workspace):
    for application in (None, *LISTS):
        configured = roles(right, workspace, application)
        counts = workspace if application is None else application
        decision = decide(ANA, configured.rules(right, ["shop"]), MEMBERS)
        assert type(decision) is LISTS[counts], application
        if not isinstance(decision, Granted):
            section = "slack" if application is None else "applications.shop"
            assert decision.rule.key == f"{section}.{right.key}"
        for others in (["api"], [], ["no-such-application"]):
            assert type(decide(ANA, configured.rules(right, others), MEMBERS)) is LISTS[workspace]


@pytest.mark.parametrize("first", LISTS)
def test_several_applications_need_the_right_on_each(first):
    for second, alone in LISTS.items():
        own = {"shop": {Right.REVERT: first}, "api": {Right.REVERT: second}}
        configured = Roles({Right.REVERT: (), Right.SILENCE: ("*",)}, own)
        decision = decide(ANA, configured.rules(Right.REVERT, ["shop", "api"]), MEMBERS)
        assert isinstance(decision, Granted) is (LISTS[first] is Granted and alone is Granted), second
        anywhere = decide_any(ANA, configured.all_rules(Right.REVERT), MEMBERS)
        assert isinstance(anywhere, Granted) is (Granted in {LISTS[first], alone}), second


def test_one_right_gives_no_other():
    configured = roles(Right.SILENCE, ("*",), ("*",))
    assert isinstance(decide(ANA, configured.rules(Right.SILENCE, ["shop"]), {}), Granted)
    assert isinstance(decide(ANA, configured.rules(Right.REVERT, ["shop"]), {}), Denied)


def test_groups_are_asked_only_when_they_decide():
    named = Rule("a", (ANA, "S1"))
    assert groups_to_ask(ANA, [named]) == []
    assert groups_to_ask(ANA, [named, Rule("b", ("S1", "U2", "S2")), Rule("c", ("S2", "S3"))]) == ["S1", "S2", "S3"]
    assert groups_to_ask(ANA, [Rule("b", ("S1", "*"))]) == []


def test_every_group_of_the_configuration_is_known():
    configured = Roles({Right.REVERT: ("S1", "U1"), Right.SILENCE: ("*",)}, {"shop": {Right.SILENCE: ("S2", "S1")}})
    assert configured.groups() == {"S1", "S2"}


@pytest.mark.parametrize(
    ("decision", "written"),
    [
        (Denied(Rule("slack.revert_allowed", ())), "denied: slack.revert_allowed"),
        (
            MembersUnknown(Rule("slack.revert_allowed", ("S1",)), "S1", SILENT),
            "denied, could not ask: S1 in slack.revert_allowed: Slack does not answer.",
        ),
    ],
)
def test_a_denial_is_audited_with_its_rule(decision, written):
    assert denial(decision) == written


ENTRIES = st.sampled_from(["*", ANA, "U0BO", "S0IN", "S0OUT", "S0SILENT"])
ALLOWED = st.lists(ENTRIES, max_size=4).map(tuple)


@given(st.lists(ALLOWED, min_size=1, max_size=4), ENTRIES)
def test_naming_more_people_never_takes_a_right_away_and_silence_never_gives_one(lists, more):
    rules = [Rule(str(number), allowed) for number, allowed in enumerate(lists)]
    wider = [Rule(rule.key, (*rule.allowed, more)) for rule in rules]
    if isinstance(decide(ANA, rules, MEMBERS), Granted):
        assert isinstance(decide(ANA, wider, MEMBERS), Granted)
        assert all({"*", ANA, "S0IN"} & set(rule.allowed) for rule in rules)
    nobody_answers = dict.fromkeys(MEMBERS, SILENT)
    if isinstance(decide(ANA, rules, nobody_answers), Granted):
        assert all({"*", ANA} & set(rule.allowed) for rule in rules)
