"""The languages of the bot: phrases, their translations, and errors that can be shown in any of them.

Uses nothing else of the bot. Start with `language.py`; the texts are in `catalogue/`.
"""
