"""From a merge to live: recognise merges, describe their changes, observe the clusters.

Start with `merges.py`, then `track.py`.
"""
