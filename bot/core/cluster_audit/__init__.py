"""The audit log of a Kubernetes cluster: who changed which object, without the values.

The bot's own record of requests is another log: `bot.core.access.audit`.
"""
