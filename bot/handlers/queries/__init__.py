"""Answers that only read: history, who, status and diff."""
