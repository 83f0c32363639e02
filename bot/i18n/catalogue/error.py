"""Errors, and the notes shown while an answer is being prepared."""

from bot.i18n.language import Phrase

FAILED = Phrase(
    en="Something went wrong in the bot. It is safe to retry. Log reference: {reference}.",
    es="Algo falló en el bot. Puedes reintentar sin riesgo. Referencia en el log: {reference}.",
)
INTERRUPTED = Phrase(
    en="The bot was interrupted several times while running “{command}” and gave up. Check the bot's log, then try "
    "again.",
    es="El bot se interrumpió varias veces durante “{command}” y dejó de intentarlo. Revisa su log y repite la orden.",
)
UNEXPECTED = Phrase(
    en="An unexpected error occurred in the bot. Log reference: {reference}.",
    es="Ocurrió un error inesperado en el bot. Referencia en el log: {reference}.",
)
BUSY = Phrase(
    en="Too many commands are queued. Nothing was done; try again in a minute.",
    es="Hay demasiados comandos en espera. No se hizo nada; reintenta en un minuto.",
)
OTHER_WORKSPACE = Phrase(
    en="The bot answers only members of the workspace that it is installed in.",
    es="El bot solo responde a miembros del workspace en el que está instalado.",
)
CHECKING = Phrase(en="Checking {application} against the cluster…", es="Comprobando {application} contra el clúster…")
CHECKING_ALL = Phrase(
    en="Checking all applications against their clusters…",
    es="Comprobando todas las aplicaciones contra sus clústeres…",
)
PREPARING = Phrase(
    en="Preparing a pull request that reverts {revision}…", es="Preparando un pull request que revierte {revision}…"
)
DISK_FULL = Phrase(
    en="the disk is full. Free up space or use a larger volume",
    es="el disco está lleno. Libera espacio o usa un volumen más grande",
)
