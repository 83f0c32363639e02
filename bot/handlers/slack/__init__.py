"""Keeps Slack up to date: cards, Home tabs, and the Slack users of git authors.

Start with `cards.py`.
"""
