"""The languages of the bot: phrases, their translations, and errors that can be shown in any of them.

Independent of the rest of the bot. Start with `language.py`; the texts are in `catalogue/`.
"""
