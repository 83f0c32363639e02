"""A ChatOps bot for GitOps: it watches git and Kubernetes, reports in Slack, and changes only git."""

import os

# Otherwise importing GitPython fails if git is missing; `gitops-bot doctor` reports that in a sentence instead.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
