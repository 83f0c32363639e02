"""`ports.Charts` over HTTP: Helm repositories and OCI registries. Start with `fetcher.py`, the port.

`helm_repository.py` and `registry.py` find and verify a package, `http.py` bounds every request, `credentials.py` has
what to authenticate with, and `cache.py` keeps the packages. `repository.py` is a chart as a `ports.Repository`.
"""
