"""`ports.Charts` over HTTP: Helm repositories and OCI registries. Start with `fetcher.py`, the port.

`helm_repository.py` and `registry.py` find and verify a package, and `credentials.py` reads the credentials.
`repository.py` presents a chart as a `ports.Repository`.
"""
