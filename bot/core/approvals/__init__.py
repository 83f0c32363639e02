"""Approvals: whether each commit on a tracked branch was approved, by whom, and what to report if it was not.

Uses `core.git`. Start with `approval.py`.
"""
