"""Downloads over HTTP: `http.py` bounds every request, `cache.py` keeps what was downloaded, and `files.py`
is for the files that kustomizations refer to.
"""
