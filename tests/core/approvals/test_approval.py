"""The verdict for each kind of evidence, and how it changes over time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.approvals.alert import assign_alerts, collect_alerts
from bot.core.approvals.apply_result import apply_result
from bot.core.approvals.approval import (
    UNAPPROVED,
    AllowedAutomation,
    ApprovalRecord,
    ApprovalResult,
    ApprovalRules,
    ApprovalStatus,
    ContentMatch,
    Evidence,
    arrival_id,
    evaluate,
    history_rewrite,
    is_merge_of,
)
from bot.core.approvals.schedule import is_settled
from bot.core.git.commit import Account, Approval, PullRequest, PullRequestCommit
from bot.i18n.catalogue import approval as texts
from bot.i18n.catalogue import repository
from bot.i18n.language import LocalizedText

T0 = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
GRACE = timedelta(minutes=2)
HEAD, EARLIER = "a" * 40, "b" * 40
PULL = PullRequest(
    7, "Raise a", "https://forge.example/7", "mia", "merged", "main", "topic", HEAD, "c" * 40, T0, merged_by="kit"
)
KIT, MIA, UPDATER = Account("kit"), Account("mia"), Account("updater[bot]")
MIA_IDS = ("{1}", "557058:Mia")
PULL_BY_ID = replace(PULL, author_ids=MIA_IDS)
IMAGES = AllowedAutomation("updater[bot]", ("apps/*/images.yaml", "charts/**/values.yaml"))


def approval(by="kit", sha=HEAD, minutes=-5, **account):
    return Approval(by, sha, T0 + timedelta(minutes=minutes), **account)


def evidence(
    *approvals,
    pull=PULL,
    same=ContentMatch.SAME,
    earlier=ContentMatch.DIFFERS,
    paths=("a.yaml",),
    pushed_by=None,
    commits=(),
    requester="",
    people=(),
):
    content = {HEAD: same, EARLIER: earlier} if pull else {}
    return Evidence(paths, pull, approvals, content, pushed_by, commits, requester, dict(people))


@pytest.mark.parametrize(
    ("given_evidence", "verdict", "approvers"),
    [
        (evidence(approval()), ApprovalStatus.APPROVED, ("kit",)),
        (evidence(approval(), approval("lou")), ApprovalStatus.APPROVED, ("kit", "lou")),
        (evidence(approval(), same=ContentMatch.UNKNOWN), ApprovalStatus.APPROVED, ("kit",)),
        (evidence(approval(sha=EARLIER), earlier=ContentMatch.SAME), ApprovalStatus.APPROVED, ("kit",)),
        (evidence(approval(), same=ContentMatch.DIFFERS), ApprovalStatus.TAMPERED, ()),
        (evidence(same=ContentMatch.DIFFERS), ApprovalStatus.TAMPERED, ()),
        (evidence(), ApprovalStatus.BYPASSED, ()),
        (evidence(approval("mia")), ApprovalStatus.SELF, ()),
        *(
            (evidence(approval(), commits=(PullRequestCommit(HEAD, **role),)), ApprovalStatus.SELF, ())
            for role in ({"author": KIT}, {"committer": KIT}, {"pushed_by": KIT}, {"possible_pushers": (KIT,)})
        ),
        (evidence(approval(), commits=(PullRequestCommit(HEAD, MIA),)), ApprovalStatus.APPROVED, ("kit",)),
        (evidence(approval(), requester="U1", people={"kit": "U1"}), ApprovalStatus.SELF, ()),
        (evidence(approval("KIT"), requester="U1", people={"kit": "U1"}), ApprovalStatus.SELF, ()),
        (evidence(approval("Mia")), ApprovalStatus.SELF, ()),
        (evidence(approval("mia2"), people={"mia": "U1", "mia2": "U1"}), ApprovalStatus.SELF, ()),
        # Where people choose their logins, an account is its IDs, and `people` should have them.
        (evidence(approval("mia", by_ids=("{7}",))), ApprovalStatus.APPROVED, ("mia",)),
        (evidence(approval("kit", by_ids=MIA_IDS), pull=PULL_BY_ID), ApprovalStatus.SELF, ()),
        (evidence(approval("mia", by_ids=("{7}",)), pull=PULL_BY_ID), ApprovalStatus.APPROVED, ("mia",)),
        (evidence(approval("any", by_ids=("{7}",)), requester="U1", people={"{7}": "U1"}), ApprovalStatus.SELF, ()),
        (evidence(approval("kit", by_ids=("{7}",)), requester="U1", people={"kit": "U1"}), ApprovalStatus.SELF, ()),
        (
            evidence(approval("m2", by_ids=("{7}",)), pull=PULL_BY_ID, people={"557058:mia": "U1", "m2": "U1"}),
            ApprovalStatus.SELF,
            (),
        ),
        (evidence(approval(can_write=False)), ApprovalStatus.INELIGIBLE, ()),
        (evidence(approval(is_bot=True)), ApprovalStatus.INELIGIBLE, ()),
        (evidence(approval("mia"), approval(is_bot=True)), ApprovalStatus.INELIGIBLE, ()),
        (evidence(approval("lou", is_bot=True), approval()), ApprovalStatus.APPROVED, ("kit",)),
        (evidence(approval("updater[bot]", is_bot=True)), ApprovalStatus.INELIGIBLE, ()),
        (
            evidence(approval("Updater[bot]", is_bot=True), paths=("apps/shop/images.yaml",)),
            ApprovalStatus.APPROVED,
            ("Updater[bot]",),
        ),
        (evidence(approval(), commits=None), ApprovalStatus.UNKNOWN, ("kit",)),
        (evidence(commits=None), ApprovalStatus.BYPASSED, ()),
        (evidence(approval(sha=EARLIER)), ApprovalStatus.STALE, ()),
        (evidence(approval(sha=EARLIER), earlier=ContentMatch.UNKNOWN), ApprovalStatus.STALE, ()),
        (evidence(approval("mia"), approval(sha=EARLIER)), ApprovalStatus.STALE, ()),
        (evidence(approval(retargeted=True)), ApprovalStatus.RETARGETED, ()),
        (evidence(approval(sha="", retargeted=True)), ApprovalStatus.RETARGETED, ()),
        (evidence(approval(retargeted=True), approval("lou", sha=EARLIER)), ApprovalStatus.RETARGETED, ()),
        (evidence(approval(retargeted=True), approval("lou")), ApprovalStatus.APPROVED, ("lou",)),
        (evidence(approval("mia", retargeted=True)), ApprovalStatus.SELF, ()),
        *(
            (evidence(approval(*by, minutes=3, **late)), ApprovalStatus.BYPASSED, ())
            for by, late in (((), {"is_bot": True}), ((), {"can_write": False}), (("mia",), {}), ((), {"sha": ""}))
        ),
        (evidence(approval("mia"), approval(minutes=3, is_bot=True)), ApprovalStatus.SELF, ()),
        (evidence(approval(sha="")), ApprovalStatus.UNKNOWN, ()),
        (evidence(approval(sha=""), pull=replace(PULL, head_sha="")), ApprovalStatus.UNKNOWN, ()),
        (evidence(pull=None), ApprovalStatus.DIRECT, ()),
        (evidence(pull=None, paths=("apps/shop/images.yaml",)), ApprovalStatus.DIRECT, ()),
        (
            evidence(pull=None, paths=("apps/shop/images.yaml",), pushed_by="updater[bot]"),
            ApprovalStatus.AUTOMATION,
            (),
        ),
        (
            evidence(pull=None, paths=("charts/a/b/values.yaml",), pushed_by="updater[bot]"),
            ApprovalStatus.AUTOMATION,
            (),
        ),
        (evidence(pull=None, paths=("apps/a/b/images.yaml",), pushed_by="updater[bot]"), ApprovalStatus.DIRECT, ()),
        (evidence(pull=None, paths=("apps/a/images.yaml", "a"), pushed_by="updater[bot]"), ApprovalStatus.DIRECT, ()),
        (evidence(pull=None, paths=("apps/shop/images.yaml",), pushed_by="mia"), ApprovalStatus.DIRECT, ()),
        (evidence(pull=None, paths=(), pushed_by="updater[bot]"), ApprovalStatus.DIRECT, ()),
    ],
)
def test_every_verdict(given_evidence, verdict, approvers):
    result = evaluate(given_evidence, ApprovalRules(automation=(IMAGES,)))
    assert (result.verdict, result.approvers) == (verdict, approvers)


OWN_COMMIT = PullRequestCommit(HEAD, UPDATER, Account("web-flow"), pushed_by=UPDATER)
FORGED_COMMIT = PullRequestCommit(EARLIER, UPDATER, UPDATER, pushed_by=MIA)


@pytest.mark.parametrize(
    ("given_evidence", "verdict"),
    [
        ({}, ApprovalStatus.AUTOMATION),
        ({"same": ContentMatch.UNKNOWN}, ApprovalStatus.AUTOMATION),
        ({"same": ContentMatch.DIFFERS}, ApprovalStatus.TAMPERED),
        ({"same": ContentMatch.TOO_LARGE}, ApprovalStatus.FAILED),
        ({"paths": ("a.yaml",)}, ApprovalStatus.BYPASSED),
        ({"commits": (OWN_COMMIT, FORGED_COMMIT)}, ApprovalStatus.BYPASSED),
        ({"commits": (replace(OWN_COMMIT, pushed_by=None),)}, ApprovalStatus.BYPASSED),
        ({"commits": (replace(OWN_COMMIT, pushed_by=Account("updater[bot]", ("{7}",))),)}, ApprovalStatus.BYPASSED),
        ({"commits": ()}, ApprovalStatus.BYPASSED),
        ({"commits": None}, ApprovalStatus.BYPASSED),
    ],
)
def test_automation_needs_no_approval_for_what_only_it_pushed(given_evidence, verdict):
    own = {"pull": replace(PULL, author="updater[bot]"), "paths": ("apps/a/images.yaml",), "commits": (OWN_COMMIT,)}
    assert evaluate(evidence(**own | given_evidence), ApprovalRules(1, (IMAGES,))).verdict is verdict


def test_fewer_approvals_than_required():
    result = evaluate(evidence(approval()), ApprovalRules(required_approvals=2))
    assert (result.verdict, result.approvers) == (ApprovalStatus.TOO_FEW, ("kit",))


def test_an_approval_after_the_merge_does_not_count_but_is_recorded():
    result = evaluate(evidence(approval(minutes=3)), ApprovalRules())
    assert (result.verdict, result.approvers, result.later) == (ApprovalStatus.BYPASSED, (), ("kit",))


@pytest.mark.parametrize("same", [ContentMatch.DIFFERS, ContentMatch.TOO_LARGE])
def test_a_late_approval_of_different_content_is_not_recorded(same):
    assert evaluate(evidence(approval(minutes=3), same=same), ApprovalRules()).later == ()


@given(
    st.lists(st.builds(approval, st.sampled_from(("mia", "kit", "lou")), st.sampled_from((HEAD, EARLIER, "")))),
    st.sampled_from(ContentMatch),
    st.sampled_from(ContentMatch),
    st.integers(1, 3),
)
def test_only_enough_approvals_of_the_merged_content_by_others_approve(approvals, same, earlier, required):
    result = evaluate(evidence(*approvals, same=same, earlier=earlier), ApprovalRules(required))
    approved_by = {
        review.by
        for review in approvals
        if review.sha == HEAD or (review.sha == EARLIER and earlier is ContentMatch.SAME)
    }
    is_enough = same is not ContentMatch.DIFFERS and len(approved_by - {"mia"}) >= required
    expected = ApprovalStatus.FAILED if same is ContentMatch.TOO_LARGE else ApprovalStatus.APPROVED
    assert (result.verdict in {ApprovalStatus.APPROVED, ApprovalStatus.FAILED}) == is_enough
    assert not is_enough or result.verdict is expected


# ---------------------------------------------------------------- over time


RECORD = ApprovalRecord("p@1", "p", "main", "1" * 40, "0" * 40, "Raise a", "Mia", T0, "1" * 40, 0, T0)
DIRECT = ApprovalResult(ApprovalStatus.DIRECT)


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(0, ApprovalStatus.UNKNOWN), (119, ApprovalStatus.UNKNOWN), (120, ApprovalStatus.DIRECT)]
)
def test_a_commit_is_unapproved_only_after_the_grace_period(seconds, verdict):
    after = apply_result(RECORD, DIRECT, None, T0 + timedelta(seconds=seconds), grace=GRACE)
    assert after.verdict is verdict
    assert (after.flagged_at is not None) == (verdict in UNAPPROVED)
    assert after.look_at > T0 + timedelta(seconds=seconds)


def test_a_commit_is_approved_at_once():
    after = apply_result(RECORD, ApprovalResult(ApprovalStatus.APPROVED, ("kit",)), PULL, T0, grace=GRACE)
    assert (after.verdict, after.approvers) == (ApprovalStatus.APPROVED, ("kit",))
    assert is_settled(after, T0)


def unapproved(result=DIRECT, pull=None):
    (record,) = assign_alerts([apply_result(RECORD, result, pull, T0 + GRACE, grace=GRACE)])
    return record


def test_a_late_approval_is_recorded_and_does_not_change_the_verdict():
    record = unapproved(ApprovalResult(ApprovalStatus.BYPASSED), PULL)
    after = apply_result(
        record, ApprovalResult(ApprovalStatus.BYPASSED, later=("kit",)), PULL, T0 + timedelta(hours=1), grace=GRACE
    )
    assert (after.verdict, after.later, after.approved_later) == (ApprovalStatus.BYPASSED, ("kit",), True)
    assert collect_alerts([after])[0].approved_later_by == ("kit",)


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        (("merged without approval",), ("no eligible approver",), ("merged without approval", ())),
        (("merged without approval",), ("self-approved",), ("merged without approval", ())),
        (("merged without approval",), ("merged without approval",), ("merged without approval", ())),
        (("too few approvals", ("bea",)), ("merged without approval",), ("too few approvals", ("bea",))),
        (("too few approvals", ("bea",)), ("too few approvals", ("cem",)), ("too few approvals", ("bea",))),
        (("merged without approval",), ("content differs",), ("content differs", ())),
        (("merged without approval",), ("allowed automation",), ("allowed automation", ())),
    ],
)
def test_what_happens_after_a_report_does_not_change_the_verdict(first, then, expected):
    """Unless it shows that the content differs, or that automation made the change, or it's about another one."""
    first, then = (ApprovalResult(ApprovalStatus(verdict), *approvers) for verdict, *approvers in (first, then))
    record, now = unapproved(first, PULL), T0 + timedelta(hours=1)
    after = apply_result(record, then, PULL, now, grace=GRACE)
    assert (after.verdict.value, after.approvers) == expected
    other = apply_result(record, then, replace(PULL, number=PULL.number + 1), now, grace=GRACE)
    assert (other.verdict, other.approvers) == (then.verdict, then.approvers)


