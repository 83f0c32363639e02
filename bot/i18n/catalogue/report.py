"""The delivery report: the DORA metrics, and what is waiting."""

from bot.i18n.language import Phrase, PluralPhrase

TITLE = PluralPhrase(en=("Last day", "Last {n} days"), es=("Último día", "Últimos {n} días"))
TITLE_OF = PluralPhrase(
    en=("{application}, last day", "{application}, last {n} days"),
    es=("{application}, último día", "{application}, últimos {n} días"),
)
DIGEST_TITLE = Phrase(en="Digest of the last 7 days", es="Resumen de los últimos 7 días")
SENTENCE = Phrase(
    en="{title}: {deployments}, {failures}, {incidents}.", es="{title}: {deployments}, {failures}, {incidents}."
)
EMPTY = Phrase(
    en="{title}: no merge went live, no drift was found and nothing needs attention.",
    es="{title}: no se desplegó ninguna fusión, no hubo drift y no hay nada pendiente.",
)

DEPLOYMENTS = PluralPhrase(en=("{n} deployment", "{n} deployments"), es=("{n} despliegue", "{n} despliegues"))
FAILED = PluralPhrase(en=("{n} failed", "{n} failed"), es=("{n} fallido", "{n} fallidos"))
INCIDENTS = PluralPhrase(
    en=("{n} drift incident", "{n} drift incidents"), es=("{n} incidente de drift", "{n} incidentes de drift")
)
UNKNOWN = PluralPhrase(en=("{n} unknown", "{n} unknown"), es=("{n} sin dato", "{n} sin dato"))
NO_DATA = Phrase(en="no data", es="sin datos")
A_DAY = Phrase(en="{number} a day", es="{number} al día")
P90 = Phrase(en="p90 {span}", es="p90 {span}")
FROM_COMMIT = Phrase(en="{span} from the first commit", es="{span} desde el primer commit")
FAILED_OF = Phrase(en="{failed} of {total} merges", es="{failed} de {total} fusiones")

DEPLOYMENT_FREQUENCY = Phrase(en="Deployments: {value}", es="Despliegues: {value}")
LEAD_TIME = Phrase(en="Lead time: {value}", es="Plazo de entrega: {value}")
FAILURE_RATE = Phrase(en="Change failure rate: {value}", es="Tasa de fallos de los cambios: {value}")
TIME_TO_ACKNOWLEDGE = Phrase(en="Time to acknowledge: {value}", es="Tiempo hasta atender: {value}")
RESTORE_DRIFT = Phrase(en="Time to restore (drift): {value}", es="Tiempo hasta restaurar (drift): {value}")
RESTORE_MERGES = Phrase(
    en="Time to restore (failed merges): {value}", es="Tiempo hasta restaurar (fusiones fallidas): {value}"
)
UP = Phrase(en=", up from {before}", es=", antes {before} (sube)")
DOWN = Phrase(en=", down from {before}", es=", antes {before} (baja)")
SAME = Phrase(en=", unchanged", es=", sin cambios")
NO_BEFORE = Phrase(en=", no earlier data", es=", antes sin datos")

APPLICATIONS = Phrase(en="Applications, worst first", es="Aplicaciones, las peores primero")
MORE_APPLICATIONS = PluralPhrase(en=("… and {n} more", "… and {n} more"), es=("… y {n} más", "… y {n} más"))
DRIFTED_BY = Phrase(en="Drift by tool", es="Drift por herramienta")
UNKNOWN_TOOL = Phrase(en="unknown", es="desconocida")
WAITING = Phrase(en="Needs attention", es="Pendiente")
NOTHING_WAITS = Phrase(en="Nothing needs attention.", es="No hay nada pendiente.")
WAITING_INCIDENT = Phrase(en="{where}: {fact}, since {time}", es="{where}: {fact}, desde {time}")
WAITING_REVERT = Phrase(en="{link} {title}: open since {time}", es="{link} {title}: abierto desde {time}")
NOT_LIVE = Phrase(
    en="{revision} {subject}: not live, merged {time}", es="{revision} {subject}: sin desplegar, fusionado: {time}"
)
MAY_BE_LIVE = Phrase(
    en="{revision} {subject}: rollout status unknown, merged {time}",
    es="{revision} {subject}: estado del rollout desconocido, fusionado: {time}",
)
DEGRADED = Phrase(
    en="{revision} {subject}: degraded, merged {time}", es="{revision} {subject}: degradado, fusionado: {time}"
)
MORE_WAITING = PluralPhrase(en=("… and {n} more", "… and {n} more"), es=("… y {n} más", "… y {n} más"))

CHART = Phrase(en="Merges and drift", es="Fusiones y drift")
CHART_LIVE = Phrase(en="Live", es="Desplegadas")
CHART_FAILED = Phrase(en="Failed", es="Fallidas")
CHART_DRIFT = Phrase(en="Drift incidents", es="Incidentes de drift")
CHART_BAR = Phrase(
    en="{day}: {live} live, {failed} failed, drift incidents: {drift}",
    es="{day}: {live} desplegadas, {failed} fallidas, incidentes de drift: {drift}",
)
CHART_ALT = Phrase(en="Bar chart of merges and drift. {bars}.", es="Gráfico de barras de fusiones y drift. {bars}.")
