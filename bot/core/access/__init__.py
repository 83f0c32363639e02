"""Access: who asked, what they are allowed to do, and the audit entry that remembers it.

Uses only `bot.i18n`. Start with `permission.py`.
"""
