"""The command line: `run`, `check`, `demo`, `doctor` and `audit`. Start with `main.py`; each command loads only what it
needs.
"""
