"""Pull requests the bot opens: reverts of changes, and adoptions of what the cluster holds.

Uses `core.git`, `core.changes` and `core.rendering`. Start with `revert.py` (every outcome of a revert), then
`adopt.py`.
"""
