"""A rollout's card, and the reply in its thread when the rollout ends or is late."""

from bot.i18n.language import Phrase, PluralPhrase

TEXT = Phrase(en="{sentence} Merged as {revision}: {title}.", es="{sentence} Fusionado como {revision}: {title}.")
TEXT_SEVERAL = Phrase(
    en="{sentence} {n} merges up to {revision}, latest: “{title}”.",
    es="{sentence} {n} fusiones hasta {revision}, la última: “{title}”.",
)
TEXT_REWRITTEN = Phrase(
    en="{sentence} History rewritten; the branch is now at {revision}: {title}.",
    es="{sentence} Historial reescrito; la rama está ahora en {revision}: {title}.",
)
TEXT_RETARGETED = Phrase(
    en="{sentence} New target revision {branch}, {revision}: {title}.",
    es="{sentence} Nueva revisión de destino {branch}, {revision}: {title}.",
)

LIVE_HEADER = Phrase(en="✅ Live in {took}: {names}", es="✅ Desplegado en {took}: {names}")
LIVE = Phrase(en="{names} went live {took} after the merge.", es="{names}: desplegado {took} después de la fusión.")
LIVE_RETARGETED = Phrase(
    en="{names} went live {took} after the target revision changed.",
    es="{names}: desplegado {took} después de cambiar la revisión de destino.",
)
SUPERSEDED_HEADER = Phrase(en="⏭️ Superseded: {names}", es="⏭️ Reemplazado: {names}")
SUPERSEDED = Phrase(
    en="{names} went live with a newer merge, {newer}.",
    es="{names}: desplegado con una fusión más reciente, {newer}.",
)
HEALTHY_AGAIN = Phrase(en=" Healthy again: {names}.", es=" Sano de nuevo: {names}.")
REVERTED_HEADER = Phrase(en="↩️ Reverted: {names}", es="↩️ Revertido: {names}")
REVERTED = Phrase(en="The change to {names} was reverted by {by}.", es="El cambio de {names} se revirtió con {by}.")
REVERTED_BY = Phrase(en=" · reverted by {change}", es=" · revertido con {change}")
DEGRADED_HEADER = Phrase(
    en="⚠️ Live, but degraded later: {names}{cause}", es="⚠️ Desplegado, pero degradado después: {names}{cause}"
)
DEGRADED = PluralPhrase(
    en=("{names} went live, but is now degraded{because}.", "{names} went live, but are now degraded{because}."),
    es=(
        "{names}: desplegado, pero ahora está degradado{because}.",
        "{names}: desplegados, pero ahora están degradados{because}.",
    ),
)
DEGRADED_NOTE = Phrase(en="Everything was healthy after the merge.", es="Todo estaba sano después de la fusión.")
PARTLY_LIVE_HEADER = Phrase(
    en="⚠️ Partly live ({live} of {all}), not live yet: {names}{cause}",
    es="⚠️ Desplegado en parte ({live} de {all}), falta: {names}{cause}",
)
PARTLY_LIVE = PluralPhrase(
    en=("{names} is still not live{because}.", "{names} are still not live{because}."),
    es=("{names} sigue sin desplegarse{because}.", "{names} siguen sin desplegarse{because}."),
)
PAUSED_HEADER = Phrase(en="⏸️ Paused: {names}{cause}", es="⏸️ En pausa: {names}{cause}")
PAUSED = PluralPhrase(
    en=("{names} is not live: its rollout is paused.", "{names} are not live: their rollouts are paused."),
    es=("{names} sin desplegar: su rollout está en pausa.", "{names} sin desplegar: sus rollouts están en pausa."),
)
PAUSED_NOTE = Phrase(
    en="The rollout continues when someone resumes it.", es="El rollout continúa cuando alguien lo reanude."
)
STUCK_HEADER = Phrase(en="⚠️ Stuck: {names}{cause}", es="⚠️ Bloqueado: {names}{cause}")
STUCK = PluralPhrase(
    en=("{names} is stuck{because}.", "{names} are stuck{because}."),
    es=("{names}: el rollout está bloqueado{because}.", "{names}: los rollouts están bloqueados{because}."),
)
TIMED_OUT_HEADER = Phrase(en="⚠️ Timed out: {names}{cause}", es="⚠️ Tiempo agotado: {names}{cause}")
TIMED_OUT = PluralPhrase(
    en=("The rollout of {names} timed out{because}.", "The rollouts of {names} timed out{because}."),
    es=(
        "{names}: tiempo agotado, sigue sin desplegarse{because}.",
        "{names}: tiempo agotado, siguen sin desplegarse{because}.",
    ),
)
CAUSE = Phrase(en="{name}: {reason}", es="{name}: {reason}")
HEADER_CAUSE = Phrase(en=" · {cause}", es=" · {cause}")
BECAUSE = Phrase(en=" ({cause})", es=" ({cause})")
IMAGE_PULL = Phrase(en="image cannot be pulled", es="no se puede descargar la imagen")
OOM_KILLED = Phrase(en="out of memory (OOMKilled)", es="sin memoria (OOMKilled)")
CRASH_LOOP = Phrase(en="container keeps crashing", es="el contenedor falla una y otra vez")
QUOTA = Phrase(en="quota exceeded", es="cuota superada")
ADMISSION = Phrase(en="denied by admission control", es="rechazado por el control de admisión")
UNSCHEDULABLE = Phrase(en="no node can run it", es="ningún nodo puede ejecutarlo")
HOOK_FAILED = Phrase(en="a hook failed", es="falló un hook")
DEPENDENCY = Phrase(en="a dependency is missing or not ready", es="una dependencia falta o no está lista")
PROBE = Phrase(en="running, but its probe fails", es="en ejecución, pero su sonda falla")
UNKNOWN_HEADER = Phrase(en="⚠️ Rollout status unknown: {names}", es="⚠️ Estado del rollout desconocido: {names}")
UNKNOWN = PluralPhrase(
    en=("The bot cannot tell whether {names} is live.", "The bot cannot tell whether {names} are live."),
    es=("El bot no puede saber si {names} está desplegada.", "El bot no puede saber si {names} están desplegadas."),
)
UNKNOWN_NOTE = Phrase(
    en="The bot keeps checking.",
    es="El bot sigue comprobando.",
)
LATE_NOTE = Phrase(en="The deployer has not applied the change yet.", es="El deployer todavía no aplicó el cambio.")
ROLLING_HEADER = Phrase(en="🚚 Merged, rolling out: {names}", es="🚚 Fusionado, desplegando: {names}")
ROLLING_RETARGETED_HEADER = Phrase(
    en="🚚 New target revision, rolling out: {names}", es="🚚 Nueva revisión de destino, desplegando: {names}"
)
ROLLING = Phrase(en="Rolling out to the cluster: {names}.", es="Desplegando en el clúster: {names}.")
ROLLING_PARTLY = Phrase(
    en="Rolling out to the cluster: {names} ({live} of {all} live).",
    es="Desplegando en el clúster: {names} ({live} de {all} desplegadas).",
)

