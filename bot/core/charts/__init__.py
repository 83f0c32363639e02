"""Helm charts outside of git: how they are referred to, resolved and unpacked.

Start with `reference.py`.
"""
