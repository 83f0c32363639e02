"""Commits that explain what is wrong."""

from bot.i18n.language import Phrase

EXPLAIN_DRIFT = Phrase(en="Commits that explain it", es="Commits que lo explican")
EXPLAIN_ROLLOUT = Phrase(en="Commits that last changed it", es="Últimos commits que lo cambiaron")
LINE = Phrase(
    en="{sha} {subject} by {author}, {time}{pull}{approved}: {why}",
    es="{sha} {subject} de {author}, {time}{pull}{approved}: {why}",
)
PULL = Phrase(en=", {link}", es=", {link}")
APPROVED_BY = Phrase(en=", approved by {who}", es=", aprobado por {who}")
APPROVED_BY_NOBODY = Phrase(en=", approved by nobody", es=", aprobado por nadie")
APPROVER_UNKNOWN = Phrase(en=", approver unknown", es=", no se sabe quién lo aprobó")
BEFORE = Phrase(
    en="git changed {places} in it, and the cluster still has what was there before",
    es="ahí git cambió {places}, y el cluster sigue con lo anterior",
)
NEVER = Phrase(
    en="git added {places} in it, and the cluster does not have it",
    es="ahí git agregó {places}, y el cluster no lo tiene",
)
OBJECT = Phrase(en="the last one to change {places}", es="el último que cambió {places}")
PATH = Phrase(en="the last one to change a file of {places}", es="el último que cambió un archivo de {places}")
