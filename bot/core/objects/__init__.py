"""Kubernetes objects: how manifests are read, how fields are addressed and compared, who owns them, whether they are
healthy.

Uses only `bot.i18n`. Start with `manifest.py` (YAML to objects), then `schema.py` (what the API server knows of a
field).
"""
