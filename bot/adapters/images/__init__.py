"""Images that the bot draws."""
