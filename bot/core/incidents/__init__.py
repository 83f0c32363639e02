"""Incidents: the life of one drift episode, from first sight through acknowledge and snooze to resolution.

Uses `core.drift` and `core.changes`. Start with `incident.py` (the state machine), then `alerting.py` (reminders,
escalation).
"""
