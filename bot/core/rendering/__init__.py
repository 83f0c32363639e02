"""Manifest sources: plain YAML, Kustomize and Helm; their dependencies, and the edits that deployers make to them.

Uses `core.objects`. Start with `source.py`; `bot.adapters.rendering` runs Kustomize and Helm.
"""
