"""Kubernetes objects: reading manifests, addressing and comparing fields, and who owns them.

Uses only `bot.i18n`. Start with `manifest.py` (YAML to objects), then `schema.py` (what the API server knows about a
field).
"""
