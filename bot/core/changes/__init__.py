"""Changes in git: what a commit changes once rendered, which of it cannot be undone, and which commits explain drift.

Uses `core.drift` and `core.git`. Start with `rendered_change.py`.
"""
