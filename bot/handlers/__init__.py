"""The flows: read through the ports, let `bot.core` decide, write through the ports. One behaviour per file.

Start with `command_service.py` (what people ask for) and `monitor.py` (what the schedule does); the other flows are
composed by these two. Handlers use core, messages and ports, never an adapter.
"""
