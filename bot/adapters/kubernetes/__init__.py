"""The Kubernetes API, read-only. Start with `cluster.py`, the port; `api.py` sends the requests."""
