"""What people press and type to act: who may not and why, and what came of it."""

from bot.core.message.language import Phrase

DENIED_REVERT = Phrase(
    en="You may not open revert pull requests here; {key} names {who}. Nothing was done.",
    es="No puedes abrir pull requests de reversión aquí; {key} nombra a {who}. No se hizo nada.",
)
DENIED_SILENCE = Phrase(
    en="You may not acknowledge or snooze alerts here; {key} names {who}. Nothing was done.",
    es="No puedes reconocer ni posponer alertas aquí; {key} nombra a {who}. No se hizo nada.",
)
COULD_NOT_ASK = Phrase(
    en="Whether you may is decided by the user group {group} in {key}, and its members are not known: {why} "
    "Nothing was done.",
    es="Si puedes lo decide el grupo de usuarios {group} en {key}, y no se sabe quiénes lo forman: {why} "
    "No se hizo nada.",
)
NOBODY = Phrase(en="nobody", es="nadie")
