"""The command line: `run`, `check`, `demo`, `doctor` and `audit`.

Start with `main.py`, which declares the commands. Each command's module is imported when the command runs, and may use
everything below, so that `--version` and `check --path` stay fast.
"""
