"""Slack: `chat.py` implements the port with the Web API; `socket_mode.py` receives events."""
