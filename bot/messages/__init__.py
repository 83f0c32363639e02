"""The bot's messages in Slack, as Block Kit: one kind of message per file, and the desired cards.

Uses the values of `bot.core` and the texts of `bot.i18n`; performs no I/O. Start with `blocks.py` (the builders), then
`cards.py`.
"""

# The action id of every button that only opens a URL.
LINK = "link"
