"""Bringing Slack up to date: cards, Home tabs, and which Slack user a git author is.

Start with `cards.py`.
"""
