"""Incidents: the lifecycle of one drift episode, from the first check that detects it to its resolution.

Uses `core.drift` and `core.changes`. Start with `incident.py` (the state machine), then `alerting.py` (reminders,
escalation).
"""