def test_an_approval_without_a_time_counts_as_late_once_reported():
    record = unapproved(ApprovalResult(ApprovalStatus.BYPASSED), PULL)
    after = apply_result(
        record, ApprovalResult(ApprovalStatus.APPROVED, ("kit",)), PULL, T0 + timedelta(hours=1), grace=GRACE
    )
    assert (after.verdict, after.later, after.approvers) == (ApprovalStatus.BYPASSED, ("kit",), ())


def test_a_forge_that_lags_longer_than_the_grace_period_is_still_believed():
    after = apply_result(
        unapproved(), ApprovalResult(ApprovalStatus.APPROVED, ("kit",)), PULL, T0 + timedelta(hours=1), grace=GRACE
    )
    assert (after.verdict, after.approved_later) == (ApprovalStatus.APPROVED, True)
    assert collect_alerts([after])[0].approved_later_by == ("kit",)


def test_an_alert_is_watched_for_a_week():
    reported_at = unapproved().flagged_at
    assert not is_settled(unapproved(), reported_at + timedelta(days=6))
    assert is_settled(unapproved(), reported_at + timedelta(days=7))


@pytest.mark.parametrize(
    ("changes", "settled"),
    [
        ({"verdict": ApprovalStatus.FAILED, "why": "timed out", "flagged_at": T0, "asked_at": T0}, True),
        ({"verdict": ApprovalStatus.FAILED, "why": "timed out", "flagged_at": T0 + timedelta(days=1)}, False),
        ({"why": LocalizedText(texts.WHICH_HEAD), "asked_at": T0}, True),
        ({"why": "timed out", "asked_at": T0}, False),
        ({"asked_at": T0}, False),
    ],
    ids=["failed", "failed-later", "unclear-head", "no-answer", "not-judged"],
)
def test_only_a_reviewed_commit_is_settled_after_a_week(changes, settled):
    assert is_settled(replace(RECORD, **changes), T0 + timedelta(days=7)) is settled


