"""The command in a mention."""

import pytest

from bot.core.commands.mention import mentioned_command


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<@U0BOT> status shop", "status shop"),
        ("<@U0BOT|gitops> status", "status"),
        ("hey <@U0ANA>, <@U0BOT>  diff shop \nthanks", "diff shop"),
        ("<@U0BOT>", ""),
        ("<@U0ANA> status", ""),
        ("status", ""),
        ("", ""),
        ("<@U0BOT> revert a..b &amp;lt; &lt;https://forge.example&gt;", "revert a..b &lt; <https://forge.example>"),
        ("<@U0BOT> <@U0BOT> help", "<@U0BOT> help"),
    ],
)
def test_the_first_mention_of_the_bot_counts(text, expected):
    assert mentioned_command(text, ["U0BOT"]) == expected


def test_any_mention_counts_while_the_bot_s_id_is_unknown():
    assert mentioned_command("<@U0ANYBODY> status", []) == "status"
