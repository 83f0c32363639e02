"""Rollouts: one merge on its way to the clusters, until it is live.

Uses `core.applications` and `core.changes`. Start with `rollout.py`.
"""
