"""Runs Kustomize and Helm as confined processes. Start with `programs.py`, the port.

`confined.py` runs a program with limits, on a `private_copy.py` of the files; `stderr.py` explains why it failed.
`launcher.py`, `helm_command.py` and `helm_sdk.py` are separate programs that run in those processes;
`launcher_process.py` is the bot's side of the launcher. `directory.py` reads the files for `check --path`.
"""
