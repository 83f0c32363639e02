"""Downloads over HTTP: `http.py` bounds every request, `cache.py` caches downloads, and `files.py` downloads
the files that kustomizations refer to.
"""