def test_an_unknown_result_does_not_withdraw_an_alert():
    after = apply_result(
        unapproved(), ApprovalResult(ApprovalStatus.UNKNOWN), PULL, T0 + timedelta(hours=1), grace=GRACE
    )
    assert after.verdict is ApprovalStatus.DIRECT


TOO_LARGE = LocalizedText(texts.TOO_LARGE_TO_VERIFY)


@pytest.mark.parametrize(
    ("record", "result", "expected"),
    [
        ({"verdict": ApprovalStatus.TAMPERED}, {"too_large": True}, (ApprovalStatus.TAMPERED, TOO_LARGE, False)),
        (
            {"verdict": ApprovalStatus.TAMPERED},
            {"verdict": ApprovalStatus.APPROVED, "approvers": ("kit",)},
            (ApprovalStatus.TAMPERED, None, False),
        ),
        (
            {"verdict": ApprovalStatus.TAMPERED},
            {"verdict": ApprovalStatus.BYPASSED},
            (ApprovalStatus.TAMPERED, None, False),
        ),
        (
            {"verdict": ApprovalStatus.BYPASSED, "later": ("kit",)},
            {"verdict": ApprovalStatus.BYPASSED, "too_large": True},
            (ApprovalStatus.BYPASSED, TOO_LARGE, True),
        ),
        ({"verdict": ApprovalStatus.DIRECT}, {"too_large": True}, (ApprovalStatus.FAILED, None, False)),
        ({"why": TOO_LARGE}, {"verdict": ApprovalStatus.APPROVED}, (ApprovalStatus.FAILED, TOO_LARGE, False)),
        ({"why": TOO_LARGE}, {"verdict": ApprovalStatus.AUTOMATION}, (ApprovalStatus.FAILED, TOO_LARGE, False)),
        (
            {"why": TOO_LARGE},
            {"verdict": ApprovalStatus.BYPASSED, "later": ("kit",)},
            (ApprovalStatus.FAILED, TOO_LARGE, False),
        ),
        (
            {"why": TOO_LARGE},
            {"verdict": ApprovalStatus.APPROVED, "verified": True},
            (ApprovalStatus.APPROVED, None, True),
        ),
        ({"why": TOO_LARGE}, {"verdict": ApprovalStatus.TAMPERED}, (ApprovalStatus.TAMPERED, None, False)),
        ({"why": "timed out"}, {"verdict": ApprovalStatus.APPROVED}, (ApprovalStatus.APPROVED, None, True)),
    ],
)
def test_only_known_content_replaces_what_was_reported(record, result, expected):
    before = replace(RECORD, **{"verdict": ApprovalStatus.FAILED, "flagged_at": T0 + GRACE, "pull": PULL} | record)
    evaluated = ApprovalResult(**{"verdict": ApprovalStatus.FAILED} | result)
    after = apply_result(before, evaluated, PULL, T0 + timedelta(hours=1), grace=GRACE)
    assert (after.verdict, after.why, after.approved_later) == expected
    assert after.look_at > T0 + timedelta(hours=1)


