"""Every word the bot says to people, one kind of message a file."""

# The action of every button that only opens a page.
LINK = "link"