SEVERAL = PluralPhrase(
    en=(
        "{n} merge, latest: {subject}",
        "{n} merges, latest: {subject}",
    ),
    es=(
        "{n} fusión, la última: {subject}",
        "{n} fusiones, la última: {subject}",
    ),
)
REWRITTEN = Phrase(en="History rewritten: {subject}", es="Historial reescrito: {subject}")
AUTHORS = Phrase(en="{authors}: {sentence}", es="{authors}: {sentence}")

MERGED_AT = Phrase(en=" · {branch} at {time}", es=" · {branch} a las {time}")

PART_LIVE = Phrase(
    en="{application} on {cluster}: live in {took}, at {time}",
    es="{application} en {cluster}: desplegada en {took}, a las {time}",
)
RECOVERED = Phrase(
    en=" · degraded at {time}, healthy again at {recovered}",
    es=" · degradada a las {time}, sana de nuevo a las {recovered}",
)
PART_DEGRADED = Phrase(
    en="{application} on {cluster}: live in {took}, degraded at {time}: {missing}",
    es="{application} en {cluster}: desplegada en {took}, degradada a las {time}: {missing}",
)
PART_UNKNOWN = Phrase(
    en="{application} on {cluster}: unknown. {reason}",
    es="{application} en {cluster}: estado desconocido. {reason}",
)
PART_MISSING = Phrase(
    en="{application} on {cluster} is not live yet: {missing}",
    es="{application} en {cluster} todavía no está desplegada: {missing}",
)
PART_UNREADY = Phrase(
    en="{application} on {cluster} was applied but is not ready: {missing}",
    es="{application} en {cluster} se aplicó, pero no está lista: {missing}",
)
REMAINING = Phrase(
    en="{object} was removed from git but is still in the cluster",
    es="{object} se eliminó de git pero sigue en el clúster",
)
READY = Phrase(en="{object}: {state}", es="{object}: {state}")
READY_BECAUSE = Phrase(en="{object}: {state} ({reason})", es="{object}: {state} ({reason})")
PODS = PluralPhrase(
    en=("{bar} {ready} of {n} pods", "{bar} {ready} of {n} pods"),
    es=("{bar} {ready} de {n} pod", "{bar} {ready} de {n} pods"),
)
SAYS = Phrase(en=" · {deployer} reports {reason}", es=" · {deployer} informa {reason}")
SAYS_MORE = Phrase(en=" · {deployer} reports {reason}: {message}", es=" · {deployer} informa {reason}: {message}")
WAITS = Phrase(en=" · {deployer} is {waits}", es=" · {deployer} {waits}")
PART_SUPERSEDED = Phrase(
    en="{application} on {cluster}: superseded by {newer}",
    es="{application} en {cluster}: reemplazada por {newer}",
)
PART_UNSEEN = Phrase(
    en="{application} on {cluster}: waiting for the first check",
    es="{application} en {cluster}: a la espera de la primera comprobación",
)
ALL_LIVE = PluralPhrase(
    en=("{n} live: {names}", "{n} live: {names}"), es=("{n} desplegada: {names}", "{n} desplegadas: {names}")
)
ALL_SUPERSEDED = PluralPhrase(
    en=("{n} superseded: {names}", "{n} superseded: {names}"),
    es=("{n} reemplazada: {names}", "{n} reemplazadas: {names}"),
)
ALL_DEGRADED = PluralPhrase(
    en=("{n} degraded: {names}", "{n} degraded: {names}"), es=("{n} degradada: {names}", "{n} degradadas: {names}")
)
ALL_UNSEEN = PluralPhrase(
    en=("{n} waiting for the first check: {names}", "{n} waiting for the first check: {names}"),
    es=("{n} a la espera de la primera comprobación: {names}", "{n} a la espera de la primera comprobación: {names}"),
)
ALL_MISSING = PluralPhrase(
    en=("{n} not live yet: {names}", "{n} not live yet: {names}"),
    es=("{n} todavía sin desplegar: {names}", "{n} todavía sin desplegar: {names}"),
)
ALL_UNREADY = PluralPhrase(
    en=("{n} applied, but not ready: {names}", "{n} applied, but not ready: {names}"),
    es=("{n} aplicada, pero no está lista: {names}", "{n} aplicadas, pero no están listas: {names}"),
)
ALL_UNKNOWN = PluralPhrase(
    en=("{n} unknown: {names}", "{n} unknown: {names}"), es=("{n} desconocida: {names}", "{n} desconocidas: {names}")
)

