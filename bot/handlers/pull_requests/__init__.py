"""Reverts and adoptions, from the request to an open pull request, and the queue for a rate-limited forge.

Start with `revert_command.py` (authorization and audit), then `revert.py` (git and forge).
"""