# ---------------------------------------------------------------- alerts


def test_each_push_and_each_pull_request_is_one_alert():
    other = replace(PULL, number=8)
    kinds = [
        (DIRECT, None),
        (DIRECT, None),
        (ApprovalResult(ApprovalStatus.BYPASSED), PULL),
        (ApprovalResult(ApprovalStatus.BYPASSED), other),
    ]
    kinds += [(ApprovalResult(ApprovalStatus.APPROVED, ("kit",)), PULL), (DIRECT, None)]
    records = [replace(RECORD, id=f"p@{n}", sha=f"{n}" * 40, order=n) for n in range(len(kinds))]
    evaluated = [
        apply_result(record, result, pull, T0 + GRACE, grace=GRACE)
        for record, (result, pull) in zip(records, kinds, strict=True)
    ]
    assigned = assign_alerts(evaluated)
    assert [[record.order for record in alert.commits] for alert in collect_alerts(assigned)] == [[0, 1], [2], [3], [5]]
    assert assign_alerts(assigned) == assigned


def test_commits_that_cannot_be_reviewed_share_an_alert_for_each_reason():
    why = [*(LocalizedText(repository.SLOW, url=f"https://{n}.example") for n in range(4)), "It sent too much."]
    failed = [
        replace(RECORD, id=f"p@{n}", sha=f"{n}", parent=f"{n - 1}", order=n, verdict=ApprovalStatus.FAILED, why=reason)
        for n, reason in enumerate(why)
    ]
    assigned = assign_alerts(failed)
    assert [[record.order for record in alert.commits] for alert in collect_alerts(assigned)] == [[0, 1, 2, 3], [4]]
    reviewed = replace(assigned[1], verdict=ApprovalStatus.APPROVED)
    (alert, _) = collect_alerts([assigned[0], reviewed, *assigned[2:]])
    assert alert.ranges == (("-1", "0"), ("1", "3"))


