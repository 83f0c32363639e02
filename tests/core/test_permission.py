"""Who may ask for a revert."""

import pytest

from bot.core.permission import groups_to_ask, permitted


@pytest.mark.parametrize(
    ("user", "allowed", "members", "expected"),
    [
        ("U1", ["*"], (), True),
        ("U1", ["U1"], (), True),
        ("U1", ["U2"], (), False),
        ("U1", ["S1"], ("U1",), True),
        ("U1", ["S1"], ("U2",), False),
        ("U1", [], (), False),
        ("*", ["U1"], (), False),
    ],
)
def test_permitted(user, allowed, members, expected):
    assert permitted(user, allowed, members) is expected


def test_groups_are_asked_only_when_they_decide():
    assert groups_to_ask("U1", ["U1", "S1"]) == []
    assert groups_to_ask("U1", ["U2", "S1", "S2"]) == ["S1", "S2"]
