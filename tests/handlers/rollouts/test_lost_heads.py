"""When a recorded head counts as lost."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from bot.handlers.rollouts.lost_heads import LostHeads
from bot.ports.git import RepositoryError, RevisionNotFoundError
from tests.common.clock import Clock

DISK_FULL = RepositoryError("The disk is full.")


class Remote(SimpleNamespace):
    """A repository without the commit, whose fetch of it fails with `error` if set."""

    name, is_branch, error = "platform", True, None

    def fetch_commit(self, sha):
        if self.error:
            raise self.error
        return False


def test_only_a_commit_that_is_missing_for_ten_minutes_is_lost():
    clock, remote = Clock(), Remote()
    heads = LostHeads(clock)

    def is_lost():
        return heads.is_lost(remote, "a" * 40, "b" * 40, may_fetch=True)

    remote.error = DISK_FULL
    for minutes in (0, 10, 10):
        clock.advance(minutes=minutes)
        with pytest.raises(RepositoryError, match="disk"):
            is_lost()
    remote.error = None
    for step in (timedelta(), timedelta(minutes=9), timedelta(minutes=-10), timedelta(minutes=9)):
        clock.now += step  # it's also set back
        with pytest.raises(RevisionNotFoundError):
            is_lost()
    clock.advance(minutes=1)
    assert is_lost()


def test_a_commit_that_the_server_refuses_to_serve_is_lost_after_an_hour():
    clock, remote = Clock(), Remote(error=DISK_FULL)
    heads = LostHeads(clock)
    for minutes in (0, 59):
        clock.advance(minutes=minutes)
        with pytest.raises(RepositoryError, match="disk"):
            heads.is_lost(remote, "a" * 40, "b" * 40, may_fetch=True)
    clock.advance(minutes=1)
    assert heads.is_lost(remote, "a" * 40, "b" * 40, may_fetch=True)


def test_errors_in_between_do_not_delay_when_a_missing_commit_is_lost():
    clock, remote = Clock(), Remote()
    heads = LostHeads(clock)
    for minute in range(10):
        remote.error = DISK_FULL if minute % 2 else None
        with pytest.raises(RepositoryError):
            heads.is_lost(remote, "a" * 40, "b" * 40, may_fetch=True)
        clock.advance(minutes=1)
    remote.error = None
    assert heads.is_lost(remote, "a" * 40, "b" * 40, may_fetch=True)
