"""What to fetch: all branches and tags, or a part of them."""

from collections.abc import Sequence

BRANCHES_AND_TAGS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


def is_everything(refspecs: Sequence[str]) -> bool:
    """Whether they include all branches and tags."""
    return set(BRANCHES_AND_TAGS) <= set(refspecs)
