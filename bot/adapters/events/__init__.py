"""CloudEvents to a webhook."""
