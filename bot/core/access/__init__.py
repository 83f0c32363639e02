"""Access: the requester of a command, their rights, and the audit entries.

Uses only `bot.i18n`. Start with `permission.py`.
"""
