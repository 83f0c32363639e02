"""The command line: `run`, `check`, `demo`, `doctor` and `audit`.

Start with `main.py`, which declares the commands. Each command's module, which may use every package, is imported only
when the command runs, so that `--version` and `check --path` stay fast.
"""
