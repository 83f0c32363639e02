"""The store, on SQLite or PostgreSQL. Start with `store.py`."""
