"""Reverts and adoptions, from the request to the open pull request, which is tracked until it is merged.

Start with `revert_service.py` (permission, repository, queue), then `revert.py` (git and the forge). `intents.py`
records each request before anything is pushed, and `resume.py` finishes what was interrupted. `adopt_service.py` and
`adopt.py` do the same for adoptions; both push with `propose.py` and end in `track.py`.
"""
