"""From drift checks to incidents, and what people do with them: acknowledge, snooze, find suspects.

Start with `record.py`, then `silence_service.py` (acknowledge and snooze).
"""
