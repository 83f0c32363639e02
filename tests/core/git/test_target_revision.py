"""What a revision means among the branches and tags that there are."""

import pytest

from bot.core.git.target_revision import Newest, Ref, Refs, ResolvedRevision, TargetRevision, resolve_revision

SHA = "0123456789abcdef0123456789abcdef01234567"


def refs(*names, tags=(), head=None):
    """Each later than the one before it; a branch's sha is told by its place."""
    branches = [Ref(name, f"{index:040}", index) for index, name in enumerate(names)]
    return Refs(branches, [Ref(name, f"{index:039}f", index) for index, name in enumerate(tags)], head)


@pytest.mark.parametrize(
    ("text", "kind", "name", "among"),
    [
        ("main", "branch", "main", 1),
        ("v1.2.0", "tag", "v1.2.0", 1),
        ("1.x", "tag", "v1.10.0", 3),
        (">=1.2 <1.10", "tag", "v1.9.9", 2),
        ("nightly", "tag", "nightly", 1),
        ("release-*", "branch", "release-1.10", 4),
        ("refs/heads/both", "branch", "both", 1),
        ("refs/tags/both", "tag", "both", 1),
        ("both", "branch", "both", 1),
        ("1.2", "tag", "v1.2.0", 1),
        ("HEAD", "branch", "main", 1),
        (SHA, "commit", SHA[:8], 1),
    ],
)
def test_what_is_followed(text, kind, name, among):
    there = refs(
        "a-copy", "main", "release-1.10", "release-1.9", "release-1.10-rc1", "release-1.2", "both",
        tags=["v1.2.0", "v1.10.0", "v1.9.9", "nightly", "both", "v2.0.0-rc.1"],
        head=f"{1:040}",
    )  # fmt: skip
    found = resolve_revision(TargetRevision(text), there)
    assert (found.kind, found.name, found.candidates) == (kind, name, among)


def test_the_newest_by_date_is_not_the_newest_by_version():
    there = refs("release-2.0", "release-10.0", "release-9.1")
    assert resolve_revision(TargetRevision("release-*"), there).name == "release-10.0"
    assert resolve_revision(TargetRevision("release-*", Newest.DATE), there).name == "release-9.1"


def test_milestones_without_numbers_are_ordered_by_name_and_go_first():
    there = refs("m-spring", "m-autumn", "m-2")
    assert resolve_revision(TargetRevision("m-*"), there).name == "m-2"
    assert resolve_revision(TargetRevision("m-s*"), there).name == "m-spring"


@pytest.mark.parametrize("text", ["gone", "3.x", "hotfix-*", "refs/tags/main", "HEAD"])
def test_what_is_not_there_is_none(text):
    assert resolve_revision(TargetRevision(text), refs("main", tags=["v1.0.0"])) is None


def test_the_default_branch_is_told_by_its_sha():
    same = Refs([Ref("topic", SHA, 1), Ref("trunk", "1" * 40, 1)], head="1" * 40)
    assert resolve_revision(TargetRevision("HEAD"), same) == ResolvedRevision("branch", "trunk", "1" * 40)


@pytest.mark.parametrize(
    ("text", "is_branch"),
    [("main", True), ("refs/heads/main", True), ("refs/tags/main", False), ("ma*", False), ("HEAD", False)],
)
def test_a_branch_is_named_in_short_or_in_full(text, is_branch):
    assert TargetRevision(text).is_branch("main") is is_branch


@pytest.mark.parametrize("text", ["", "-x", "a..b", "a:b", "x^", "a\nb", "../x", "{a,b}" * 9])
def test_what_nothing_can_be_called(text):
    assert TargetRevision(text).is_invalid()
