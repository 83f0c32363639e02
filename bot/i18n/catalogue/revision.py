"""The answers to what is not a revision."""

from bot.i18n.language import Phrase

NOT_ONE = Phrase(
    en="Not a valid revision. Use a sha (7 digits or more), #PR, a range A..B, or the URL of a commit or PR.",
    es="No es una revisión válida. Usa un sha (7 dígitos o más), #PR, un rango A..B o la URL de un commit o PR.",
)
PERHAPS_PULL = Phrase(
    en="Is {number} a pull request? Then use #{number}. A sha has 7 digits or more.",
    es="¿{number} es un pull request? Entonces usa #{number}. Un sha tiene 7 dígitos o más.",
)
