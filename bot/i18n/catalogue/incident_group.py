"""The card that many incidents share."""

from bot.i18n.language import Phrase, PluralPhrase

APPLICATIONS = PluralPhrase(en=("{n} application", "{n} applications"), es=("{n} aplicación", "{n} aplicaciones"))
ON = Phrase(en="{applications} on {cluster}", es="{applications} en {cluster}")
OF = Phrase(en="{applications} of {repository}", es="{applications} de {repository}")
SOME_OF = Phrase(en="{n} of {applications}", es="{n} de {applications}")

OPEN = Phrase(
    en="{level} in {where} since {time}: {names}. The worst, in {worst}: {reason}.",
    es="{level} de {where} desde las {time}: {names}. Lo peor, en {worst}: {reason}.",
)
LEAD = Phrase(
    en="{where}, first seen {time}. The worst, in {worst}: {reason}.",
    es="{where}; visto por primera vez: {time}. Lo peor, en {worst}: {reason}.",
)
TOOLS = Phrase(en="Last written by {tools}.", es="Último en escribir: {tools}.")
LINE = Phrase(
    en=" · {level}: {reason}",
    es=" · {level}: {reason}",
)
ACKNOWLEDGED = Phrase(en=" · {person} has it", es=" · lo atiende {person}")
SNOOZED = Phrase(en=" · snoozed until {time}", es=" · pospuesto hasta {time}")
BLIND = Phrase(en=" · the latest look could not see everything", es=" · la última comprobación no pudo verlo todo")
RESOLVED_LINE = Phrase(
    en=" · back in sync: {ending}",
    es=" · en sincronía: {ending}",
)
UNWATCHED_LINE = Phrase(en=" · not watched any more", es=" · ya no se vigila")
MORE = PluralPhrase(
    en=("… and {n} more application; /gitops status has all.", "… and {n} more applications; /gitops status has all."),
    es=("… y {n} aplicación más; todas, con /gitops status.", "… y {n} aplicaciones más; todas, con /gitops status."),
)
SHARED = Phrase(
    en="They drifted within two minutes of each other and share this card; the buttons are for all of them.",
    es="Empezaron con menos de dos minutos entre sí y comparten esta tarjeta; los botones valen para todas.",
)
RESOLVED = Phrase(
    en="Resolved: {where} are back in sync after {lasted}: {names}.",
    es="Resuelto: {where} vuelven a coincidir con git tras {lasted}: {names}.",
)
OVER = Phrase(
    en="Over: {where}, after {lasted}: {names}.",
    es="Terminado: {where}, tras {lasted}: {names}.",
)
OVER_HEADER = Phrase(en="⚪ Over: {where}", es="⚪ Terminado: {where}")
OVER_LEAD = Phrase(en="Over after {lasted}, {time}.", es="Terminado tras {lasted}, {time}.")
RESOLVED_HEADER = Phrase(en="✅ Resolved: {where}", es="✅ Resuelto: {where}")
RESOLVED_LEAD = Phrase(
    en="Back in sync after {lasted}, {time}.", es="Vuelven a coincidir con git tras {lasted}, {time}."
)
