"""A rollout's card and what is told in its thread when it has ended."""

from bot.i18n.language import Phrase, PluralPhrase

TEXT = Phrase(en="{sentence} Merge {revision}: {title}.", es="{sentence} Merge {revision}: {title}.")

LIVE_HEADER = Phrase(en="✅ Live in {took}: {names}", es="✅ Activo tras {took}: {names}")
LIVE = Phrase(en="{names} went live in {took} after the merge.", es="El merge está activo en {names}: tardó {took}.")
SUPERSEDED_HEADER = Phrase(en="⏭️ Superseded: {names}", es="⏭️ Reemplazado: {names}")
SUPERSEDED = Phrase(
    en="{names} went live with a newer merge, {newer}.",
    es="Un merge más nuevo, {newer}, es el que está activo en {names}.",
)
LATE_HEADER = Phrase(en="⚠️ Not live: {names}", es="⚠️ Aún no activo: {names}")
LATE = PluralPhrase(
    en=("{names} is still not live.", "{names} are still not live."),
    es=("El merge aún no está activo en {names}.", "El merge aún no está activo en {names}."),
)
UNKNOWN_HEADER = Phrase(en="⚠️ Not known to be live: {names}", es="⚠️ No se sabe si está activo: {names}")
UNKNOWN = PluralPhrase(
    en=("{names} is not known to be live.", "{names} are not known to be live."),
    es=("No se sabe si el merge está activo en {names}.", "No se sabe si el merge está activo en {names}."),
)
UNKNOWN_NOTE = Phrase(
    en="The bot could not look there. Still watching: this card changes when it can.",
    es="El bot no pudo mirar ahí. Sigue intentándolo: esta tarjeta cambia cuando pueda.",
)
DEAD_NOTE = Phrase(
    en="It has arrived, and it does not run. Still watching: this card changes when it does.",
    es="Ha llegado, pero no funciona. El bot sigue mirando: esta tarjeta cambia cuando funcione.",
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

SEVERAL = PluralPhrase(
    en=("{n} merge, the last: {subject}", "{n} merges, the last: {subject}"),
    es=("{n} merge, el último: {subject}", "{n} merges, el último: {subject}"),
)
REWRITTEN = Phrase(en="History rewritten: {subject}", es="Historia reescrita: {subject}")
AUTHORS = Phrase(en="{authors}: {sentence}", es="{authors}: {sentence}")

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
PART_UNREADY = Phrase(
    en="{application} on {cluster}: arrived, not running: {missing}",
    es="{application} en {cluster}: ha llegado, pero no funciona: {missing}",
)
REMAINING = Phrase(
    en="{object} is gone from git and still in the cluster", es="{object} ya no está en git y sigue en el cluster"
)
READY = Phrase(en="{object} {ready} of {wanted} ready", es="{object} {ready} de {wanted} listos")
READY_BECAUSE = Phrase(
    en="{object} {ready} of {wanted} ready ({reason})", es="{object} {ready} de {wanted} listos ({reason})"
)
SAYS = Phrase(en=" · {deployer} says: {reason}", es=" · {deployer} dice: {reason}")
SAYS_MORE = Phrase(en=" · {deployer} says: {reason}: {message}", es=" · {deployer} dice: {reason}: {message}")
PART_UNSEEN = Phrase(
    en="{application} on {cluster}: waiting for the first look",
    es="{application} en {cluster}: a la espera de la primera comprobación",
)
ALL_LIVE = PluralPhrase(
    en=("{n} live: {names}", "{n} live: {names}"), es=("{n} activa: {names}", "{n} activas: {names}")
)
ALL_UNSEEN = PluralPhrase(
    en=("{n} waiting for the first look: {names}", "{n} waiting for the first look: {names}"),
    es=("{n} a la espera de la primera comprobación: {names}", "{n} a la espera de la primera comprobación: {names}"),
)
ALL_MISSING = PluralPhrase(
    en=("{n} not there yet: {names}", "{n} not there yet: {names}"),
    es=("{n} todavía no: {names}", "{n} todavía no: {names}"),
)
ALL_UNREADY = PluralPhrase(
    en=("{n} arrived and not running: {names}", "{n} arrived and not running: {names}"),
    es=("{n} ha llegado y no funciona: {names}", "{n} han llegado y no funcionan: {names}"),
)
ALL_UNKNOWN = PluralPhrase(
    en=("{n} unknown: {names}", "{n} unknown: {names}"), es=("{n} no se sabe: {names}", "{n} no se sabe: {names}")
)

CHANGES = Phrase(en="What changes in {names}: {counts}", es="Qué cambia en {names}: {counts}")
CHANGES_NOTHING = Phrase(
    en="What changes in {names}: nothing that the cluster would see",
    es="Qué cambia en {names}: nada que el cluster vaya a notar",
)
CHANGES_UNKNOWN = Phrase(
    en="What changes in {names} is unknown: {reason}", es="No se sabe qué cambia en {names}: {reason}"
)
MORE_CHANGES = PluralPhrase(
    en=("… and what changes in {n} more application.", "… and what changes in {n} more applications."),
    es=("… y lo que cambia en {n} aplicación más.", "… y lo que cambia en {n} aplicaciones más."),
)
REMOVED = PluralPhrase(
    en=("{n} object removed", "{n} objects removed"), es=("{n} objeto eliminado", "{n} objetos eliminados")
)
CHANGED = PluralPhrase(
    en=("{n} object changed", "{n} objects changed"), es=("{n} objeto cambia", "{n} objetos cambian")
)
ADDED = PluralPhrase(en=("{n} object added", "{n} objects added"), es=("{n} objeto nuevo", "{n} objetos nuevos"))
OBJECT_REMOVED = Phrase(en="{object} is removed", es="{object} se elimina")
OBJECT_ADDED = Phrase(en="{object} is added", es="{object} es nuevo")
FIELD_CHANGED = Phrase(en="{path}: {before} → {after}", es="{path}: {before} → {after}")
FIELD_ADDED = Phrase(en="{path}: added, {after}", es="{path}: nuevo, {after}")
FIELD_REMOVED = Phrase(en="{path}: removed, was {before}", es="{path}: eliminado, era {before}")
MORE_OBJECTS = PluralPhrase(
    en=("and {n} more object", "and {n} more objects"), es=("y {n} objeto más", "y {n} objetos más")
)
MORE_FIELDS = PluralPhrase(en=("and {n} more field", "and {n} more fields"), es=("y {n} campo más", "y {n} campos más"))
UNPINNED = Phrase(
    en="Images without a digest, which can come to mean another image: {images}",
    es="Imágenes sin digest, que pueden llegar a ser otra imagen: {images}",
)
FLOATING = Phrase(en="{image} (no fixed version)", es="{image} (sin versión fija)")

MORE_APPLICATIONS = PluralPhrase(
    en=("… and {n} more application.", "… and {n} more applications."),
    es=("… y {n} aplicación más.", "… y {n} aplicaciones más."),
)
