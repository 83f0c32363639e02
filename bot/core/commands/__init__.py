"""Commands: `/gitops …` and mentions as text, parsed into a closed set of commands or a mistake.

Uses `core.incidents` for snooze durations. Start with `command.py`.
"""
