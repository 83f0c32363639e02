"""Drift checks: what git declares, compared with the cluster.

Uses the cluster port and `handlers.rendering`. Start with `check.py` (the check of some applications), then
`live_comparison.py` (reading and comparing live objects).
"""
