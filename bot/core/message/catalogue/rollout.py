"""A rollout's card and what is told in its thread when it has ended."""

from bot.core.message.language import Counted, Phrase

TEXT = Phrase(en="{sentence} Merge {revision}: {title}.", es="{sentence} Merge {revision}: {title}.")

LIVE_HEADER = Phrase(en="✅ Live in {took}: {names}", es="✅ Activo tras {took}: {names}")
LIVE = Phrase(en="{names} went live in {took} after the merge.", es="El merge está activo en {names}: tardó {took}.")
SUPERSEDED_HEADER = Phrase(en="⏭️ Superseded: {names}", es="⏭️ Reemplazado: {names}")
SUPERSEDED = Phrase(
    en="{names} went live with a newer merge, {newer}.",
    es="Un merge más nuevo, {newer}, es el que está activo en {names}.",
)
LATE_HEADER = Phrase(en="⚠️ Not live: {names}", es="⚠️ Aún no activo: {names}")
LATE = Counted(
    en=("{names} is still not live.", "{names} are still not live."),
    es=("El merge aún no está activo en {names}.", "El merge aún no está activo en {names}."),
)
LATE_NOTE = Phrase(
    en="The deployer has not brought it there. Still watching: this card changes when it arrives.",
    es="El deployer no lo ha llevado al cluster. El bot sigue mirando: esta tarjeta cambia cuando llegue.",
)
ROLLING_HEADER = Phrase(en="🚚 Merged, on its way: {names}", es="🚚 Merge en camino: {names}")
ROLLING = Phrase(
    en="{names}: merged, on its way to the cluster.", es="{names}: el merge está hecho y va en camino al cluster."
)
ROLLING_PARTLY = Phrase(
    en="{names}: merged, on its way to the cluster ({live} of {all} live).",
    es="{names}: el merge está hecho y va en camino al cluster (activo en {live} de {all}).",
)

WRITTEN_BY = Phrase(en=" by {author}", es=" de {author}")
MERGED_BY = Phrase(en=", merged by {who}", es=", fusionado por {who}")
APPROVED_BY = Phrase(en=", approved by {who}", es=", aprobado por {who}")
APPROVED_BY_NOBODY = Phrase(en=", approved by nobody", es=", aprobado por nadie")
MERGED_AT = Phrase(en=" · {branch} at {time}", es=" · {branch} a las {time}")

PART_LIVE = Phrase(
    en="{application} on {cluster}: live in {took}, at {time}",
    es="{application} en {cluster}: activo tras {took}, a las {time}",
)
PART_UNKNOWN = Phrase(
    en="{application} on {cluster}: unknown: {reason}", es="{application} en {cluster}: no se sabe: {reason}"
)
PART_MISSING = Phrase(
    en="{application} on {cluster}: not yet: {missing}", es="{application} en {cluster}: todavía no: {missing}"
)
PART_UNSEEN = Phrase(
    en="{application} on {cluster}: waiting for the first look",
    es="{application} en {cluster}: a la espera de la primera comprobación",
)
MORE_APPLICATIONS = Counted(
    en=("… and {n} more application.", "… and {n} more applications."),
    es=("… y {n} aplicación más.", "… y {n} aplicaciones más."),
)
