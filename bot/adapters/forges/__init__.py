"""GitHub, GitLab, Bitbucket Cloud and Bitbucket Data Center: one module implements the port for each.

They share `forge.py` (limits, retries, the doctor's probes) and `errors.py` (what a failure means, for people).
`signed_repository.py` has the forge make commits that a rule requires to be signed. Uses `adapters.git`.
"""
