"""What went wrong or is not allowed, and what is said while the answer is on its way."""

from bot.i18n.language import Phrase

FAILED = Phrase(
    en="That did not work, and it is my fault. Asking again does no harm; in the log it is {reference}.",
    es="Eso no funcionó, y la culpa es del bot. Repetirlo no hace daño; en el log figura como {reference}.",
)
BUSY = Phrase(
    en="Too many commands are waiting just now; try again in a minute. Nothing was done.",
    es="Hay demasiados comandos en espera; en un minuto se puede intentar de nuevo. No se hizo nada.",
)
CHECKING = Phrase(en="Checking {application} against the cluster…", es="Comparando {application} con el cluster…")
CHECKING_ALL = Phrase(
    en="Checking every application against the cluster…", es="Comparando todas las aplicaciones con el cluster…"
)
PREPARING = Phrase(
    en="Preparing a pull request that reverts {revision}…", es="Preparando un pull request que revierte {revision}…"
)
