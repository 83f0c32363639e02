"""Drift: how a live object differs from its manifest, what is ignored, and how severe the drift is.

Uses `core.objects`. Start with `model.py` (the result of a check), then `compare.py` (one object against its manifest),
`walk.py` (field by field) and `attribution.py` (who wrote a value, and whether that makes it drift).
"""
