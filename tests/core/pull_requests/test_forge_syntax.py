"""What a forge or CI would act on in a title."""

import pytest

from bot.core.pull_requests.forge_syntax import without_forge_syntax


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("dark [skip ci] fixes #12 @acme/security", "dark (skip ci) fixes # 12 acme/security"),
        ("[ci skip] [no ci] [Skip-Actions] ***NO_CI***", "(ci skip) (no ci) (Skip-Actions) (NO_CI)"),
        ("[skip @ci] @@acme [no @ci] #@12 .@@a", "(skip ci) acme (no ci) # 12 .@a"),
        ("Closes GH-4, acme/web!8 and (#12) again", "Closes GH- 4, acme/web! 8 and (# 12) again"),
        ("fixes https://github.com/a/b/issues/4", "fixes https://github.com/a/b/issues/ 4"),
        ("ana@example.com web@sha256:12 C# [main]", "ana@example.com web@sha256:12 C# [main]"),
        ('Revert "Raise replicas (#12)"', 'Revert "Raise replicas (#12)"'),
    ],
)
def test_a_title_has_nothing_that_a_forge_acts_on(title, expected):
    assert without_forge_syntax(title) == expected
    assert without_forge_syntax(expected) == expected
