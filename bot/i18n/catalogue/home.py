"""The Home tab."""

from bot.i18n.language import Phrase, PluralPhrase

OPEN = PluralPhrase(
    en=("{mark} {n} open incident", "{mark} {n} open incidents"),
    es=("{mark} {n} incidente abierto", "{mark} {n} incidentes abiertos"),
)
NONE_OPEN = Phrase(en="✅ No open incident", es="✅ Ningún incidente abierto")
YOURS = Phrase(en="Yours", es="Propios")
OTHERS = Phrase(en="Of others", es="Los demás")
TITLE = Phrase(en="{mark} {level}: {where}", es="{mark} {level}: {where}")
WHY = Phrase(en="{reason}; {summary}.", es="{reason}; {summary}.")
WHY_MANY = Phrase(en="{names}. The worst, in {worst}: {reason}.", es="{names}. Lo peor, en {worst}: {reason}.")
SINCE = Phrase(en="Since {time}", es="Desde {time}")
NOBODY_HAS_IT = Phrase(en=" · nobody has it", es=" · nadie lo atiende")
HAS_IT = Phrase(en=" · {person} has it, since {time}", es=" · {person} lo atiende, desde {time}")
SNOOZED = Phrase(en=" · snoozed by {person} until {time}", es=" · pospuesto por {person} hasta {time}")
NOT_ALL = Phrase(en=" · not of all", es=" · no de todas")
MORE_OPEN = PluralPhrase(
    en=("… and {n} more; /gitops status has all.", "… and {n} more; /gitops status has all."),
    es=("… y {n} más; todo, con /gitops status.", "… y {n} más; todo, con /gitops status."),
)

APPLICATIONS = Phrase(en="Your applications", es="Aplicaciones propias")
ALL_APPLICATIONS = Phrase(en="Applications", es="Aplicaciones")
# By the value of a `HomeScope`.
RULES = {
    "owned": Phrase(
        en="The configuration names you, or a group of yours, as owner.",
        es="La configuración nombra como dueño a quien mira, o a un grupo suyo.",
    ),
    "changed": Phrase(
        en="You changed them in the last 7 days; none names you as owner.",
        es="Cambiadas por quien mira en los últimos 7 días; no es dueño de ninguna.",
    ),
    "all": Phrase(
        en="All of them: none names you as owner, and you changed none in the last 7 days.",
        es="Todas: quien mira no es dueño de ninguna ni cambió ninguna en los últimos 7 días.",
    ),
}
OWNERS_UNKNOWN = Phrase(
    en="Some owners are user groups, and who is in them is not known: {reason}",
    es="Algunos dueños son grupos de usuarios, y no se sabe quiénes los forman: {reason}",
)
DIFFERS = Phrase(en="{state}: {objects}", es="{state}: {objects}")
APPLICATION = Phrase(en="{mark} {name} · {state} · {cluster}", es="{mark} {name} · {state} · {cluster}")
MORE_APPLICATIONS = Phrase(en="… and {n} more: {states}.", es="… y {n} más: {states}.")

PULLS = Phrase(en="Your pull requests", es="Pull requests propios")
NO_PULL = Phrase(en="You asked for none in the last 7 days.", es="Ninguno pedido en los últimos 7 días.")
PULL_STATES = {
    "open": Phrase(
        en="⏳ {link} {title} · open since {time}, to be merged",
        es="⏳ {link} {title} · abierto desde {time}, sin merge",
    ),
    "merged": Phrase(en="✅ {link} {title} · merged, {time}", es="✅ {link} {title} · fusionado, {time}"),
    "closed": Phrase(
        en="⛔ {link} {title} · closed without a merge, {time}", es="⛔ {link} {title} · cerrado sin merge, {time}"
    ),
}
MORE_PULLS = PluralPhrase(en=("… and {n} more.", "… and {n} more."), es=("… y {n} más.", "… y {n} más."))

SNOOZES = Phrase(en="Your snoozes", es="Pospuestos")
NO_SNOOZE = Phrase(en="You have snoozed nothing.", es="Nada pospuesto.")
SNOOZE = Phrase(en="💤 {where} · until {time}", es="💤 {where} · hasta {time}")
WAKE = Phrase(en="Wake", es="Despertar")

WEEK = Phrase(en="The last 7 days", es="Los últimos 7 días")
INCIDENTS = Phrase(
    en="Incidents opened: {opened}, resolved: {resolved}", es="Incidentes abiertos: {opened}, resueltos: {resolved}"
)
ACKNOWLEDGE = Phrase(
    en="Median time to acknowledge (MTTA): {span}", es="Mediana del tiempo hasta atender (MTTA): {span}"
)
RESOLVE = Phrase(en="Median time to resolve (MTTR): {span}", es="Mediana del tiempo hasta resolver (MTTR): {span}")
NONE_TAKEN = Phrase(en="unknown, none was acknowledged", es="no se sabe, no se atendió ninguno")
NONE_RESOLVED = Phrase(en="unknown, none was resolved", es="no se sabe, no se resolvió ninguno")
MERGES = Phrase(en="Merges live: {n}, median time {span}", es="Merges activos: {n}, mediana del tiempo {span}")
NO_MERGE = Phrase(en="unknown", es="desconocida")
REVERTS = Phrase(
    en="Pull requests asked for: {n}, merged: {merged}", es="Pull requests pedidos: {n}, fusionados: {merged}"
)
OBJECTS = PluralPhrase(en=("{n} object", "{n} objects"), es=("{n} objeto", "{n} objetos"))
IN_APPLICATIONS = PluralPhrase(
    en=("in {n} application", "in {n} applications"), es=("en {n} aplicación", "en {n} aplicaciones")
)
WATCHED = Phrase(en="Watched: {objects} {applications}", es="Bajo vigilancia: {objects} {applications}")
UNSEEN = PluralPhrase(
    en=("; how many in {n} more is unknown", "; how many in {n} more is unknown"),
    es=("; no se sabe cuántos en {n} más", "; no se sabe cuántos en {n} más"),
)
NOT_WHOLE = Phrase(
    en="So much happened that only the latest of it is counted.",
    es="Pasaron tantas cosas que solo se cuentan las últimas.",
)
AS_OF = Phrase(en="As of {time}.", es="Actualizado: {time}.")
