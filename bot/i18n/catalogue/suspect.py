"""Commits that may have caused a problem."""

from bot.i18n.language import Phrase

EXPLAIN_DRIFT = Phrase(en="Commits that explain the drift", es="Commits que explican el drift")
EXPLAIN_ROLLOUT = Phrase(en="Latest commits that changed it", es="Últimos commits que lo cambiaron")
LINE = Phrase(
    en="{sha} {subject} by {author}, {time}{pull}{approved}: {why}",
    es="{sha} {subject} de {author}, {time}{pull}{approved}: {why}",
)
PULL = Phrase(en=", {link}", es=", {link}")
APPROVED_BY = Phrase(en=", approved by {who}", es=", aprobado por {who}")
APPROVED_BY_NOBODY = Phrase(en=", not approved", es=", sin aprobar")
APPROVER_UNKNOWN = Phrase(en=", approver unknown", es=", aprobador desconocido")
BEFORE = Phrase(
    en="changed {places} in git, but the cluster still has the previous state",
    es="cambió {places} en git, pero el clúster sigue con el estado anterior",
)
NEVER = Phrase(
    en="added {places} to git, but the cluster does not have it",
    es="agregó {places} a git, pero el clúster no lo tiene",
)
OBJECT = Phrase(en="last commit to change {places}", es="último commit que cambió {places}")
PATH = Phrase(en="last commit to change files of {places}", es="último commit que cambió archivos de {places}")