def test_commits_judged_later_have_their_own_alert():
    """If they joined the alert of their push, the bot would only edit its card."""
    pushed = [replace(RECORD, id=f"p@{n}", sha=f"{n}" * 40, order=n) for n in range(4)]
    judged = [apply_result(record, DIRECT, None, T0 + GRACE, grace=GRACE) for record in pushed]
    first = assign_alerts([*pushed[:2], *judged[2:]])
    (alert,) = collect_alerts(first)
    assert [record.order for record in alert.commits] == [2, 3]
    later = collect_alerts(assign_alerts([*judged[:2], *first[2:]]))
    assert [[record.order for record in alert.commits] for alert in later] == [[0, 1], [2, 3]]
    assert later[1] == alert


@pytest.mark.parametrize(
    ("resolved", "alerts"),
    [
        ([("content differs", 7), ("merged without approval", 8)], [["0"], ["1"]]),
        ([("merged without approval", 7), ("merged without approval", 7)], [["0", "1"]]),
        ([("direct push", None), ("merged without approval", 7), ("direct push", None)], [["0", "2"], ["1"]]),
        ([("direct push", None), ("approved", 7)], [["0", "1"]]),
        ([("approved", 7), ("approved", 8)], [["0", "1"]]),
        ([("review failed", None), ("review failed", 7)], [["0", "1"]]),
        ([("review failed", None), ("review failed", None), ("content differs", 7)], [["0", "1"], ["2"]]),
    ],
)
def test_commits_whose_verdicts_diverge_have_alerts_of_their_own(resolved, alerts):
    """Each card states one verdict; one that is no longer about any commit would say nothing."""
    failed = [
        replace(RECORD, id=f"p@{n}", sha=f"{n}", parent=f"{n - 1}", order=n, verdict=ApprovalStatus.FAILED, why="Slow.")
        for n in range(len(resolved))
    ]
    reviewed = [
        replace(record, verdict=ApprovalStatus(verdict), pull=number and replace(PULL, number=number))
        for record, (verdict, number) in zip(assign_alerts(failed), resolved, strict=True)
    ]
    later = assign_alerts(reviewed)
    assert sorted([record.sha for record in alert.reported] for alert in collect_alerts(later)) == alerts
    assert assign_alerts(later) == later


