"""Helm charts outside git: how they are referenced, resolved and unpacked.

Start with `reference.py`.
"""
