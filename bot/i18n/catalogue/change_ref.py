"""The answers to a text that is not a valid revision."""

from bot.i18n.language import Phrase

NOT_ONE = Phrase(
    en="Not a valid revision. Use a SHA (7 digits or more), #PR, HEAD, a range A..B or the URL of a commit or PR.",
    es="No es una revisión válida. Usa un SHA (7 dígitos o más), #PR, HEAD, un rango A..B o la URL de un commit o PR.",
)
PERHAPS_PULL = Phrase(
    en="If {number} is a pull request, use #{number}. A SHA has 7 digits or more.",
    es="Si {number} es un pull request, usa #{number}. Un SHA tiene 7 dígitos o más.",
)
