"""Commands: the text of `/gitops …` and of mentions, parsed into a closed set of commands or a typed error.

Uses `core.incidents` for snooze durations. Start with `command.py`.
"""
