"""Drift checks: what git declares against what the cluster holds.

Uses the cluster port and `handlers.rendering`. Start with `check.py` (the check of some applications), then
`live_comparison.py` (reading and comparing what the cluster holds).
"""
