"""The configuration: one YAML file and the environment, read at startup into one frozen `Config`.

Start with `load.py`; `sections.py` declares every key of the file. It uses `bot.core` and `bot.i18n`.
"""
