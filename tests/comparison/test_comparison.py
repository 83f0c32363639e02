"""A sample of `make soak`: the bot's reverts agree with `git revert` in a fresh clone."""

import pytest

from tests.comparison.compare import compare


@pytest.mark.parametrize("seed", range(5))
def test_reverts_agree_with_git(tmp_path, seed):
    rows = compare(seed, tmp_path / "history")
    assert rows
    assert [(row.case.kind, row.verdict, row) for row in rows if not row.is_explained] == []
