"""Kustomize and Helm, run as confined processes. Start with `programs.py`, the port; `confined.py` sets the limits.

`directory.py` is the source of `check --path`.
"""
