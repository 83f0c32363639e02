"""Git, by plumbing commands on a bare mirror. Start with `repository.py`, the port; `mirror.py` runs git.

`process.py` hardens each git process, `watchdog.py` stops it if the bot is killed, and `errors.py` maps its errors.
"""
