"""Every word the bot says to people, one kind of message a file."""
