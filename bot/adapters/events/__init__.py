"""Sends CloudEvents to a webhook."""
