"""What names no change."""

from bot.i18n.language import Phrase

NOT_ONE = Phrase(
    en="That names no change: give a sha (7 digits or more), #PR, a range A..B, or a URL of a commit or PR.",
    es="Eso no nombra ningún cambio: vale un sha (7 dígitos o más), #PR, un rango A..B o la URL de un commit o PR.",
)
PERHAPS_PULL = Phrase(
    en="Is {number} a pull request? Then write #{number}; a sha has 7 digits or more.",
    es="¿{number} es un pull request? Entonces se escribe #{number}; un sha tiene 7 dígitos o más.",
)
