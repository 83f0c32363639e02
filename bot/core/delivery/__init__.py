"""Delivery metrics (DORA) of merges and drift incidents. docs/metrics.md defines each number."""
