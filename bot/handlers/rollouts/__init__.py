"""Rollouts: detect merges, describe their changes, and observe the clusters until they are live.

Start with `merges.py`, then `track.py`.
"""
