"""A ChatOps bot for GitOps: it watches git and Kubernetes, speaks in Slack, and changes nothing but git."""
