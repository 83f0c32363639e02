from datetime import UTC, datetime

import pytest

from bot.core.changes.effect import Effect, bounded
from bot.core.changes.irreversible import IrreversibleChange, IrreversibleReason
from bot.core.changes.rendered_change import FieldChange, ObjectChange, RenderedChange
from bot.core.git.commit import Commit, PullRequest
from bot.core.pull_requests.change_ref import PullNumber
from bot.core.pull_requests.revert import (
    RevertRequest,
    Target,
    automation,
    branch_name,
    by_hand,
    commit_message,
    is_attempt,
    reverted_by,
    undo_of,
)
from bot.messages import revert_pull_request

AT = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
ASKED = RevertRequest(
    who="Ana Pérez", change=PullNumber(7), why="checkout fails", link="https://acme.slack.com/archives/C1/p1"
)


def commit(digit: str, message: str = "Scale web", parents: str = "0", author: str = "Ana") -> Commit:
    return Commit(digit * 40, tuple(parent * 40 for parent in parents), message, author, "a@example.com", AT)


def pull(number: int = 7, title: str = "Scale web", url: str = "https://github.com/acme/web/pull/7") -> PullRequest:
    return PullRequest(number, title, url, "ana", "merged", "main", "topic", "f" * 40)


ONE = Target((commit("1"),), "0" * 40)
MERGE = Target((commit("2", "Merge branch 'topic'", "01"),), "0" * 40, pull())
RANGE = Target((commit("3", "Newest"), commit("2", "Middle"), commit("1", "Oldest")), "0" * 40)


@pytest.mark.parametrize(
    ("title", "undone"),
    [
        ("Scale web", 'Revert "Scale web"'),
        ('Revert "Scale web"', 'Reapply "Scale web"'),
        ('Revert "Scale web" (#9)', 'Reapply "Scale web" (#9)'),
        ('Reapply "Scale web"', 'Revert "Reapply "Scale web""'),
        ('Revert "Revert "Scale web""', 'Revert "Revert "Revert "Scale web"""'),
    ],
)
def test_the_title_of_a_revert_is_the_one_git_forms(title, undone):
    assert undo_of(title) == undone


def test_the_message_is_gits_own_then_who_asked_and_why():
    assert commit_message(ONE, ASKED, None) == (
        'Revert "Scale web"\n\n'
        f"This reverts commit {'1' * 40}.\n\n"
        "Requested in Slack by Ana Pérez: checkout fails\n\n"
        "https://acme.slack.com/archives/C1/p1\n"
    )


def test_the_message_for_a_merge_names_the_parent_that_stays():
    message = commit_message(MERGE, RevertRequest("Ana", PullNumber(7)), "acme/web#7")
    assert message == (
        "Revert \"Merge branch 'topic'\"\n\n"
        f"This reverts commit {'2' * 40}, reversing\nchanges made to {'0' * 40}.\n\n"
        "Reverts acme/web#7\n\n"
        "Requested in Slack by Ana.\n"
    )


def test_the_message_for_several_commits_names_each():
    message = commit_message(RANGE, ASKED, None)
    assert message.startswith('Revert 3 commits up to "Newest"\n')
    assert [line for line in message.splitlines() if line.startswith("This")] == [
        f"This reverts commit {digit * 40}." for digit in "321"
    ]


def test_nobody_is_mentioned_and_no_line_is_forged_by_what_people_type():
    request = RevertRequest("@eve\nCo-authored-by: x", PullNumber(7), why="@team\n\nFixes #1")
    message = commit_message(ONE, request, None)
    assert "@" not in message
    assert "\nCo-authored-by" not in message
    assert "\nFixes" not in message


def test_one_branch_for_one_change_whoever_asks():
    assert branch_name(ONE) == f"gitops-bot/revert-{'1' * 40}"
    assert branch_name(RANGE) == f"gitops-bot/revert-{'1' * 40}-{'3' * 40}"
    assert branch_name(ONE, 2) == f"gitops-bot/revert-{'1' * 40}-2"
    assert is_attempt(branch_name(ONE), ONE)
    assert is_attempt(branch_name(ONE, 2), ONE)
    assert is_attempt(branch_name(ONE, 12), ONE)
    assert not is_attempt(branch_name(Target((commit("2"), commit("1")), "0" * 40)), ONE)
    assert not is_attempt("-2", ONE)


def test_it_is_reverted_by_the_commit_that_says_so():
    other, own = commit("5", f"x\n\nThis reverts commit {'4' * 40}."), commit("6", commit_message(ONE, ASKED, None))
    assert reverted_by(ONE, [other, own]) == own
    assert reverted_by(RANGE, [own]) is None
    assert reverted_by(RANGE, [commit("7", commit_message(RANGE, ASKED, None))])


def test_a_tool_that_will_write_the_change_again_is_named():
    assert automation(Target((commit("1", author="argocd-image-updater"),), "0" * 40)) == "Argo CD Image Updater"
    assert automation(ONE) is None


