"""Who pushed which commit of a branch."""

import pytest

from bot.core.git.push import Push, find_moves, find_pushers

LINE = {"c": ("b",), "b": ("a",), "a": ("base",)}
# The merge's first parent is lou's commit, its second one the former head: a fast-forward.
FOXTROT = {"merge": ("evil", "b"), "evil": ("base",), "b": ("a",), "a": ("base",)}
UNNAMED = Push("", "", "lou")


@pytest.mark.parametrize(
    ("parents", "pushes", "known", "possible"),
    [
        (LINE, [Push("b", "c", "lou"), Push("", "b", "mia")], {"c": "lou", "b": "mia", "a": "mia"}, {}),
        (LINE, [Push("a", "c", "lou")], {"c": "lou", "b": "lou"}, {"a": ()}),
        (LINE, [], {}, {"c": (), "b": (), "a": ()}),
        # However the forge sorts them: `find_pushers` gets no order.
        (FOXTROT, [Push("b", "merge", "lou"), Push("", "b", "mia")], {"merge": "lou", "evil": "lou", "b": "mia"}, {}),
        (FOXTROT, [Push("b", "merge", "lou")], {"merge": "lou", "evil": "lou"}, {"a": (), "b": ()}),
        # A force-push, and the return to what mia pushed.
        (LINE, [Push("gone", "c", "lou"), Push("", "gone", "mia")], {"c": "lou", "b": "lou", "a": "lou"}, {}),
        (
            LINE,
            [Push("other", "b", "lou"), Push("b", "other", "lou"), Push("", "b", "mia")],
            {"b": "mia", "a": "mia"},
            {"c": ()},
        ),
        # A push to several branches: perhaps to this one, but not with what was pushed before or after.
        (LINE, [UNNAMED, Push("", "b", "mia")], {"b": "mia", "a": "mia"}, {"c": ("lou",)}),
        (LINE, [Push("b", "c", "mia"), UNNAMED, Push("", "a", "mia")], {"c": "mia", "a": "mia"}, {"b": ("lou",)}),
        (LINE, [UNNAMED, Push("b", "c", "mia")], {"c": "mia"}, {"a": (), "b": ()}),
    ],
)
def test_a_push_contains_what_is_reachable_only_from_its_new_head(parents, pushes, known, possible):
    pushers = find_pushers(parents, pushes)
    assert {sha: pushers.known[sha] for sha in known} == known
    assert pushers.known.keys().isdisjoint(possible)
    assert {sha: tuple(pushers.possible[sha]) for sha in possible} == possible
    assert pushers.known.keys() | pushers.possible.keys() == parents.keys()


RESET, RESTORE = Push("b", "a", "lou"), Push("a", "b", "mia")


@pytest.mark.parametrize(
    ("pushes", "moves"),
    [
        ([RESET, RESTORE], [[RESET]]),
        ([Push("a", "c", "mia"), UNNAMED, RESET], [[RESET]]),
        ([Push("c", "a", "kit"), Push("b", "c", "lou")], [[Push("c", "a", "kit"), Push("b", "c", "lou")]]),
        ([Push("b", "a", "kit"), RESTORE, RESET], [[Push("b", "a", "kit")], [RESET]]),
        ([Push("c", "a", "kit"), RESTORE], []),
        ([], []),
    ],
)
def test_the_pushes_that_moved_a_branch(pushes, moves):
    assert find_moves(pushes, "b", "a") == moves
