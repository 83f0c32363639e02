"""GitHub, GitLab, Bitbucket Cloud and Bitbucket Data Center: one module per forge implements the port.

They share `forge.py` (limits, retries, the doctor's probes) and `errors.py` (what a failure means, for people).
`signed_repository.py` lets the forge create commits that must be signed. Uses `adapters.git`.
"""
