"""Changes in git: what a commit changes once rendered, what cannot be undone, and which commit explains a drift.

Uses `core.drift` and `core.git`. Start with `rendered_change.py`.
"""