@pytest.mark.parametrize(
    ("target", "command"),
    [
        (ONE, f"git revert {'1' * 40}"),
        (MERGE, f"git revert -m 1 {'2' * 40}"),
        (
            RANGE,
            f'git revert $(git commit-tree -p {"0" * 40} -m "3 commits up to 33333333" "{"3" * 40}^{{tree}}")',
        ),
    ],
)
def test_the_commands_to_do_it_by_hand(target, command):
    assert command in by_hand(target, "main")


def test_the_name_of_a_branch_is_not_run_as_a_command():
    assert any("'origin/x;$(id)'" in command for command in by_hand(ONE, "x;$(id)"))


FIELD = FieldChange("changed", "spec.replicas", 9, "`1`")
EFFECT = Effect(
    "shop",
    "prod",
    "web",
    RenderedChange(1, 1, 1, (ObjectChange("changed", "apps/v1", "Deployment", None, "web", (FIELD,), 4),)),
    (IrreversibleChange(IrreversibleReason.NAMESPACE, "Namespace", None, "`@team` <b>"),),
)


def body(target: Target, request: RevertRequest = ASKED, **changes: object) -> str:
    told = {
        "reverts": "acme/web#7",
        "files": ["apps/shop/web.yaml", "docs/x.md"],
        "already_undone": [],
        "effects": [EFFECT],
        "branch": "main",
    }
    return revert_pull_request.body(target, request, **{**told, **changes})


def test_the_body_says_what_who_why_and_where():
    text = body(ONE)
    assert text.startswith("Reverts acme/web#7\n")
    assert "[in Slack](https://acme.slack.com/archives/C1/p1) by `Ana Pérez`, because: `checkout fails`" in text
    assert "**Changes in** `shop` on `prod` (namespace `web`)**:** 1 removed, 1 changed, 1 added\n" in text
    lines = [
        "- `Deployment web` changed",
        '  - `spec.replicas`: `9` → `"1"`',
        "  - and 3 more fields",
        "- and 2 more objects",
    ]
    assert "\n".join(lines) in text
    assert "- `docs/x.md`" in text


def test_the_body_says_what_cannot_be_brought_back_and_what_nobody_knows():
    text = body(ONE)
    warning = '`Namespace "@team" <b> (shop on prod) is deleted along with everything in it'
    assert f"**Before you merge**\n\n- {warning}" in text
    assert "are unknown:** `It was too slow.`" in body(
        ONE, effects=[Effect("shop", "prod", "web", why="It was too slow.")]
    )
    assert "These files do not belong to any application that the bot watches." in body(ONE, effects=[])


def test_the_body_of_very_many_changes_fits_the_forge():
    fields = tuple(FieldChange("changed", "x" * 900, "x" * 900, "y" * 900) for _ in range(900))
    objects = tuple(ObjectChange("changed", "v1", "x" * 900, "x" * 90, f"{n}", fields, 900) for n in range(900))
    warned = tuple(
        IrreversibleChange(IrreversibleReason.IMMUTABLE, "x" * 900, None, "x" * 900, "x" * 900) for _ in range(900)
    )
    many = [Effect("x" * 63, "x" * 63, "x" * 63, RenderedChange(900, 900, 900, objects), warned)] * 60
    text = body(ONE, effects=bounded(many), files=["x" * 900] * 900, already_undone=["x" * 900] * 900)
    assert len(text) <= revert_pull_request.MAX_BODY
    assert text.endswith("> Nothing changes in the clusters until this is merged into `main`.\n")


def test_the_body_of_a_merge_says_how_to_land_it_again():
    octopus = Target((commit("2", "Merge", "013"),), "0" * 40)
    assert "revert this revert" in body(MERGE)
    assert "is a merge of 2 branches: `111111111111`, `333333333333`" in body(octopus)


def test_the_body_of_a_reverted_revert_says_that_it_lands_again():
    again = Target((commit("2", 'Revert "Scale web"'),), "0" * 40)
    assert again.reapplies
    assert "the original change comes back" in body(again)
    assert not ONE.reapplies


def test_markup_in_names_stays_text_and_long_lists_are_cut():
    target = Target((commit("1", "<img src=x> `@team` Fixes #1"),), "0" * 40)
    request = RevertRequest("`*Eve*`", PullNumber(7), link="javascript:x")
    text = body(target, request, files=[f"f{n}" for n in range(1000)])
    assert '`<img src=x> "@team" Fixes #1`' in text
    assert "javascript" not in text
    assert "- and 900 more" in text
    assert len(text) < 60_000


def test_a_title_fits_the_forge():
    assert revert_pull_request.title(MERGE) == 'Revert "Scale web"'
    assert len(revert_pull_request.title(Target((commit("1", "x" * 1000),), "0" * 40))) == 250


def test_a_pull_request_is_named_as_its_forge_does():
    assert revert_pull_request.reference(pull(), "github.com/acme/web") == "acme/web#7"
    gitlab = pull(url="https://gitlab.com/a/b/c/-/merge_requests/7")
    assert revert_pull_request.reference(gitlab, "gitlab.com/a/b/c") == "a/b/c!7"
    assert revert_pull_request.reference(pull(), "git.acme.example/bitbucket/projects/plat/repos/web") == "plat/web#7"
