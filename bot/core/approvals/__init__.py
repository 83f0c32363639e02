"""Approvals: whether each commit on a tracked branch was approved, by whom, and what to report if it wasn't.

Uses `core.git`. Start with `approval.py`.
"""
