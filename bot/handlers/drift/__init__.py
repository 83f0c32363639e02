"""Drift checks: what git declares against what the cluster holds.

Uses the Cluster port and `handlers.rendering`. Start with `check.py`.
"""
