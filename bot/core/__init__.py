"""Decisions: pure functions and frozen types. Nothing here performs I/O or reads the clock; time is an argument.

One package per concept. A package may use those below it; the contracts in `pyproject.toml` list the order.
"""