def test_each_arrival_of_a_commit_has_its_own_id_and_alert():
    stored = ["p@1", "p@1:2"]
    assert [arrival_id(record_id, stored) for record_id in ("p@1", "p@2")] == ["p@1:3", "p@2"]
    arrivals = [replace(unapproved(), id=id_, alert=None) for id_ in stored]
    assert [assign_alerts([record])[0].alert for record in arrivals] == ["p?1", "p?1:2"]
    rewrites = [history_rewrite(RECORD, stored) for stored in ([], [f"p!{RECORD.sha}"])]
    assert [assign_alerts([rewrite])[0].alert for rewrite in rewrites] == [f"p!{RECORD.sha}", f"p!{RECORD.sha}:2"]


@pytest.mark.parametrize(
    ("state", "merged_after", "rewritten_after", "expected"),
    [
        ("merged", timedelta(days=-1), None, True),
        ("merged", timedelta(minutes=1), None, True),  # the clocks differ
        ("merged", timedelta(hours=1), None, False),
        ("merged", timedelta(minutes=1), timedelta(seconds=30), False),
        ("open", timedelta(days=-1), None, False),
    ],
)
def test_a_pull_request_that_is_merged_later_did_not_bring_the_commit(state, merged_after, rewritten_after, expected):
    pull = replace(PULL, state=state, merged_at=T0 + merged_after)
    assert is_merge_of(pull, RECORD, rewritten_after and T0 + rewritten_after) is expected


def test_a_commit_approved_before_it_is_reported_gets_no_alert():
    (record,) = assign_alerts(
        [apply_result(RECORD, ApprovalResult(ApprovalStatus.BYPASSED, later=("kit",)), PULL, T0 + GRACE, grace=GRACE)]
    )
    assert record.alert is None
    assert is_settled(record, T0 + GRACE)
