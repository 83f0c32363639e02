"""What came to a tracked branch without an approval: its card, and the words for each verdict."""

from bot.core.message.language import Phrase

NO_FORGE = Phrase(
    en="The repository has no forge in the configuration, so nobody can say.",
    es="El repositorio no tiene forge en la configuración, así que nadie lo puede decir.",
)
WHICH_HEAD = Phrase(
    en="The forge does not say which head was approved.", es="El forge no dice qué cabeza de la rama se aprobó."
)
