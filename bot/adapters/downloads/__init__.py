"""Downloads over HTTP: `http.py` bounds every request, and `cache.py` keeps what was downloaded."""
