"""Audit logs of clusters: reads who changed what, and finds who made each difference."""
