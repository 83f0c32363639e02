"""Authorization with Slack user groups, and the audit log around every request that needs a right.

Start with `authorizer.py`, then `audited.py`.
"""
