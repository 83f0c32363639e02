"""The file with the full diff of an application, and the note that points to it."""

from bot.i18n.language import Phrase

TITLE = Phrase(en="Drift in {application}", es="Drift de {application}")
POINTER = Phrase(
    en="The full diff is attached to the alert's thread.",
    es="El diff completo está en un archivo en el hilo de la alerta.",
)
HEAD = Phrase(en="# {where} at {revision}, checked {time}", es="# {where} en {revision}, comprobado {time}")
NOT_EVERYTHING = Phrase(en="# Not fully checked: {reason}", es="# Sin comprobar por completo: {reason}")
MISSING = Phrase(en="# {object} is missing from the cluster", es="# {object} falta en el clúster")
BY = Phrase(en=" by {manager}", es=" por {manager}")
BY_AT = Phrase(en=" by {manager}, before {time}", es=" por {manager}, antes de {time}")
