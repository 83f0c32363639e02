"""What the bot posts to Slack, as Block Kit: one kind of message per file, and the cards that keep messages current.

Uses `bot.core` for the values and `bot.i18n` for the words. Start with `blocks.py` (the builders), then `cards.py`.
"""

# The action of every button that only opens a page.
LINK = "link"
