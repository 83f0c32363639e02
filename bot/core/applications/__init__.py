"""Applications: the configured ones, and those discovered from Argo CD and Flux resources.

Uses `core.drift`, `core.git` and `core.rendering`. Start with `application.py`, then `discovery.py`.
"""
