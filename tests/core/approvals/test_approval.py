"""Every verdict by its evidence, and what time makes of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.approvals.approval import (
    UNAPPROVED,
    AllowedAutomation,
    ApprovalRecord,
    ApprovalResult,
    ApprovalRules,
    ApprovalStatus,
    ContentMatch,
    Evidence,
    apply_result,
    assign_alerts,
    collect_alerts,
    evaluate,
    is_settled,
)
from bot.core.git.commit import Approval, PullRequest

T0 = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
GRACE = timedelta(minutes=2)
HEAD, EARLIER = "a" * 40, "b" * 40
PULL = PullRequest(
    7, "Raise a", "https://forge.example/7", "mia", "merged", "main", "topic", HEAD, "c" * 40, T0, merged_by="kit"
)
IMAGES = AllowedAutomation("updater[bot]", ("apps/*/images.yaml", "charts/**/values.yaml"))


def approval(by="kit", sha=HEAD, minutes=-5):
    return Approval(by, sha, T0 + timedelta(minutes=minutes))


def evidence(
    *approvals, pull=PULL, same=ContentMatch.SAME, earlier=ContentMatch.DIFFERS, paths=("a.yaml",), pushed_by=None
):
    return Evidence(paths, pull, approvals, {HEAD: same, EARLIER: earlier} if pull else {}, pushed_by)


@pytest.mark.parametrize(
    ("told", "verdict", "approvers"),
    [
        (evidence(approval()), ApprovalStatus.APPROVED, ("kit",)),
        (evidence(approval(), approval("lou")), ApprovalStatus.APPROVED, ("kit", "lou")),
        (evidence(approval(), same=ContentMatch.UNKNOWN), ApprovalStatus.APPROVED, ("kit",)),
        (evidence(approval(sha=EARLIER), earlier=ContentMatch.SAME), ApprovalStatus.APPROVED, ("kit",)),
        (evidence(approval(), same=ContentMatch.DIFFERS), ApprovalStatus.TAMPERED, ()),
        (evidence(same=ContentMatch.DIFFERS), ApprovalStatus.TAMPERED, ()),
        (evidence(), ApprovalStatus.BYPASSED, ()),
        (evidence(approval("mia")), ApprovalStatus.SELF, ()),
        (evidence(approval(sha=EARLIER)), ApprovalStatus.STALE, ()),
        (evidence(approval(sha=EARLIER), earlier=ContentMatch.UNKNOWN), ApprovalStatus.STALE, ()),
        (evidence(approval("mia"), approval(sha=EARLIER)), ApprovalStatus.STALE, ()),
        (evidence(approval(sha="")), ApprovalStatus.UNKNOWN, ()),
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
def test_every_verdict(told, verdict, approvers):
    found = evaluate(told, ApprovalRules(automation=(IMAGES,)))
    assert (found.verdict, found.approvers) == (verdict, approvers)


def test_automation_s_own_pull_request_needs_no_approval_within_its_paths():
    own = replace(PULL, author="updater[bot]")
    assert (
        evaluate(evidence(pull=own, paths=("apps/a/images.yaml",)), ApprovalRules(1, (IMAGES,))).verdict
        is ApprovalStatus.AUTOMATION
    )
    assert evaluate(evidence(pull=own), ApprovalRules(1, (IMAGES,))).verdict is ApprovalStatus.BYPASSED


def test_fewer_than_are_required():
    found = evaluate(evidence(approval()), ApprovalRules(required_approvals=2))
    assert (found.verdict, found.approvers) == (ApprovalStatus.TOO_FEW, ("kit",))


def test_an_approval_after_the_merge_is_none_when_it_counts_and_is_remembered():
    found = evaluate(evidence(approval(minutes=3)), ApprovalRules())
    assert (found.verdict, found.approvers, found.later) == (ApprovalStatus.BYPASSED, (), ("kit",))


def test_whoever_approves_a_tampered_pull_request_later_has_not_seen_what_landed():
    assert evaluate(evidence(approval(minutes=3), same=ContentMatch.DIFFERS), ApprovalRules()).later == ()


@given(
    st.lists(st.builds(approval, st.sampled_from(("mia", "kit", "lou")), st.sampled_from((HEAD, EARLIER, "")))),
    st.sampled_from(ContentMatch),
    st.sampled_from(ContentMatch),
    st.integers(1, 3),
)
def test_nothing_is_approved_but_by_so_many_others_who_saw_what_landed(given_, same, earlier, required):
    found = evaluate(evidence(*given_, same=same, earlier=earlier), ApprovalRules(required))
    saw = {each.by for each in given_ if each.sha == HEAD or (each.sha == EARLIER and earlier is ContentMatch.SAME)}
    assert (found.verdict is ApprovalStatus.APPROVED) == (
        same is not ContentMatch.DIFFERS and len(saw - {"mia"}) >= required
    )


# ---------------------------------------------------------------- over time


NOTED = ApprovalRecord("p@1", "p", "main", "1" * 40, "0" * 40, "Raise a", "Mia", T0, "1" * 40, 0, T0)
DIRECT = ApprovalResult(ApprovalStatus.DIRECT)


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(0, ApprovalStatus.UNKNOWN), (119, ApprovalStatus.UNKNOWN), (120, ApprovalStatus.DIRECT)]
)
def test_what_is_not_approved_waits_for_the_forge(seconds, verdict):
    after = apply_result(NOTED, DIRECT, None, T0 + timedelta(seconds=seconds), grace=GRACE)
    assert after.verdict is verdict
    assert (after.flagged_at is not None) == (verdict in UNAPPROVED)
    assert after.look_at > T0 + timedelta(seconds=seconds)


def test_what_is_approved_waits_for_nothing():
    after = apply_result(NOTED, ApprovalResult(ApprovalStatus.APPROVED, ("kit",)), PULL, T0, grace=GRACE)
    assert (after.verdict, after.approvers) == (ApprovalStatus.APPROVED, ("kit",))
    assert is_settled(after, T0)


def flagged(finding=DIRECT, pull=None):
    (told,) = assign_alerts([apply_result(NOTED, finding, pull, T0 + GRACE, grace=GRACE)])
    return told


def test_a_later_approval_is_seen_and_does_not_change_what_it_was():
    told = flagged(ApprovalResult(ApprovalStatus.BYPASSED), PULL)
    after = apply_result(
        told, ApprovalResult(ApprovalStatus.BYPASSED, later=("kit",)), PULL, T0 + timedelta(hours=1), grace=GRACE
    )
    assert (after.verdict, after.later, after.approved_later) == (ApprovalStatus.BYPASSED, ("kit",), True)
    assert collect_alerts([after])[0].approved_later_by == ("kit",)


def test_an_approval_without_a_time_that_comes_after_the_alert_is_a_later_one():
    told = flagged(ApprovalResult(ApprovalStatus.BYPASSED), PULL)
    after = apply_result(
        told, ApprovalResult(ApprovalStatus.APPROVED, ("kit",)), PULL, T0 + timedelta(hours=1), grace=GRACE
    )
    assert (after.verdict, after.later, after.approvers) == (ApprovalStatus.BYPASSED, ("kit",), ())


def test_a_forge_that_lags_for_longer_than_the_grace_is_believed_in_the_end():
    after = apply_result(
        flagged(), ApprovalResult(ApprovalStatus.APPROVED, ("kit",)), PULL, T0 + timedelta(hours=1), grace=GRACE
    )
    assert (after.verdict, after.approved_later) == (ApprovalStatus.APPROVED, True)
    assert collect_alerts([after])[0].approved_later_by == ("kit",)


def test_an_alert_is_watched_for_a_week():
    assert not is_settled(flagged(), T0 + timedelta(days=6))
    assert is_settled(flagged(), T0 + timedelta(days=7))


def test_what_does_not_tell_any_more_which_head_was_approved_takes_nothing_back():
    after = apply_result(flagged(), ApprovalResult(ApprovalStatus.UNKNOWN), PULL, T0 + timedelta(hours=1), grace=GRACE)
    assert after.verdict is ApprovalStatus.DIRECT


# ---------------------------------------------------------------- alerts


def test_one_push_is_one_alert_and_each_pull_request_another():
    other = replace(PULL, number=8)
    kinds = [
        (DIRECT, None),
        (DIRECT, None),
        (ApprovalResult(ApprovalStatus.BYPASSED), PULL),
        (ApprovalResult(ApprovalStatus.BYPASSED), other),
    ]
    kinds += [(ApprovalResult(ApprovalStatus.APPROVED, ("kit",)), PULL), (DIRECT, None)]
    noted = [replace(NOTED, id=f"p@{n}", sha=f"{n}" * 40, order=n) for n in range(len(kinds))]
    judged = [
        apply_result(each, finding, pull, T0 + GRACE, grace=GRACE)
        for each, (finding, pull) in zip(noted, kinds, strict=True)
    ]
    told = assign_alerts(judged)
    assert [[each.order for each in alert.commits] for alert in collect_alerts(told)] == [[0, 1], [2], [3], [5]]
    assert assign_alerts(told) == told


def test_what_somebody_has_seen_before_it_would_be_told_is_not_told():
    (told,) = assign_alerts(
        [apply_result(NOTED, ApprovalResult(ApprovalStatus.BYPASSED, later=("kit",)), PULL, T0 + GRACE, grace=GRACE)]
    )
    assert told.alert is None
    assert is_settled(told, T0 + GRACE)
