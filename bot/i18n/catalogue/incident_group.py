"""The card that several incidents share."""

from bot.i18n.language import Phrase, PluralPhrase

APPLICATIONS = PluralPhrase(en=("{n} application", "{n} applications"), es=("{n} aplicación", "{n} aplicaciones"))
ON = Phrase(en="{applications} on {cluster}", es="{applications} en {cluster}")
OF = Phrase(en="{applications} from {repository}", es="{applications} de {repository}")
SOME_OF = Phrase(en="{n} of {applications}", es="{n} de {applications}")

OPEN = Phrase(
    en="{level} in {where} since {time}: {fact}. Affected: {names}.{tools}",
    es="{level} de {where} desde {time}: {fact}. Aplicaciones: {names}.{tools}",
)
FACT_IN = Phrase(en="{fact} (in {application})", es="{fact} (en {application})")
LEAD = Phrase(en="{severity} · {where}, drifting since {time}", es="{severity} · {where}, con drift desde {time}")
LINE = Phrase(en=" · {severity}: {facts}", es=" · {severity}: {facts}")
ACKNOWLEDGED = Phrase(en=" · acknowledged by {person}", es=" · atendido por {person}")
SNOOZED = Phrase(en=" · snoozed until {time}", es=" · pospuesto hasta {time}")
BLIND = Phrase(en=" · latest check incomplete", es=" · última comprobación incompleta")
GONE = Phrase(
    en=" · was no longer found, but the latest check was incomplete",
    es=" · dejó de encontrarse, pero la última comprobación quedó incompleta",
)
RESOLVED_LINE = Phrase(
    en=" · back in sync: {ending}",
    es=" · de nuevo en sincronía: {ending}",
)
UNWATCHED_LINE = Phrase(en=" · no longer watched", es=" · ya no se vigila")
MORE = PluralPhrase(
    en=(
        "… and {n} more application. See /gitops status.",
        "… and {n} more applications. See /gitops status.",
    ),
    es=("… y {n} aplicación más. Mira /gitops status.", "… y {n} aplicaciones más. Mira /gitops status."),
)
SHARED = Phrase(
    en="These applications drifted within two minutes of each other and share this card. The buttons apply to all of "
    "them.",
    es="El drift de estas aplicaciones empezó con menos de dos minutos de diferencia, y comparten esta tarjeta. Los "
    "botones valen para todas.",
)
RESOLVED = Phrase(
    en="Resolved: {where} ({names}), back in sync after {lasted}.",
    es="Resuelto: {where} ({names}), de nuevo en sincronía tras {lasted}.",
)
OVER = Phrase(
    en="Resolved or no longer watched after {lasted}: {where} ({names}).",
    es="Resuelto o ya sin vigilancia tras {lasted}: {where} ({names}).",
)
OVER_HEADER = Phrase(en="⚪ Resolved or no longer watched: {where}", es="⚪ Resuelto o ya sin vigilancia: {where}")
OVER_LEAD = Phrase(en="Ended {time}, after {lasted}.", es="Terminado {time}, tras {lasted}.")
RESOLVED_HEADER = Phrase(en="✅ Resolved: {where}", es="✅ Resuelto: {where}")
RESOLVED_LEAD = Phrase(en="Back in sync {time}, after {lasted}.", es="De nuevo en sincronía {time}, tras {lasted}.")
