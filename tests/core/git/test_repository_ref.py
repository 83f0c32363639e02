import pytest

from bot.core.git.repository_ref import RepositoryRef
from bot.core.git.target_revision import Newest, TargetRevision


@pytest.mark.parametrize(
    ("key", "ref"),
    [
        ("platform", RepositoryRef("platform")),
        ("platform@1.x", RepositoryRef("platform", TargetRevision("1.x"))),
        ("platform@release-*:date", RepositoryRef("platform", TargetRevision("release-*", Newest.DATE))),
        ("platform@refs/heads/a@b", RepositoryRef("platform", TargetRevision("refs/heads/a@b"))),
    ],
)
def test_a_reference_is_stored_and_read_by_its_key(key, ref):
    assert ref.key == key
    assert RepositoryRef.parse(key) == ref
