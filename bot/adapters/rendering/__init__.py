"""Kustomize and Helm, run as confined processes. Start with `programs.py`."""
