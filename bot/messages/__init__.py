"""What the bot posts to Slack, as Block Kit: one kind of message per file, and the cards kept up to date.

Uses the values of `bot.core` and the texts of `bot.i18n`; does no I/O. Start with `blocks.py` (the builders), then
`cards.py`.
"""

# The action id of every button that only opens a URL.
LINK = "link"
