"""The Home tab."""

from bot.i18n.language import Phrase, PluralPhrase

OPEN = PluralPhrase(
    en=("{mark} {n} open incident", "{mark} {n} open incidents"),
    es=("{mark} {n} incidente abierto", "{mark} {n} incidentes abiertos"),
)
ONLY_SNOOZED = PluralPhrase(
    en=("💤 {n} incident, snoozed by you", "💤 {n} incidents, snoozed by you"),
    es=("💤 {n} incidente, que pospusiste", "💤 {n} incidentes, que pospusiste"),
)
NONE_OPEN = Phrase(en="✅ No open incidents", es="✅ Sin incidentes abiertos")
YOURS = Phrase(en="Yours", es="Tuyos")
OTHERS = Phrase(en="Others", es="Otros")
TITLE = Phrase(en="{mark} {where}: {fact}", es="{mark} {where}: {fact}")
WHY_MANY = Phrase(
    en="{severity} · {names} · most severe in {worst}", es="{severity} · {names} · lo peor está en {worst}"
)
SINCE = Phrase(en="Since {time}", es="Desde {time}")
NOT_ACKNOWLEDGED = Phrase(en=" · not acknowledged", es=" · sin atender")
ACKNOWLEDGED = Phrase(en=" · acknowledged by {person}, {time}", es=" · atendido por {person}, {time}")
SNOOZED = Phrase(en=" · snoozed by {person} until {time}", es=" · pospuesto por {person} hasta {time}")
NOT_ALL = Phrase(en=" (only some applications)", es=" (solo algunas aplicaciones)")
MORE_OPEN = PluralPhrase(
    en=("… and {n} more. See /gitops status.", "… and {n} more. See /gitops status."),
    es=("… y {n} más. Mira /gitops status.", "… y {n} más. Mira /gitops status."),
)

APPLICATIONS = Phrase(en="Your applications", es="Tus aplicaciones")
ALL_APPLICATIONS = Phrase(en="Applications", es="Aplicaciones")
# By the value of a `HomeScope`.
RULES = {
    "owned": Phrase(
        en="You own these, directly or through a user group.",
        es="Eres responsable de estas, directamente o por un grupo de usuarios.",
    ),
    "changed": Phrase(
        en="You own no applications. You changed these in the last 7 days.",
        es="No eres responsable de ninguna aplicación. Cambiaste estas en los últimos 7 días.",
    ),
    "all": Phrase(
        en="Showing all applications, because you own none and changed none in the last 7 days.",
        es="Se muestran todas las aplicaciones, porque no eres responsable de ninguna y no cambiaste ninguna en los "
        "últimos 7 días.",
    ),
}
OWNERS_UNKNOWN = Phrase(
    en="Some owners are user groups, and the bot could not get their members from Slack. {reason}",
    es="Algunos responsables son grupos de usuarios, y el bot no pudo obtener sus miembros de Slack. {reason}",
)
DIFFERS = Phrase(en="{state}: {facts}", es="{state}: {facts}")
APPLICATION = Phrase(en="{mark} {name} · {state} · {cluster}", es="{mark} {name} · {state} · {cluster}")
MORE_APPLICATIONS = Phrase(en="… and {n} more: {states}.", es="… y {n} más: {states}.")

PULLS = Phrase(en="Your pull requests", es="Tus pull requests")
NO_PULL = Phrase(en="You requested none in the last 7 days.", es="No solicitaste ninguno en los últimos 7 días.")
PULL_STATES = {
    "open": Phrase(en="⏳ {link} {title} · open since {time}", es="⏳ {link} {title} · abierto desde {time}"),
    "moot": Phrase(
        en="⏳ {link} {title} · open since {time}; the drift is gone or has changed, so close it",
        es="⏳ {link} {title} · abierto desde {time}; el drift ya no existe o ha cambiado, ciérralo",
    ),
    "merged": Phrase(en="✅ {link} {title} · merged {time}", es="✅ {link} {title} · fusionado {time}"),
    "closed": Phrase(
        en="⛔ {link} {title} · closed {time} without merging", es="⛔ {link} {title} · cerrado {time} sin fusionar"
    ),
}
MORE_PULLS = PluralPhrase(en=("… and {n} more.", "… and {n} more."), es=("… y {n} más.", "… y {n} más."))

SNOOZES = Phrase(en="Your snoozes", es="Incidentes que pospusiste")
NO_SNOOZE = Phrase(en="You have no active snoozes.", es="No tienes nada pospuesto.")
SNOOZE = Phrase(en="💤 {where} · until {time}", es="💤 {where} · hasta {time}")

WEEK = Phrase(en="Last 7 days", es="Últimos 7 días")
INCIDENTS = Phrase(
    en="Incidents opened: {opened}, resolved: {resolved}", es="Incidentes abiertos: {opened}, resueltos: {resolved}"
)
ACKNOWLEDGE = Phrase(
    en="Median time to acknowledge (MTTA): {span}", es="Mediana del tiempo hasta atender (MTTA): {span}"
)
RESOLVE = Phrase(en="Median time to resolve (MTTR): {span}", es="Mediana del tiempo hasta resolver (MTTR): {span}")
NONE_ACKNOWLEDGED = Phrase(en="unknown, none acknowledged", es="desconocida, no se atendió ninguno")
NONE_RESOLVED = Phrase(en="unknown, none resolved", es="desconocida, no se resolvió ninguno")
MERGES = Phrase(
    en="Merges that went live: {n}, median time to go live: {span}",
    es="Fusiones desplegadas: {n}, mediana del tiempo hasta el despliegue: {span}",
)
NO_MERGE = Phrase(en="unknown", es="desconocida")
REVERTS = Phrase(
    en="Pull requests opened by the bot: {n}, merged: {merged}",
    es="Pull requests abiertos por el bot: {n}, fusionados: {merged}",
)
OBJECTS = PluralPhrase(en=("{n} object", "{n} objects"), es=("{n} objeto", "{n} objetos"))
IN_APPLICATIONS = PluralPhrase(
    en=("in {n} application", "in {n} applications"), es=("en {n} aplicación", "en {n} aplicaciones")
)
WATCHED = Phrase(en="Watched: {objects} {applications}", es="Bajo vigilancia: {objects} {applications}")
UNSEEN = PluralPhrase(
    en=("; object count unknown for {n} more", "; object count unknown for {n} more"),
    es=("; número de objetos desconocido en {n} más", "; número de objetos desconocido en {n} más"),
)
INCOMPLETE_WEEK = Phrase(
    en="There was too much activity to count all of it. These numbers cover only the most recent activity.",
    es="Hubo demasiada actividad para contarla toda. Estas cifras solo cubren la más reciente.",
)
AS_OF = Phrase(en="Updated {time}.", es="Actualizado: {time}.")
