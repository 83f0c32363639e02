"""The answer to `/gitops status`."""

from bot.i18n.language import Phrase, PluralPhrase

NO_APPLICATION = Phrase(
    en="No applications are configured yet. Add one under applications in the configuration.",
    es="Todavía no hay aplicaciones configuradas. Agrega una en applications, en la configuración.",
)
DISCOVERING = Phrase(
    en="The bot is discovering applications. Try again in a minute.",
    es="El bot está descubriendo aplicaciones. Vuelve a intentarlo en un minuto.",
)
STILL_DISCOVERING = Phrase(
    en="The bot is still discovering applications, so this list is not complete yet.",
    es="El bot todavía está descubriendo aplicaciones, así que esta lista aún no está completa.",
)
NOT_CHECKED = Phrase(
    en="No replica of the bot is checking cluster {cluster} at the moment.",
    es="Ninguna réplica del bot comprueba el clúster {cluster} en este momento.",
)
OVERVIEW = PluralPhrase(
    en=("{n} application: {states}.", "{n} applications: {states}."),
    es=("{n} aplicación: {states}.", "{n} aplicaciones: {states}."),
)
OVERVIEW_UNHEALTHY = PluralPhrase(
    en=("{n} application: {states}; {unhealthy} not healthy.", "{n} applications: {states}; {unhealthy} not healthy."),
    es=(
        "{n} aplicación: {states}; {unhealthy} con problemas de salud.",
        "{n} aplicaciones: {states}; {unhealthy} con problemas de salud.",
    ),
)
OUT_OF_SYNC = PluralPhrase(
    en=("{n} out of sync", "{n} out of sync"), es=("{n} fuera de sincronía", "{n} fuera de sincronía")
)
UNKNOWN = PluralPhrase(en=("{n} unknown", "{n} unknown"), es=("{n} desconocida", "{n} desconocidas"))
SYNCED = PluralPhrase(en=("{n} synced", "{n} synced"), es=("{n} en sincronía", "{n} en sincronía"))
UNCHECKED = PluralPhrase(
    en=("{n} not checked yet", "{n} not checked yet"), es=("{n} sin comprobar todavía", "{n} sin comprobar todavía")
)

IS_OUT_OF_SYNC = Phrase(en="out of sync", es="fuera de sincronía")
IS_UNKNOWN = Phrase(en="unknown", es="desconocida")
IS_UNCHECKED = Phrase(en="not checked yet", es="sin comprobar todavía")
IS_SYNCED = Phrase(en="synced", es="en sincronía")
APPLICATION = Phrase(en="Application", es="Aplicación")
STATE = Phrase(en="Status", es="Estado")
LINE = Phrase(en="{mark} {name} · {state}", es="{mark} {name} · {state}")
AT_REVISION = Phrase(en=" · git {revision}", es=" · git {revision}")
AT_CHART = Phrase(en=" · chart {chart}", es=" · chart {chart}")
IN_NAMESPACE = Phrase(en=" · in namespace {namespace}", es=" · en el namespace {namespace}")
CHECKED = Phrase(en=" · checked {time}", es=" · comprobado {time}")
LAST_COMPLETE = Phrase(en="Last complete check: {time}.", es="Última comprobación completa: {time}.")
STATE_DRIFT = Phrase(en="{state}: {facts}", es="{state}: {facts}")
# Health statuses are Argo CD's terms, so they are not translated.
UNREADY = Phrase(en="{object} {health}", es="{object} {health}")
UNREADY_BECAUSE = Phrase(en="{object} {health}: {details}", es="{object} {health}: {details}")
PODS_READY = PluralPhrase(
    en=("{ready} of {n} pods ready", "{ready} of {n} pods ready"),
    es=("{ready} de {n} pod listo", "{ready} de {n} pods listos"),
)
AND_MORE = Phrase(en="{objects}; and {n} more", es="{objects}; y {n} más")
ARRIVING = Phrase(en=" · {revision} is rolling out", es=" · {revision} se está desplegando")
MORE_APPLICATIONS = PluralPhrase(
    en=("… and {n} more application.", "… and {n} more applications."),
    es=("… y {n} aplicación más.", "… y {n} aplicaciones más."),
)

LEFT_OUT = PluralPhrase(en=("{n} not watched", "{n} not watched"), es=("{n} sin vigilar", "{n} sin vigilar"))
NOT_FOLLOWED = PluralPhrase(
    en=(
        "{n} discovered application is not watched:",
        "{n} discovered applications are not watched:",
    ),
    es=(
        "{n} aplicación descubierta no se vigila:",
        "{n} aplicaciones descubiertas no se vigilan:",
    ),
)
NOT_FOLLOWED_GROUP = PluralPhrase(
    en=("❔ {kind} {resources}: {reason}", "❔ {n} {kind} ({resources}): {reason}"),
    es=("❔ {kind} {resources}: {reason}", "❔ {n} {kind} ({resources}): {reason}"),
)
MORE_NOT_FOLLOWED = PluralPhrase(
    en=("… and {n} more reason.", "… and {n} more reasons."), es=("… y {n} motivo más.", "… y {n} motivos más.")
)

PULLS = Phrase(en="Open pull requests in {repositories}:", es="Pull requests abiertos en {repositories}:")
PULLS_OF = Phrase(
    en="Open pull requests that change {application}:", es="Pull requests abiertos que cambian {application}:"
)
PULL = Phrase(en="{link} {title} · by {author}", es="{link} {title} · de {author}")
MORE_PULLS = PluralPhrase(
    en=("… and {n} more pull request.", "… and {n} more pull requests."),
    es=("… y {n} pull request más.", "… y {n} pull requests más."),
)
MORE_OUTAGES = PluralPhrase(
    en=("… and {n} more problem.", "… and {n} more problems."), es=("… y {n} problema más.", "… y {n} problemas más.")
)
MORE_NOTES = PluralPhrase(
    en=("… and {n} more note.", "… and {n} more notes."), es=("… y {n} nota más.", "… y {n} notas más.")
)
PULLS_UNKNOWN = Phrase(
    en="{repository}: open pull requests unknown. {reason}",
    es="{repository}: no se sabe qué pull requests están abiertos. {reason}",
)
