"""Pull requests that the bot opens: reverts of changes, and adoptions of live values.

Uses `core.git`, `core.changes` and `core.rendering`. Start with `revert.py` (every outcome of a revert), then
`adopt.py`.
"""
