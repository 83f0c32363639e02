"""Pure decisions: no Slack, no Kubernetes client, no git, no clock; time is an argument."""
