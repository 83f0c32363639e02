"""A ChatOps bot for GitOps: it watches git and Kubernetes, speaks in Slack, and changes nothing but git."""

import os

# Without it importing GitPython fails where git is missing; `gitops-bot doctor` says so in a sentence instead.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
