"""From a merge to live: detect merges, describe their changes, and observe the clusters.

Start with `merges.py`, then `track.py`.
"""
