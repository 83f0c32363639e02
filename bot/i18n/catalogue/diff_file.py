"""The file that holds the whole of an application's drift, and what points to it."""

from bot.i18n.language import Phrase

TITLE = Phrase(en="Drift of {application}", es="Drift de {application}")
POINTER = Phrase(
    en="All of it is a text file in the thread of the alert.",
    es="Todo está en un archivo de texto en el hilo de la alerta.",
)
HEAD = Phrase(en="# {where} at git {revision}, checked {time}", es="# {where}, según git {revision}, comprobado {time}")
NOT_EVERYTHING = Phrase(en="# Not everything could be looked at: {reason}", es="# No se pudo mirar todo: {reason}")
MODIFIED = Phrase(en="{object}: modified", es="{object}: modificado")
MISSING = Phrase(en="{object}: missing", es="{object}: falta")
CHANGED = Phrase(en="  changed {path}{by}", es="  cambiado {path}{by}")
ADDED = Phrase(en="  added {path}{by}", es="  agregado {path}{by}")
REMOVED = Phrase(en="  removed {path}{by}", es="  eliminado {path}{by}")
BY = Phrase(en="  # by {manager}", es="  # por {manager}")
BY_AT = Phrase(en="  # by {manager}, no later than {time}", es="  # por {manager}, a más tardar {time}")
SIDES = Phrase(en="    git:     {desired}\n    cluster: {live}", es="    git:     {desired}\n    cluster: {live}")
