"""Git: bare mirrors read and written with git's plumbing commands. Start with `repository.py`."""
