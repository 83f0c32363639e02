"""Watches clusters, so that an edit is compared within seconds and not only by the next scheduled check.

Uses the cluster port and `handlers.drift`. Start with `watcher.py` (one cluster), then `informer.py` (one kind).
"""
