"""The answer to `/gitops history`."""

from bot.i18n.language import Phrase, PluralPhrase

NONE = Phrase(en="No commit is on {branch}.", es="No hay ningún commit en {branch}.")
NONE_OF = Phrase(
    en="No commit that changed {application} is on {branch}.",
    es="En {branch} no hay ningún commit que haya cambiado {application}.",
)
LAST = PluralPhrase(
    en=("The last commit on {branch}", "The last {n} commits on {branch}"),
    es=("El último commit en {branch}", "Los últimos {n} commits en {branch}"),
)
LAST_OF = PluralPhrase(
    en=(
        "The last commit that changed {application} on {branch}",
        "The last {n} commits that changed {application} on {branch}",
    ),
    es=(
        "El último commit que cambió {application} en {branch}",
        "Los últimos {n} commits que cambiaron {application} en {branch}",
    ),
)
SENTENCE = PluralPhrase(
    en=("{lead}: {sha}, {subject}.", "{lead}; newest {sha}, {subject}."),
    es=("{lead}: {sha}, {subject}.", "{lead}; el más nuevo es {sha}, {subject}."),
)
MORE_COMMITS = PluralPhrase(
    en=("… and {n} more commit.", "… and {n} more commits."), es=("… y {n} commit más.", "… y {n} commits más.")
)
APPROVALS_UNKNOWN = Phrase(en="⚠️ Who approved is unknown: {reason}", es="⚠️ No se sabe quién aprobó: {reason}")
NO_FORGE = Phrase(
    en="this repository has no forge in the configuration.",
    es="este repositorio no tiene forge en la configuración.",
)

ENTRY = Phrase(en="{sha} {time} {subject}\nby {author}", es="{sha} {time} {subject}\nde {author}")
APPROVER_UNKNOWN = Phrase(en=" · approver unknown", es=" · no se sabe quién lo aprobó")
APPROVED_BY = Phrase(en=" · approved by {who}", es=" · aprobado por {who}")
APPROVED_BY_NOBODY = Phrase(en=" · approved by nobody", es=" · aprobado por nadie")
SELF_APPROVED = Phrase(en=" · approved by its author alone", es=" · aprobado solo por su autor")
DIRECT = Phrase(en=" · pushed directly, approved by nobody", es=" · push directo, no lo aprobó nadie")
DIFFERS = Phrase(
    en=" · its content is not what the pull request gives", es=" · su contenido no es lo que da el pull request"
)
STALE = Phrase(en=" · an earlier head was approved, not this", es=" · se aprobó una versión anterior, no esta")
AUTOMATION = Phrase(en=" · allowed automation", es=" · automatización permitida")
NOT_VERIFIED = Phrase(en=", content not verified", es=", contenido sin verificar")
TOO_FEW = Phrase(en=" · too few approvals: {who}", es=" · aprobaciones insuficientes: {who}")
LATER = Phrase(en=", approved later by {who}", es=", aprobado después por {who}")
NO_PULL = Phrase(en=" · no pull request, so approved by nobody", es=" · sin pull request, así que no lo aprobó nadie")
LIVE = Phrase(en=" · live on {application} after {took}", es=" · activo en {application} tras {took}")
