"""Git and forge values: commits, authors, pull requests, tracked revisions, semantic versions, URLs and webhooks.

Uses `core.objects`. Start with `commit.py`, then `target_revision.py` (which commit an application tracks).
"""