CHANGES = Phrase(en="Changes in {names}: {counts}", es="Cambios en {names}: {counts}")
CHANGES_NOTHING = Phrase(en="Changes in {names}: none", es="Cambios en {names}: ninguno")
CHANGES_UNKNOWN = Phrase(
    en="Changes in {names} are unknown: {reason}", es="No se conocen los cambios en {names}: {reason}"
)
BEFORE = Phrase(en="before this merge: {reason}", es="antes de este merge: {reason}")
MORE_CHANGES = PluralPhrase(
    en=("… and changes in {n} more application.", "… and changes in {n} more applications."),
    es=("… y cambios en {n} aplicación más.", "… y cambios en {n} aplicaciones más."),
)
REMOVED = PluralPhrase(
    en=("{n} object removed", "{n} objects removed"), es=("{n} objeto eliminado", "{n} objetos eliminados")
)
CHANGED = PluralPhrase(
    en=("{n} object changed", "{n} objects changed"), es=("{n} objeto cambiado", "{n} objetos cambiados")
)
ADDED = PluralPhrase(en=("{n} object added", "{n} objects added"), es=("{n} objeto agregado", "{n} objetos agregados"))
NOT_CHECKED = PluralPhrase(
    en=("{n} object not checked", "{n} objects not checked"),
    es=("{n} objeto sin comprobar", "{n} objetos sin comprobar"),
)
OBJECT_REMOVED = Phrase(en="{object} is removed", es="{object} se elimina")
OBJECT_ADDED = Phrase(en="{object} is added", es="{object} se agrega")
OBJECT_NOT_CHECKED = Phrase(
    en="{object} is not checked: the bot cannot render its content, which may change",
    es="{object} queda sin comprobar: el bot no puede renderizar su contenido, que puede cambiar",
)
NOT_NAMED = PluralPhrase(
    en=(
        "{n} object is not named, because it depends on values from a Secret",
        "{n} objects are not named, because they depend on values from a Secret",
    ),
    es=(
        "{n} objeto no se nombra, porque depende de valores de un Secret",
        "{n} objetos no se nombran, porque dependen de valores de un Secret",
    ),
)
FIELD_CHANGED = Phrase(en="{path}: {before} → {after}", es="{path}: {before} → {after}")
FIELD_ADDED = Phrase(en="{path}: added, {after}", es="{path}: agregado, {after}")
FIELD_REMOVED = Phrase(en="{path}: removed, was {before}", es="{path}: eliminado, era {before}")
MORE_OBJECTS = PluralPhrase(
    en=("and {n} more object", "and {n} more objects"), es=("y {n} objeto más", "y {n} objetos más")
)
MORE_FIELDS = PluralPhrase(en=("and {n} more field", "and {n} more fields"), es=("y {n} campo más", "y {n} campos más"))
UNPINNED = Phrase(
    en="Not pinned to a digest, so the image can change: {images}",
    es="Sin fijar a un digest, así que la imagen puede cambiar: {images}",
)
SEVERAL_DIGESTS = Phrase(
    en="Pods run {n} different images for {image}: {digests}",
    es="Los pods ejecutan {n} imágenes distintas de {image}: {digests}",
)
OTHER_DIGEST = Phrase(en="Pods run {digests} instead of {image}", es="Los pods ejecutan {digests} en lugar de {image}")
FLOATING = Phrase(en="{image} (no fixed version)", es="{image} (sin versión fija)")

MORE_APPLICATIONS = PluralPhrase(
    en=("… and {n} more application.", "… and {n} more applications."),
    es=("… y {n} aplicación más.", "… y {n} aplicaciones más."),
)
