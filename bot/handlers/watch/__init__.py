"""Watches clusters, so that an edit is checked within seconds instead of at the next scheduled check.

Uses the cluster port and `handlers.drift`. Start with `watcher.py` (one cluster), then `informer.py` (one kind).
"""
