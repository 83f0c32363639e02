"""Audit logs of clusters: reads who changed what, and names who made a difference."""
