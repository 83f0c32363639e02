"""Commits that may have caused a problem."""

from bot.i18n.language import Phrase

EXPLAIN_DRIFT = Phrase(en="Commits that explain the drift", es="Commits que explican el drift")
EXPLAIN_ROLLOUT = Phrase(
    en="Latest commits that changed these objects",
    es="Últimos commits que cambiaron estos objetos",
)
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
    en="added {places} to git, but the change is not in the cluster yet",
    es="agregó {places} a git, pero el cambio todavía no está en el clúster",
)
OBJECT = Phrase(en="latest commit that changed {places}", es="último commit que cambió {places}")
PATH = Phrase(en="latest commit that changed files in {places}", es="último commit que cambió archivos en {places}")
