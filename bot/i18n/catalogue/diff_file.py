"""The text file with the full drift of an application, and the note that points to it."""

from bot.i18n.language import Phrase

TITLE = Phrase(en="Drift in {application}", es="Drift de {application}")
POINTER = Phrase(
    en="The full diff is a text file in the alert's thread.",
    es="El diff completo está en un archivo de texto en el hilo de la alerta.",
)
HEAD = Phrase(en="# {where} at git {revision}, checked {time}", es="# {where} en git {revision}, comprobado {time}")
NOT_EVERYTHING = Phrase(en="# Not fully checked: {reason}", es="# Sin comprobar por completo: {reason}")
MODIFIED = Phrase(en="{object}: modified", es="{object}: modificado")
MISSING = Phrase(en="{object}: missing", es="{object}: falta")
CHANGED = Phrase(en="  changed {path}{by}", es="  cambiado {path}{by}")
ADDED = Phrase(en="  added {path}{by}", es="  agregado {path}{by}")
REMOVED = Phrase(en="  removed {path}{by}", es="  eliminado {path}{by}")
BY = Phrase(en="  # by {manager}", es="  # por {manager}")
BY_AT = Phrase(en="  # by {manager}, no later than {time}", es="  # por {manager}, a más tardar {time}")
SIDES = Phrase(en="    git:     {desired}\n    cluster: {live}", es="    git:     {desired}\n    clúster: {live}")
