"""Authorization: a person's rights for one request, with Slack user groups."""
