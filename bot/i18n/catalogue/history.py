"""The answer to `/gitops history`."""

from bot.i18n.language import Phrase, PluralPhrase

NONE = Phrase(en="There are no commits on {branch}.", es="No hay commits en {branch}.")
NONE_OF = Phrase(
    en="No commit on {branch} changed {application}.",
    es="Ningún commit en {branch} cambió {application}.",
)
LAST = PluralPhrase(
    en=(
        "The latest commit on {branch}",
        "The latest {n} commits on {branch}",
    ),
    es=(
        "El último commit en {branch}",
        "Los últimos {n} commits en {branch}",
    ),
)
LAST_OF = PluralPhrase(
    en=(
        "The latest commit on {branch} that changed {application}",
        "The latest {n} commits on {branch} that changed {application}",
    ),
    es=(
        "El último commit en {branch} que cambió {application}",
        "Los últimos {n} commits en {branch} que cambiaron {application}",
    ),
)
SENTENCE = PluralPhrase(
    en=(
        "{lead}: {sha} ({subject}).",
        "{lead}, starting with {sha} ({subject}).",
    ),
    es=(
        "{lead}: {sha} ({subject}).",
        "{lead}, empezando por {sha} ({subject}).",
    ),
)
MORE_COMMITS = PluralPhrase(
    en=("… and {n} more commit.", "… and {n} more commits."), es=("… y {n} commit más.", "… y {n} commits más.")
)
MORE_REPOSITORIES = PluralPhrase(
    en=(
        "… and {n} more repository or branch: type /gitops history APP.",
        "… and {n} more repositories or branches: type /gitops history APP.",
    ),
    es=(
        "… y {n} repositorio o rama más: escribe /gitops history APP.",
        "… y {n} repositorios o ramas más: escribe /gitops history APP.",
    ),
)
APPROVALS_UNKNOWN = Phrase(en="⚠️ Approvals unknown: {reason}", es="⚠️ Aprobaciones desconocidas: {reason}")
NO_FORGE = Phrase(
    en="this repository has no forge configured.",
    es="este repositorio no tiene un forge configurado.",
)

ENTRY = Phrase(en="{sha} {time} {subject}\n{people}", es="{sha} {time} {subject}\n{people}")
SELF_APPROVED = Phrase(
    en=" · approved only by people who contributed to it", es=" · aprobado solo por personas que contribuyeron a él"
)
INELIGIBLE = Phrase(
    en=" · approved only by bots or accounts without write access",
    es=" · aprobado solo por bots o cuentas sin acceso de escritura",
)
DIRECT = Phrase(en=" · pushed directly, not approved", es=" · push directo, sin aprobar")
DIFFERS = Phrase(en=" · content differs from the pull request", es=" · contenido distinto del pull request")
STALE = Phrase(en=" · approved at an earlier commit", es=" · aprobado en un commit anterior")
RETARGETED = Phrase(
    en=" · approved before its target branch was changed", es=" · aprobado antes de cambiar su rama de destino"
)
AUTOMATION = Phrase(en=" · automation, no approval required", es=" · automatización, no requiere aprobación")
NOT_VERIFIED = Phrase(en=" · content not verified", es=" · contenido sin verificar")
TOO_FEW = Phrase(en=" · too few approvals", es=" · aprobaciones insuficientes")
NOT_REVIEWED = Phrase(en=" · not reviewed", es=" · sin revisar")
LATER = Phrase(en=" · approved later by {who}", es=" · aprobado después por {who}")
NO_PULL = Phrase(en=" · no pull request, not approved", es=" · sin pull request, sin aprobar")
LIVE = Phrase(en=" · live in {application} after {took}", es=" · desplegado en {application} tras {took}")
