"""From drift checks to incidents, and what people do with them: acknowledge, snooze, find suspects.

Start with `record.py`, then `silence.py` (acknowledge and snooze).
"""
