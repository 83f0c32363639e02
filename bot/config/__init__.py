"""The configuration: one YAML file and the environment, read at startup into one frozen `Config`.

Uses `bot.core` and `bot.i18n`. Start with `load.py`; `sections/` declares every key of the file.
"""
