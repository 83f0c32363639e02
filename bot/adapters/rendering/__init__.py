"""Kustomize and Helm, run as confined processes. Start with `programs.py`, the port.

`confined.py` runs a program with limits, on a `private_copy.py` of the files; `stderr.py` says why it failed.
`launcher.py`, `helm_command.py` and `helm_sdk.py` are programs of their own, which run in those processes;
`launcher_process.py` is the bot's side of the first. `directory.py` is the source of `check --path`.
"""
