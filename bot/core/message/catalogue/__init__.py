"""Every text people read in Slack, in every language: one module a kind of message, beside the module that uses it."""
